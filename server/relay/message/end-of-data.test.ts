import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import { RelayStream } from './end-of-data.ts';

type Heard = { readonly messages: string[]; readonly commands: string[] };

/** Tells a message of the library once it has ended. */
function readTheirs(stream: SMTPStream, told: (message: string) => void): void {
  const data = stream.startDataMode();
  const parts: Buffer[] = [];
  data.on('data', (chunk: Buffer) => parts.push(chunk));
  data.on('end', () => told(`${Buffer.concat(parts).toString('latin1')}|${data.byteLength}`));
}

/** The same of ours, which holds so many bytes in memory. */
async function readOurs(stream: RelayStream, memoryBytes: number, told: (message: string) => void): Promise<void> {
  const incoming = stream.receive(memoryBytes);
  const { bytes, isWhole } = await incoming.readBeginning();
  const parts = [bytes];
  if (!isWhole) for await (const chunk of incoming.rest) parts.push(chunk as Buffer);
  await incoming.over();
  assert.equal(isWhole, Buffer.concat(parts).length <= memoryBytes);
  told(`${Buffer.concat(parts).toString('latin1')}|${stream.dataBytes}`);
}

/** Each answer comes on a later turn, or all that can be are there at once. */
type Pace = 'later' | 'at once';

/** Feeds a stream as a socket would, in DATA from the first byte on; further DATA commands begin further messages. */
async function feed(
  stream: SMTPStream,
  chunks: readonly Buffer[],
  { begin, pace }: { readonly begin: (told: (message: string) => void) => void; readonly pace: Pace },
): Promise<Heard> {
  const heard: Heard = { messages: [], commands: [] };
  const told = (message: string) => {
    heard.messages.push(message);
    stream.continue();
  };
  stream.oncommand = (command, done) => {
    heard.commands.push(command.toString('latin1'));
    if (command.toString() === 'DATA') begin(told);
    if (done === undefined) return;
    if (pace === 'later') setImmediate(done);
    else done();
  };
  begin(told);
  for (const chunk of chunks) await new Promise<void>((resolve) => stream.write(chunk, () => resolve()));
  // The ends of the messages are told on later turns.
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  return heard;
}

const HELD_BYTES = [1_000_000, 4];

async function assertSame(chunks: readonly Buffer[]): Promise<void> {
  const their = new SMTPStream();
  const theirs = await feed(their, chunks, { begin: (told) => readTheirs(their, told), pace: 'later' });
  const what = JSON.stringify(chunks.map((chunk) => chunk.toString('latin1')));
  for (const [index, heldBytes] of HELD_BYTES.entries()) {
    const our = new RelayStream();
    const begin = (told: (message: string) => void) => void readOurs(our, heldBytes, told);
    const ours = await feed(our, chunks, { begin, pace: index === 0 ? 'at once' : 'later' });
    assert.deepEqual(ours, theirs, `holding ${heldBytes}: ${what}`);
  }
}

const MESSAGES = [
  'Subject: a\r\n\r\nplain\r\n.\r\n',
  '.\r\nNOOP\r\n',
  '..\r\n.\r\nNOOP\r\n',
  '..\r\n..\r\n\r\n..dot\r\n.\r\n',
  '\r\n.\r\nDATA\r\nsecond\r\n.\r\nNOOP\r\n',
  '\n.\r\nMAIL FROM:<a@b.example>\r\n.\r\n',
  '\n..\r\n.\r\n',
  'a\n.\n..\n.\r\nb\r.\r\nc\r\n.\rd\r\n.\r\nQUIT\r\n',
  'a\r\n.\n.\r\n..\r\n...\r\n\r\n.\r\n',
  'x\r\r\n.\r\r\n.\r\n.\r\nRSET\r\n',
  '....\r\n..\r\n.\0\r\n\r\n\0.\r\n.\r\n',
];

for (const message of MESSAGES) {
  test(`the end of ${JSON.stringify(message)} is found as by the library, wherever it is cut`, async () => {
    const bytes = Buffer.from(message, 'latin1');
    await assertSame([bytes]);
    await assertSame([...bytes].map((byte) => Buffer.of(byte)));
    for (let first = 1; first < bytes.length; first++) {
      await assertSame([bytes.subarray(0, first), bytes.subarray(first)]);
      for (let second = first + 1; second < bytes.length; second++) {
        await assertSame([bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]);
      }
    }
  });
}

test('the end of random messages of dots and line ends is found as by the library', async () => {
  const piece = fc.constantFrom('.', '..', '\r', '\n', '\r\n', '\r\n.', '\r\n.\r\n', 'a', '\0', '\n.\r\n');
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 30 }),
      fc.array(fc.nat(40), { maxLength: 6 }),
      async (parts, cuts) => {
        const bytes = Buffer.from(`${parts.join('')}\r\n.\r\nNOOP\r\n`, 'latin1');
        const places = [...new Set(cuts.filter((cut) => cut < bytes.length))].sort((left, right) => left - right);
        await assertSame([0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length)));
      },
    ),
    { numRuns: 1500 },
  );
});

test('a large message comes through whole', async () => {
  const line = `${'x'.repeat(70)}\r\n`;
  const bytes = Buffer.from(`${`${line}..${line}`.repeat(20_000)}.\r\nNOOP\r\n`);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 65_536) chunks.push(bytes.subarray(at, at + 65_536));
  await assertSame(chunks);
});
