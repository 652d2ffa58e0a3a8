/** The attachments of the reference corpus are those that its JSON lists: the same files, names and bytes, and no others. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Leaf } from './leaf.ts';
import { readMessage } from './split.ts';

const corpus = new URL('../../../test/corpus/mime/mail-parser/', import.meta.url);

type Part = {
  readonly headers: readonly { readonly name: string; readonly value: unknown }[];
  readonly is_encoding_problem: boolean;
  readonly body: Readonly<Record<string, unknown>>;
};
type Reference = { readonly attachments: readonly number[]; readonly parts: readonly Part[] };
type File = { readonly name: string; readonly content: string };

/** Where the reference mends a broken message in another way, and why ours stays. Each is still checked to differ. */
const READ_OTHERWISE: Readonly<Record<string, string>> = {
  'rfc/000': 'what calls itself base64 and is prose is decoded as far as it goes, not taken as text',
  'thirdparty/002': 'what calls itself base64 and is garbage is decoded as far as it goes, not taken as text',
  'malformed/001': 'a part without content is no file',
  'malformed/002': 'a multipart without any delimiter has no parts',
  'malformed/004': 'a part whose delimiter never comes is not made up',
  'malformed/007': 'a part without content is no file',
  'malformed/009': 'the delimiter of an outer multipart ends the inner one (RFC 2046 section 5.1.2)',
  'malformed/011': 'the delimiter of an outer multipart ends the inner one (RFC 2046 section 5.1.2)',
  'malformed/016': 'boundaries longer than 70 characters that begin alike are compared whole (RFC 2046 section 5.1.1)',
  'malformed/017': 'a boundary that no semicolon separates from the type is none',
  'malformed/022': 'what calls itself a message is read as one, and this has no content',
};

const names = ['rfc', 'thirdparty', 'malformed'].flatMap((folder) =>
  readdirSync(new URL(`${folder}/`, corpus)).flatMap((name) =>
    name.endsWith('.eml') ? [`${folder}/${name.slice(0, -4)}`] : [],
  ),
);

for (const name of names) {
  const reason = READ_OTHERWISE[name];
  const what = reason === undefined ? 'are those of the reference' : `differ from the reference: ${reason}`;
  test(`the attachments of ${name} ${what}`, async () => {
    const reference = JSON.parse(readFileSync(new URL(`${name}.json`, corpus), 'utf8')) as Reference;
    const { leaves } = await readMessage(readFileSync(new URL(`${name}.eml`, corpus)));
    const expected = filesOf(reference);
    const found = leaves.map((leaf) => ({ leaf, file: { name: leaf.fileName ?? '', content: contentOf(leaf) } }));
    const isThere = (file: File) => found.some((one) => isSame(one.file, file));
    const missing = expected.attachments.filter((file) => !isThere(file));
    // What is no text must be known to the reference, among the attachments or as what a body shows.
    const files = found.filter(({ leaf }) => !leaf.declaredType.startsWith('text/')).map(({ file }) => file);
    const unknown = files.filter(
      (file) => ![...expected.attachments, ...expected.others].some((one) => isSame(one, file)),
    );
    if (reason === undefined) assert.deepEqual({ missing, unknown }, { missing: [], unknown: [] });
    else assert.notDeepEqual({ missing, unknown }, { missing: [], unknown: [] }, 'it no longer differs');
  });
}

test('the corpus holds enough attachments to mean something', () => {
  const count = names.reduce((sum, name) => {
    const reference = JSON.parse(readFileSync(new URL(`${name}.json`, corpus), 'utf8')) as Reference;
    return sum + filesOf(reference).attachments.length;
  }, 0);
  assert.ok(count >= 40, `${count} attachments`);
});

/** The files of a message and of the messages in it; `others` is everything else that has content. */
function filesOf(reference: Reference): { attachments: File[]; others: File[] } {
  const attachments: File[] = [];
  const others: File[] = [];
  for (const [at, part] of reference.parts.entries()) {
    const { Message: inner, Multipart: _, ...content } = part.body;
    if (inner !== undefined) {
      const within = filesOf(inner as Reference);
      attachments.push(...within.attachments);
      others.push(...within.others);
    }
    const [body] = Object.values(content);
    if (body === undefined) continue;
    const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body as number[]);
    const file = { name: nameOf(part), content: linesOf(bytes) };
    (reference.attachments.includes(at) ? attachments : others).push(file);
  }
  return { attachments, others };
}

/** By the disposition, else by the type (RFC 2183 section 2.3). */
function nameOf(part: Part): string {
  const attributes = (header: string): readonly { name: string; value: string }[] => {
    const value = part.headers.find((one) => one.name === header)?.value as
      | { readonly ContentType?: { readonly attributes?: readonly { name: string; value: string }[] | null } }
      | undefined;
    return value?.ContentType?.attributes ?? [];
  };
  const file = attributes('content_disposition').find((one) => one.name === 'filename');
  const named = file ?? attributes('content_type').find((one) => one.name === 'name');
  return (named?.value ?? '').split('/').at(-1) ?? '';
}

/** Texts stand in the reference as Unicode; the last line end belongs to the delimiter for some readers. */
function contentOf(leaf: Leaf & { decode(): Buffer }): string {
  const bytes = leaf.decode();
  const isText = leaf.declaredType.startsWith('text/');
  return linesOf(
    isText && leaf.charset !== undefined ? Buffer.from(new TextDecoder(leaf.charset).decode(bytes)) : bytes,
  );
}

const linesOf = (bytes: Buffer) => bytes.toString('latin1').replaceAll('\r\n', '\n').trimEnd();

const isSame = (left: File, right: File) => left.name === right.name && left.content === right.content;
