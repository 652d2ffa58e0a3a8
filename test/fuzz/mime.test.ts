/** Mutated and hostile messages: the doors of protocols/mime agree with each other and with other readers, and stay small. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ChunkedPassthrough } from '@zone-eu/mailsplit';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { mimeLimits } from '../../server/protocols/limits.ts';
import { BoundarySplitter } from '../../server/protocols/mime/boundary-splitter.ts';
import { MimeRefused } from '../../server/protocols/mime/refusal.ts';
import { MessageScanner } from '../../server/protocols/mime/scan.ts';
import { readMessage, splitMessage } from '../../server/protocols/mime/split.ts';
import { decodeTransfer, transferDecoder } from '../../server/protocols/mime/transfer-encoding.ts';

const corpus = new URL('../corpus/mime/', import.meta.url);
const messages = ['own/', 'mail-parser/rfc/', 'mail-parser/malformed/', 'mail-parser/thirdparty/'].flatMap((folder) =>
  readdirSync(new URL(folder, corpus)).flatMap((name) =>
    name.endsWith('.eml') ? [{ name: folder + name, raw: readFileSync(new URL(folder + name, corpus)) }] : [],
  ),
);

const digest = (bytes: Buffer | Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

type Found = readonly string[] | { readonly refused: string };

async function inMemory(raw: Buffer): Promise<Found> {
  try {
    const { leaves } = await readMessage(raw);
    return leaves.map((leaf) => `${leaf.path} ${leaf.declaredType} ${leaf.fileName ?? ''} ${digest(leaf.decode())}`);
  } catch (error) {
    return refusalOf(error);
  }
}

async function asStream(raw: Buffer, chunkBytes: number): Promise<Found> {
  const found: string[] = [];
  try {
    for await (const item of splitMessage(chunksOf(raw, chunkBytes))) {
      if (item.kind === 'head') continue;
      const { leaf } = item;
      found.push(`${leaf.path} ${leaf.declaredType} ${leaf.fileName ?? ''} ${digest(await bytesOf(item.content))}`);
    }
    return found;
  } catch (error) {
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): Found {
  assert.ok(error instanceof MimeRefused, String(error));
  return { refused: error.limit };
}

async function* chunksOf(raw: Buffer, chunkBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < raw.length; at += chunkBytes) yield raw.subarray(at, at + chunkBytes);
}

async function bytesOf(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The raw bodies as mailsplit's own stream cuts them, with the same rules for delimiters. */
async function byStockStream(raw: Buffer): Promise<readonly string[]> {
  const bodies = new Map<object, Buffer[]>();
  const stream = Readable.from([raw]).pipe(new ChunkedPassthrough()).pipe(new BoundarySplitter());
  for await (const chunk of stream) {
    if (chunk.type === 'node') {
      if (!chunk.multipart) bodies.set(chunk, []);
    } else if (chunk.type === 'body') bodies.get(chunk.node)?.push(chunk.value);
  }
  return digestsOf(bodies.values());
}

test('a message read whole and in chunks of any size gives the same leaves', async () => {
  for (const { name, raw } of messages) {
    const expected = await inMemory(raw);
    for (const chunkBytes of [1, 2, 61, 1000, 70_000]) {
      assert.deepEqual(await asStream(raw, chunkBytes), expected, `${name} in chunks of ${chunkBytes}`);
    }
  }
});

test('the bodies are those that the stream of mailsplit finds', async () => {
  for (const { name, raw } of messages) {
    assert.deepEqual(rawBodies(raw), await byStockStream(raw), name);
  }
});

/** Our own cut of the raw bodies: embedded messages closed, nothing decoded. */
function rawBodies(raw: Buffer): readonly string[] {
  const bodies: { readonly isLeaf: boolean; readonly pieces: Buffer[] }[] = [];
  const scanner = new MessageScanner({ parts: 0, headerBytes: 0 }, (event) => {
    if (event.kind === 'part') bodies.push({ isLeaf: !event.node.multipart, pieces: [] });
    else bodies.at(-1)?.pieces.push(event.bytes);
  });
  scanner.feed(raw);
  scanner.finish();
  return digestsOf(bodies.flatMap(({ isLeaf, pieces }) => (isLeaf ? [pieces] : [])));
}

