import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { mimeLimits } from '../limits.ts';
import { MimeRefused } from './refusal.ts';
import { type MessageInMemory, readMessage, splitMessage } from './split.ts';

const corpus = new URL('../../../test/corpus/mime/own/', import.meta.url);
const pdf = readFileSync(new URL('two-pages.pdf', corpus));

const fileOf = (name: string): Buffer => readFileSync(new URL(`${name}.eml`, corpus));

/** Where the PDF lies in each message of the corpus, and under which name; `none` where there is nothing to print. */
const WHERE_THE_PDF_IS: Readonly<Record<string, string>> = {
  'base64-padded-in-the-middle': '1',
  'base64-with-junk': '1',
  'base64-without-padding': '1',
  'binary-pdf': '1 two-pages.pdf',
  'boundary-with-trailing-blanks': '2 two-pages.pdf',
  'carriage-returns-only': 'none',
  digest: '1.1 two-pages.pdf',
  'eight-bit-pdf': '1 two-pages.pdf',
  'embedded-message-never-closed': '2 two-pages.pdf',
  'encoded-word-hides-an-address': '1 two-pages.pdf',
  'encoded-word-in-the-address': '1 two-pages.pdf',
  'encoded-word-name': '1 caffè.pdf',
  'forwarded-message': '2.1 two-pages.pdf',
  'forwarded-message-in-base64': '1.1 two-pages.pdf',
  'inner-multipart-never-closed': '2 two-pages.pdf',
  'latin1-name-and-subject': '1 fünf.pdf',
  'line-feeds-only': '2 two-pages.pdf',
  'mbox-from-line': '1',
  'multipart-without-boundary': 'none',
  'name-with-folders': '1 ab.pdf',
  'no-body': 'none',
  'outlook-tnef': 'none',
  'part-after-the-end': 'none',
  'pdf-as-inline-text': '1 a.pdf',
  'plain-attachment': '2 two-pages.pdf',
  'proto-names': '1 __proto__',
  'quoted-local-part': '1 two-pages.pdf',
  'quoted-printable-pdf': '1',
  'rfc2231-name': '1 perché caffè.pdf',
  'root-is-a-pdf': '1 two-pages.pdf',
  'text-calendar': 'none',
  'two-from-fields': '1 two-pages.pdf',
  'unquoted-name-with-blanks': '1 my long name (1).pdf',
  'uuencode-in-the-text': 'none',
};

test('every message of the corpus has an expectation', () => {
  const names = readdirSync(corpus).flatMap((name) => (name.endsWith('.eml') ? [name.slice(0, -4)] : []));
  assert.deepEqual(names.sort(), Object.keys(WHERE_THE_PDF_IS).sort());
});

for (const [name, expected] of Object.entries(WHERE_THE_PDF_IS)) {
  test(`the document of ${name} comes out byte for byte`, async () => {
    const message = await readMessage(fileOf(name));
    const found = message.leaves.filter((leaf) => leaf.decode().equals(pdf));
    const described = found.map((leaf) => [leaf.path, leaf.fileName].filter((text) => text !== undefined).join(' '));
    assert.deepEqual(described, expected === 'none' ? [] : [expected]);
  });
}

test('sender, subject, date and id are read from the outermost header', async () => {
  const { head } = await readMessage(fileOf('forwarded-message'));
  assert.deepEqual(head.sender, { kind: 'one', sender: { address: 'anna@practice.example', name: 'Anna Rossi' } });
  assert.equal(head.subject, 'Two pages');
  assert.equal(head.messageId, '<one@practice.example>');
  assert.equal(head.date?.toISOString(), '2026-11-22T09:00:00.000Z');
});

test('raw Latin-1 in a subject is read', async () => {
  assert.equal((await readMessage(fileOf('latin1-name-and-subject'))).head.subject, 'grüße');
});

test('a leaf says its type, disposition, charset and encoding', async () => {
  const { leaves } = await readMessage(fileOf('forwarded-message'));
  assert.deepEqual(
    leaves.map(({ decode: _decode, peek: _peek, ...leaf }) => leaf),
    [
      {
        path: '1',
        messagePath: '',
        embeddedDepth: 0,
        doubts: [],
        declaredType: 'text/plain',
        disposition: 'none',
        encoding: 'identity',
        charset: 'utf-8',
      },
      {
        path: '2.1',
        messagePath: '2.',
        within: 'inside',
        embeddedDepth: 1,
        doubts: [],
        declaredType: 'application/pdf',
        disposition: 'attachment',
        encoding: 'base64',
        fileName: 'two-pages.pdf',
      },
    ],
  );
});

test('the text of a part ends before the line end of its delimiter', async () => {
  const { leaves } = await readMessage(fileOf('plain-attachment'));
  assert.equal(leaves[0]?.decode().toString(), 'Please print.');
});

