import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { openWatchedMailbox, TWO_PAGES, type WatchedMailbox } from '../../../test/harness/intake.ts';
import { packWinmail } from '../../../test/harness/winmail.ts';
import { listJobs } from '../../jobs/jobs.ts';
import { intakeLimits } from '../limits.ts';
import { listDocuments } from './list.ts';
import { isDecoration, shownPictures, showsSomething } from './rules.ts';

type Part = { readonly type: string; readonly content: Buffer | string; readonly headers?: string };

let written = 0;

function partOf({ type, content, headers = '' }: Part): string {
  const encoded = Buffer.from(content).toString('base64').replace(/.{76}/g, '$&\r\n');
  return `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n${headers}\r\n${encoded}\r\n`;
}

function message(parts: readonly Part[], more: { readonly subject?: string; readonly headers?: string } = {}): Buffer {
  written += 1;
  const body = parts.map((part) => `--m\r\n${partOf(part)}`).join('');
  return Buffer.from(
    `From: anna@practice.example\r\nSubject: ${more.subject ?? 'Papers'}\r\nDate: Sun, 22 Nov 2026 10:00:00 +0100\r\n` +
      `Message-ID: <${written}.documents@practice.example>\r\n${more.headers ?? ''}MIME-Version: 1.0\r\n` +
      `Content-Type: multipart/mixed; boundary="m"\r\n\r\n${body}--m--\r\n`,
  );
}

const attached = (name: string): string => `Content-Disposition: attachment; filename="${name}"\r\n`;
const inline = (contentId: string): string => `Content-Disposition: inline\r\nContent-ID: <${contentId}>\r\n`;
const text = (content: string): Part => ({ type: 'text/plain; charset=utf-8', content });
const html = (content: string): Part => ({ type: 'text/html; charset=utf-8', content });
const pdf = (name = 'a.pdf', content: Buffer = TWO_PAGES): Part => ({
  type: 'application/octet-stream',
  content,
  headers: attached(name),
});
const png = (bytes: number): Buffer =>
  Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(bytes - 8, 1)]);

/** What the documents of each message became, in its order. */
async function outcomes(watched: WatchedMailbox, raws: readonly Buffer[]): Promise<string[][]> {
  const uids = raws.map((raw) => watched.deliver(raw));
  await using _worker = await watched.startWorker();
  await watched.settled(raws.length);
  const rows = await watched.context.db
    .selectFrom('incoming_messages')
    .select(['id', 'uid', 'outcome', 'reason'])
    .execute();
  const told: string[][] = [];
  for (const uid of uids) {
    const row = rows.find((each) => each.uid === uid);
    const documents = await listDocuments(watched.context, row?.id ?? '');
    told.push([
      row?.reason ?? row?.outcome ?? '',
      ...documents.map(({ name, format, outcome, reason }) => `${name} ${reason ?? `${outcome} ${format}`}`),
    ]);
  }
  return told;
}