/** Empty bodies are left out: the stream also names parts that end before their header does. */
function digestsOf(bodies: Iterable<readonly Buffer[]>): readonly string[] {
  const whole = [...bodies].map((pieces) => Buffer.concat(pieces));
  return whole.flatMap((body) => (body.length > 0 ? [digest(body)] : [])).sort();
}

/** postal-mime reads bodies that are not base64 as lines of text: it changes line ends and adds one. */
const lineEndsAside = (bytes: Buffer): string =>
  digest(Buffer.from(bytes.toString('latin1').replace(/\r\n/g, '\n').trimEnd()));

test('every file that postal-mime finds is found, byte for byte apart from line ends', async () => {
  let compared = 0;
  for (const { name, raw } of messages) {
    const parsed = await PostalMime.parse(raw);
    const ours = new Set((await readMessage(raw)).leaves.map((leaf) => lineEndsAside(leaf.decode())));
    for (const file of parsed.attachments) {
      // Text and opened messages are rewritten by postal-mime, so that only files proper can be compared.
      if (/^(text|message)\//.test(file.mimeType)) continue;
      compared++;
      const bytes = Buffer.from(file.content as ArrayBuffer);
      assert.ok(ours.has(lineEndsAside(bytes)), `${name}: ${file.mimeType} ${file.filename}, ${bytes.length} bytes`);
    }
  }
  assert.ok(compared >= 40, `only ${compared} files compared`);
});

interface Edit {
  readonly kind: 'cut' | 'flip' | 'repeat' | 'insert';
  readonly at: number;
  readonly length: number;
}

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), length: fc.nat(200) }),
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), length: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), length: fc.nat(500) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), length: fc.nat(9) }),
);

const INSERTIONS = ['\r\n', '\n', '\r', '--', '\r\n--outer\r\n', '\r\n--outer--\r\n', '\r\n\r\n', '=', '\u0000', '"'];

function mutate(raw: Buffer, edits: readonly Edit[]): Buffer {
  let bytes = Buffer.from(raw);
  for (const { kind, at, length } of edits) {
    const position = bytes.length === 0 ? 0 : at % bytes.length;
    const [before, after] = [bytes.subarray(0, position), bytes.subarray(position)];
    if (kind === 'cut') bytes = Buffer.concat([before, after.subarray(length)]);
    else if (kind === 'repeat') bytes = Buffer.concat([before, after.subarray(0, length), after]);
    else if (kind === 'insert') bytes = Buffer.concat([before, Buffer.from(INSERTIONS[length] ?? ''), after]);
    else if (bytes.length > 0) bytes[position] = (bytes[position] as number) ^ length;
  }
  return bytes;
}

test('mutated messages never throw anything but a refusal, and both doors agree on them', async (t) => {
  const seed = Math.trunc(Math.random() * 2 ** 31);
  t.diagnostic(`seed ${seed}`);
  const property = fc.asyncProperty(
    fc.nat(messages.length - 1),
    fc.array(edit, { minLength: 1, maxLength: 6 }),
    fc.integer({ min: 1, max: 3000 }),
    async (index, edits, chunkBytes) => {
      const raw = mutate((messages[index] as (typeof messages)[number]).raw, edits);
      assert.deepEqual(await asStream(raw, chunkBytes), await inMemory(raw));
    },
  );
  await fc.assert(property, { seed, numRuns: 1500 });
});

test('random bodies decode the same whole and in pieces', (t) => {
  const seed = Math.trunc(Math.random() * 2 ** 31);
  t.diagnostic(`seed ${seed}`);
  const body = fc.array(
    fc.constantFrom('=', '==', '=4', '1', 'QUJD', 'A', '\r', '\n', '\r\n', ' ', '\t', '-', '_', '\u0000', 'é'),
  );
  const property = fc.property(
    body,
    fc.constantFrom('base64' as const, 'quoted-printable' as const),
    fc.nat(40),
    (parts, encoding, size) => {
      const raw = Buffer.from(parts.join(''), 'latin1');
      const decoder = transferDecoder(encoding);
      const pieces: Buffer[] = [];
      for (let at = 0; at < raw.length; at += size + 1) pieces.push(decoder.write(raw.subarray(at, at + size + 1)));
      assert.deepEqual(Buffer.concat([...pieces, decoder.end()]), decodeTransfer(raw, encoding));
    },
  );
  fc.assert(property, { seed, numRuns: 5000 });
});