test('the first bytes of a leaf can be seen without decoding all of it', async () => {
  for (const name of ['plain-attachment', 'quoted-printable-pdf', 'binary-pdf']) {
    const leaf = (await readMessage(fileOf(name))).leaves.at(-1);
    assert.deepEqual(leaf?.peek(16).subarray(0, 16), pdf.subarray(0, 16), name);
  }
});

test('messages are opened three deep and the fourth comes as a leaf', async () => {
  let raw = 'From: anna@practice.example\r\nContent-Type: text/plain\r\n\r\ninnermost';
  for (let depth = 0; depth < 5; depth++) raw = `Subject: ${depth}\r\nContent-Type: message/rfc822\r\n\r\n${raw}`;
  const { leaves } = await readMessage(Buffer.from(raw));
  assert.deepEqual(
    leaves.map((leaf) => [leaf.path, leaf.declaredType, leaf.embeddedDepth]),
    [['1.1.1.1', 'message/rfc822', 3]],
  );
});

test('content that nobody reads is passed over', async () => {
  const paths: string[] = [];
  for await (const item of splitMessage(Readable.from([fileOf('plain-attachment')]))) {
    if (item.kind === 'leaf') paths.push(item.leaf.path);
  }
  assert.deepEqual(paths, ['1', '2']);
});

test('a source that breaks ends the splitting with its error', async () => {
  const breaks = async function* (): AsyncGenerator<Buffer> {
    yield fileOf('plain-attachment').subarray(0, 900);
    throw new Error('connection lost');
  };
  await assert.rejects(collect(breaks()), /connection lost/);
});

test('the source is let go when the reader stops early', async () => {
  let isClosed = false;
  const source = async function* (): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.alloc(128 * 1024, 'Subject: a\r\n\r\n');
    } finally {
      isClosed = true;
    }
  };
  for await (const item of splitMessage(source())) if (item.kind === 'leaf') break;
  assert.equal(isClosed, true);
});

const limits: readonly (readonly [string, number, (count: number) => Iterable<string>])[] = [
  ['parts', mimeLimits.maxParts, parts],
  ['depth', mimeLimits.maxDepth, depth],
  ['part-header-bytes', mimeLimits.maxPartHeaderBytes, (bytes) => [`a: ${'b'.repeat(bytes - 7)}\r\n\r\n`]],
  ['message-bytes', 5000, (bytes) => ['a: b\r\n\r\n', 'c'.repeat(bytes - 8)]],
];

for (const [limit, max, make] of limits) {
  test(`a message at the limit of ${limit} is taken and one beyond it is refused`, async () => {
    const options = limit === 'message-bytes' ? { maxMessageBytes: max } : {};
    const refusal = (error: unknown): boolean =>
      error instanceof MimeRefused && error.limit === limit && error.max === max;
    await readMessage(Buffer.from([...make(max)].join('')), options);
    await collect(Readable.from(make(max)).map(Buffer.from), options);
    await assert.rejects(readMessage(Buffer.from([...make(max + 1)].join('')), options), refusal);
    await assert.rejects(collect(Readable.from(make(max + 1)).map(Buffer.from), options), refusal);
  });
}

test('headers of all parts together are limited', async () => {
  const part = `--b\r\na: ${'x'.repeat(200 * 1024)}\r\n\r\n\r\n`;
  const raw = Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${part.repeat(11)}`);
  await assert.rejects(readMessage(raw), (error) => error instanceof MimeRefused && error.limit === 'header-bytes');
});

test('limits count across embedded messages', async () => {
  const inner = [...parts(300)].join('');
  const embedded = `--outer\r\nContent-Type: message/rfc822\r\n\r\n${inner}\r\n`;
  const raw = Buffer.from(`Content-Type: multipart/mixed; boundary=outer\r\n\r\n${embedded.repeat(2)}`);
  await assert.rejects(readMessage(raw), (error) => error instanceof MimeRefused && error.limit === 'parts');
});

/** A message of so many parts, the multipart around them included. */
function* parts(count: number): Iterable<string> {
  yield 'Content-Type: multipart/mixed; boundary=b\r\n\r\n';
  for (let i = 1; i < count; i++) yield '--b\r\n\r\nx\r\n';
}

/** A message whose innermost part lies so deep. */
function* depth(count: number): Iterable<string> {
  yield 'Content-Type: multipart/mixed; boundary=b0\r\n\r\n';
  for (let i = 0; i < count; i++) yield `--b${i}\r\nContent-Type: multipart/mixed; boundary=b${i + 1}\r\n\r\n`;
}

async function collect(source: AsyncIterable<Buffer>, options = {}): Promise<Partial<MessageInMemory>> {
  for await (const item of splitMessage(source, options)) {
    if (item.kind === 'leaf') for await (const bytes of item.content) assert.ok(bytes.length > 0);
  }
  return {};
}
