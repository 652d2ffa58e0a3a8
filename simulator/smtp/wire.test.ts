import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type Content, IdleTimeout, Wire } from './wire.ts';

const MAX_BYTES = 1_000_000;

const server = createServer({ noDelay: true });
const clients: Socket[] = [];

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

after(async () => {
  for (const client of clients) client.destroy();
  server.close();
  await once(server, 'close');
});

async function openWire(idleMs = 5000): Promise<{ wire: Wire; client: Socket; arrive: (bytes: Buffer) => void }> {
  const arrived = once(server, 'connection') as Promise<[Socket]>;
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay(true);
  client.on('error', () => undefined); // each test looks at what the server saw
  clients.push(client);
  const [socket] = await arrived;
  // Given to the listeners as if it had come in just this piece, which TCP does not promise.
  return { wire: new Wire(socket, () => idleMs), client, arrive: (bytes) => void socket.emit('data', bytes) };
}

async function read(
  bytes: Buffer,
  cutAt: readonly number[],
  maxBytes = MAX_BYTES,
): Promise<{ content: Content; rest: string }> {
  const { wire, client, arrive } = await openWire();
  const reading = wire.readContent({ maxBytes });
  let from = 0;
  for (const at of [...cutAt, bytes.length]) {
    if (at > from) arrive(bytes.subarray(from, at));
    await new Promise((resolve) => setImmediate(resolve));
    from = at;
  }
  const content = await reading;
  arrive(Buffer.from('\r\n'));
  const line = await wire.readLine(1000);
  client.destroy();
  wire.lose('close');
  return { content, rest: line.kind === 'line' ? line.text : line.kind };
}

const CASES: Readonly<Record<string, { wire: string; content: string }>> = {
  'an empty message': { wire: '.\r\n', content: '' },
  'an ordinary message': { wire: 'A: b\r\n\r\ntext\r\n.\r\n', content: 'A: b\r\n\r\ntext\r\n' },
  'stuffed dots': { wire: '..\r\n...\r\na.b\r\n..c\r\n.\r\n', content: '.\r\n..\r\na.b\r\n.c\r\n' },
  'ends that are none': {
    wire: 'a\n.\nb\n.\r\nc\r\n.\nd\r.\re\r\n.\rf\r\n.\0\r\n.\r\n',
    content: 'a\n.\nb\n.\r\nc\r\n\nd\r.\re\r\n\rf\r\n\0\r\n',
  },
};
for (const [name, { wire, content }] of Object.entries(CASES)) {
  test(`${name} is read the same wherever it is cut in two or three, and what follows is left`, async () => {
    const bytes = Buffer.from(`${wire}NEXT`, 'latin1');
    const cuts: number[][] = [[]];
    for (let first = 0; first <= bytes.length; first += 1) {
      cuts.push([first], [first, Math.min(first + 1, bytes.length)], [first, Math.min(first + 3, bytes.length)]);
    }
    for (const cut of cuts) {
      const { content: got, rest } = await read(bytes, cut);
      assert.equal(
        got.kind === 'content' ? got.bytes.toString('latin1') : got.kind,
        content,
        `cut at ${cut.join(', ')}`,
      );
      assert.equal(rest, 'NEXT', `cut at ${cut.join(', ')}`);
    }
  });
}

test('content of the limit is kept, one byte more is read to its end and thrown away', async () => {
  const message = `${'x'.repeat(98)}\r\n`;
  const fits = await read(Buffer.from(`${message}.\r\nNEXT`), [40], message.length);
  assert.equal(fits.content.kind, 'content');
  const large = await read(Buffer.from(`x${message}.\r\nNEXT`), [40], message.length);
  assert.deepEqual(large.content, { kind: 'too-large', size: message.length + 1 });
  assert.equal(large.rest, 'NEXT');
});

test('a large message comes through a real socket whole', async () => {
  const { wire, client } = await openWire();
  const line = `.${'0123456789'.repeat(7)}\r\n`;
  const message = line.repeat(60_000);
  const reading = wire.readContent({ maxBytes: 10_000_000 });
  client.write(`${message.replaceAll('\r\n.', '\r\n..').replace(/^\./, '..')}.\r\n`);
  const content = await reading;
  assert.ok(content.kind === 'content' && content.bytes.equals(Buffer.from(message)));
  wire.lose('close');
});

test('a client that goes away in the middle is gone, and one that is silent runs out of time', async () => {
  const leaving = await openWire();
  const reading = leaving.wire.readContent({ maxBytes: MAX_BYTES });
  leaving.client.end('half a mess');
  assert.deepEqual(await reading, { kind: 'gone' });
  const silent = await openWire(50);
  await assert.rejects(silent.wire.readLine(1000), IdleTimeout);
  silent.wire.lose('close');
});

test('a line of the limit is read, and one byte more is too long', async () => {
  const { wire, client } = await openWire();
  client.write(`${'a'.repeat(9)}\r\n${'b'.repeat(10)}\r\n`);
  assert.deepEqual(await wire.readLine(10), { kind: 'line', text: 'aaaaaaaaa' });
  assert.deepEqual(await wire.readLine(10), { kind: 'too-long' });
  wire.lose('close');
});