function spoolFiles({ context }: WatchedMailbox): number {
  const entries = readdirSync(context.settings.spoolDir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

test('attachments are known by their bytes, and what cannot be printed has its reason while the others become jobs', async () => {
  await using watched = await openWatchedMailbox();
  const [told] = await outcomes(watched, [
    message([
      text('Please print.'),
      pdf('photo.jpg'),
      { type: 'application/pdf', content: 'only words', headers: attached('words.pdf') },
      { type: 'image/png', content: Buffer.from('MZ\x90\0\x03\0\0\0', 'latin1'), headers: attached('picture.png') },
      {
        type: 'application/pdf',
        content: Buffer.from('PK\x03\x04\x14\0\0\0\b\0', 'latin1'),
        headers: attached('b.pdf'),
      },
      { type: 'application/pdf', content: '', headers: attached('nothing.pdf') },
      { type: 'application/pkcs7-signature', content: 'signed', headers: attached('smime.p7s') },
      { type: 'application/pkcs7-mime', content: 'sealed', headers: attached('smime.p7m') },
      { type: 'text/calendar', content: 'BEGIN:VCALENDAR\r\n' },
    ]),
  ]);
  assert.deepEqual(told, [
    'done',
    'photo.jpg job application/pdf',
    'words.pdf job text/plain; charset=utf-8',
    'picture.png document-executable',
    'b.pdf document-archive',
    'nothing.pdf document-empty',
    'smime.p7s for-programs',
    'smime.p7m document-encrypted',
    'Papers for-programs',
  ]);
  assert.equal((await watched.jobs()).length, 2);
  assert.equal(spoolFiles(watched), 2);
  const [event] = await watched.context.db
    .selectFrom('journal')
    .select('data')
    .where('type', '=', 'message-received')
    .execute();
  assert.deepEqual((event?.data.refused as unknown[] | undefined)?.[0], {
    title: 'picture.png',
    reason: 'document-executable',
  });
});

test('names of documents in a winmail.dat are cleaned like those of attachments', async () => {
  await using watched = await openWatchedMailbox();
  const program = Buffer.from(`MZ\x90\0\x03${'\0'.repeat(2_000)}`, 'latin1');
  const content = packWinmail([
    ['..\\tool\u202efdp.exe', program],
    ['..\\..\\evil\u202egpj.exe/plan.pdf', TWO_PAGES],
    ['bell\u0007\u001b[31m.pdf', TWO_PAGES],
    ['50 %41.pdf', TWO_PAGES],
    ['\u202e', TWO_PAGES],
  ]);
  const [told = []] = await outcomes(watched, [
    message([text('See'), { type: 'application/ms-tnef', content, headers: attached('winmail.dat') }]),
  ]);
  assert.deepEqual(told.sort(), [
    '50 %41.pdf job application/pdf',
    'Papers job application/pdf',
    'bell[31m.pdf job application/pdf',
    'done',
    'plan.pdf job application/pdf',
    'toolfdp.exe document-executable',
  ]);
});

test('the text of a message is printed as the policy of its mailbox says', async () => {
  const written = [message([text('Only words')]), message([text('Words'), pdf()]), message([html('<p>&nbsp;</p>')])];
  const expected = {
    'without-attachment': [
      ['done', 'Papers job text/plain; charset=utf-8'],
      ['done', 'a.pdf job application/pdf'],
      ['no-document'],
    ],
    always: [
      ['done', 'Papers job text/plain; charset=utf-8'],
      ['done', 'Papers job text/plain; charset=utf-8', 'a.pdf job application/pdf'],
      ['no-document'],
    ],
    never: [['no-document'], ['done', 'a.pdf job application/pdf'], ['no-document']],
  } as const;
  for (const body of ['without-attachment', 'always', 'never'] as const) {
    await using watched = await openWatchedMailbox({ documentPolicy: { body } });
    assert.deepEqual(await outcomes(watched, written), expected[body], body);
  }
});

test('what a machine has written is not printed as a document, but its attachments are', async () => {
  await using watched = await openWatchedMailbox();
  const headers = 'Auto-Submitted: auto-generated\r\n';
  const told = await outcomes(watched, [
    message([text('I am away')], { headers }),
    message([text('See'), pdf()], { headers }),
  ]);
  assert.deepEqual(told, [['no-document'], ['done', 'a.pdf job application/pdf']]);
});

test('pictures of a signature are left out, and photos that a phone sends inline are printed', async () => {
  await using watched = await openWatchedMailbox();
  const large = intakeLimits.decorationBytes + 1;
  const page = html('<p>Hello</p><img src="cid:logo@x"><img src="cid:photo@x">');
  const told = await outcomes(watched, [
    message([
      page,
      { type: 'image/png; name=logo.png', content: png(20_000), headers: inline('logo@x') },
      { type: 'image/png; name=photo.png', content: png(large), headers: inline('photo@x') },
      { type: 'image/png; name=phone.png', content: png(60_000), headers: inline('other@x') },
      { type: 'image/png; name=kept.png', content: png(20_000), headers: attached('kept.png') },
    ]),
    message([page, { type: 'image/png; name=logo.png', content: png(20_000), headers: inline('logo@x') }]),
  ]);
  assert.deepEqual(told[0], [
    'done',
    'logo.png decoration',
    'photo.png job image/png',
    'phone.png job image/png',
    'kept.png job image/png',
  ]);
  assert.deepEqual(told[1], ['done', 'Papers job text/html; charset=utf-8', 'logo.png decoration']);
});

test('a picture at the limit of decoration is one, and a nameless mark too', () => {
  const leaf = {
    path: '1',
    messagePath: '',
    embeddedDepth: 0,
    declaredType: 'image/png',
    disposition: 'inline',
    encoding: 'base64',
    doubts: [],
  } as const;
  assert.ok(isDecoration(leaf, intakeLimits.markBytes, new Set()));
  assert.ok(!isDecoration(leaf, intakeLimits.markBytes + 1, new Set()));
  assert.ok(!isDecoration({ ...leaf, fileName: 'a.png' }, 100, new Set()));
  assert.ok(isDecoration({ ...leaf, fileName: 'a.png', contentId: 'A@x' }, 100, new Set(['a@x'])));
  assert.deepEqual([...shownPictures('<img src="cid:A%40x"> <IMG SRC=\'CID:b\'>')], ['a@x', 'b']);
});

for (const [page, shows] of [
  ['<html><head><title>T</title></head><body>&nbsp;<br></body></html>', false],
  ['<style>p { color: red }</style><p> </p>', false],
  ['<!-- words --><p></p>', false],
  ['<p>words</p>', true],
  ['<div><img src="cid:x"></div>', true],
  ['<', false],
  ['<style>never closed', false],
] as const) {
  test(`${page} ${shows ? 'shows something' : 'shows nothing'}`, () => assert.equal(showsSomething(page), shows));
}

test('a page of many megabytes without an end is looked through at once', () => {
  const started = performance.now();
  assert.equal(showsSomething('<style'.repeat(700_000)), false);
  assert.equal(showsSomething('<!--'.repeat(1_000_000)), false);
  assert.ok(performance.now() - started < 5_000);
});

test('kinds, size and number of documents are limited for each mailbox, with one reason each', async () => {
  const maxBytes = 2 * TWO_PAGES.length;
  await using watched = await openWatchedMailbox({ documentPolicy: { kinds: ['pdf'], maxDocuments: 2, maxBytes } });
  const exact = Buffer.concat([TWO_PAGES, Buffer.alloc(maxBytes - TWO_PAGES.length, '%')]);
  const [told] = await outcomes(watched, [
    message([
      { type: 'image/png', content: png(9_000), headers: attached('a.png') },
      pdf('exact.pdf', exact),
      pdf('large.pdf', Buffer.concat([exact, Buffer.from('%')])),
      pdf('second.pdf'),
      pdf('third.pdf'),
    ]),
  ]);
  assert.deepEqual(told, [
    'done',
    'a.png kind-not-taken',
    'exact.pdf job application/pdf',
    'large.pdf document-too-large',
    'second.pdf job application/pdf',
    'third.pdf too-many-documents',
  ]);
  assert.equal(spoolFiles(watched), 2);
});

test('a large message is judged alike while it arrives', async () => {
  await using watched = await openWatchedMailbox({ documentPolicy: { maxBytes: intakeLimits.chunkBytes } });
  const over = Buffer.concat([TWO_PAGES, Buffer.alloc(intakeLimits.chunkBytes, '%')]);
  const parts = [text('Words'), pdf('over.pdf', over), pdf('good.pdf'), { ...pdf('tool.exe', Buffer.from('MZ\0\0')) }];
  const raw = message(parts);
  const [told] = await outcomes(watched, [raw]);
  assert.deepEqual(told, [
    'done',
    'over.pdf document-too-large',
    'good.pdf job application/pdf',
    'tool.exe document-executable',
  ]);
  assert.equal(spoolFiles(watched), 1);
});

test('a message in which nothing can be printed is refused, and still tells of each document', async () => {
  await using watched = await openWatchedMailbox();
  const [told] = await outcomes(watched, [message([text(' '), pdf('tool.exe', Buffer.from('MZ\0\0'))])]);
  assert.deepEqual(told, ['no-printable-document', 'tool.exe document-executable']);
  assert.equal(watched.uidsIn('Platen/Refused').length, 1);
});

test('a forwarded message is a document where nothing is attached to it, and its attachments are documents too', async () => {
  await using watched = await openWatchedMailbox();
  const forwarded = (parts: readonly Part[], subject: string): Part => ({
    type: 'message/rfc822',
    content: message(parts, { subject }).toString('latin1').replaceAll('--m', '--n').replace('"m"', '"n"'),
  });
  const plain = ({ content }: Part): string => `Content-Type: message/rfc822\r\n\r\n${content}\r\n`;
  const around = (inner: Part): Buffer =>
    Buffer.from(
      message([text('See below')])
        .toString('latin1')
        .replace('--m--', `--m\r\n${plain(inner)}--m--`),
      'latin1',
    );
  const told = await outcomes(watched, [
    around(forwarded([text('The minutes')], 'Minutes')),
    around(forwarded([text('The plan'), pdf('plan.pdf')], 'Plan')),
  ]);
  assert.deepEqual(told, [
    ['done', 'Minutes job text/plain; charset=utf-8'],
    ['done', 'plan.pdf job application/pdf'],
  ]);
});

test('a message that programs may read differently is held until its sender has confirmed what was found', async () => {
  await using watched = await openWatchedMailbox();
  const two = 'Content-Type: application/pdf\r\nContent-Disposition: attachment\r\n';
  const [told] = await outcomes(watched, [message([{ ...pdf(), headers: `${two}${attached('a.pdf')}` }])]);
  assert.equal(told?.[0], 'ambiguous-structure');
  const [job] = await listJobs(watched.context, { limit: 2 });
  assert.deepEqual([job?.state, job?.reasons], ['pending-held', ['sender-unconfirmed']]);
});