/** Hostile messages as streams, so that the test itself holds none of them. */
const HOSTILE: readonly { readonly title: string; readonly make: () => Generator<string>; readonly limit?: string }[] =
  [
    {
      title: '10,000 parts',
      *make() {
        yield 'Content-Type: multipart/mixed; boundary=b\r\n\r\n';
        for (let i = 0; i < 10_000; i++) yield '--b\r\nContent-Type: application/pdf\r\n\r\n%PDF-\r\n';
      },
      limit: 'parts',
    },
    {
      title: 'a header of 50 MB in one line',
      *make() {
        yield 'Subject: ';
        for (let i = 0; i < 800; i++) yield 'x'.repeat(64 * 1024);
      },
      limit: 'part-header-bytes',
    },
    {
      title: 'a header of 50 MB in folded lines',
      *make() {
        yield 'Subject: a\r\n';
        for (let i = 0; i < 800; i++) yield ' b\r\n'.repeat(16 * 1024);
      },
      limit: 'part-header-bytes',
    },
    {
      title: '30 MB of empty lines',
      *make() {
        yield 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n';
        for (let i = 0; i < 480; i++) yield '\r\n'.repeat(32 * 1024);
      },
    },
    {
      title: '8 MB of lines of two hyphens, fifty multiparts deep',
      *make() {
        yield 'Content-Type: multipart/mixed; boundary=b0\r\n\r\n';
        for (let i = 0; i < 49; i++) yield `--b${i}\r\nContent-Type: multipart/mixed; boundary=b${i + 1}\r\n\r\n`;
        yield '--b49\r\n\r\n';
        for (let i = 0; i < 128; i++) yield '--\r\n'.repeat(16 * 1024);
      },
    },
    {
      title: 'multiparts 5,000 deep',
      *make() {
        yield 'Content-Type: multipart/mixed; boundary=b0\r\n\r\n';
        for (let i = 0; i < 5000; i++) yield `--b${i}\r\nContent-Type: multipart/mixed; boundary=b${i + 1}\r\n\r\n`;
      },
      limit: 'depth',
    },
    {
      title: '100 MB of base64 in one line, never closed',
      *make() {
        yield 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n';
        for (let i = 0; i < 1600; i++) yield 'QUJD'.repeat(16 * 1024);
      },
    },
    {
      title: 'a boundary of 200 kB',
      *make() {
        yield `Content-Type: multipart/mixed; boundary=${'b'.repeat(200_000)}\r\n\r\n`;
        for (let i = 0; i < 60; i++) yield `--${'b'.repeat(200_000)}\r\n`;
      },
    },
  ];

for (const { title, make, limit } of HOSTILE) {
  test(`${title}: memory stays bounded and other work gets its turn`, async () => {
    const before = liveBytes();
    let peak = 0;
    let turns = 0;
    let pieces = 0;
    let isRunning = true;
    const turn = (): void => {
      turns++;
      if (isRunning) setImmediate(turn);
    };
    setImmediate(turn);
    let refused: string | undefined;
    try {
      for await (const item of splitMessage(Readable.from(make()).map((text: string) => Buffer.from(text, 'latin1')))) {
        if (item.kind === 'head') continue;
        for await (const piece of item.content) {
          assert.ok(piece.length <= 2 * mimeLimits.maxBytesPerTurn);
          if (pieces++ % 50 === 0) peak = Math.max(peak, liveBytes() - before);
        }
      }
    } catch (error) {
      assert.ok(error instanceof MimeRefused, String(error));
      refused = error.limit;
    } finally {
      isRunning = false;
    }
    assert.equal(refused, limit);
    assert.ok(turns * 2 >= pieces, `${turns} turns for ${pieces} pieces`);
    assert.ok(peak < 16 * 1024 * 1024, `peak of ${Math.round(peak / 1024 / 1024)} MB`);
  });
}

v8.setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function liveBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
