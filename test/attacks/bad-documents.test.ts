/**
 * Documents and messages that were made to harm, mailed to a running server: each is printed or ends with a reason that
 * has its words, the server stays, and what else it does hardly waits, by its own figure.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { adviceFor, reasonFor, titleFor } from '../../locales/locales.ts';
import { packZip } from '../../server/conversion/box/canary-documents.ts';
import { stampOf } from '../../simulator/stamp.ts';
import { flateBomb, flateOfZeros, formsInForms, giantPicture, pagesInCircles } from '../harness/hostile-documents.ts';
import { KNOWN_SENDERS, PRINT_ROOM, writePdf } from '../harness/mail.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';
import { packWinmail } from '../harness/winmail.ts';

const MIB = 1024 * 1024;
const MOST_GROWTH_BYTES = 200 * MIB;
const MOST_DELAY_SECONDS = 0.1;
const BAD = new URL('../corpus/documents/bad/', import.meta.url);

type Attack = {
  readonly name: string;
  readonly file?: string;
  readonly content?: Buffer;
  readonly headers?: string;
  /** How it has to end, where only one end is right. */
  readonly end?: string;
};

const nested = (open: string, close: string, depth: number) => `${open.repeat(depth)}x${close.repeat(depth)}`;

async function writeAttacks(): Promise<Attack[]> {
  const page = (body: string) => Buffer.from(`<!DOCTYPE html><html><body>${body}</body></html>`);
  const high = { create: { width: 1, height: 16_383, channels: 3, background: 'blue' } } as const;
  const zeros = flateOfZeros(1_024);
  return [
    { name: 'blanks packed twice', file: 'blanks.pdf', content: flateBomb(2) },
    { name: 'a giant picture in a PDF', file: 'giant.pdf', content: giantPicture(1) },
    { name: 'forms in forms', file: 'forms.pdf', content: formsInForms(24) },
    { name: 'pages in circles', file: 'circles.pdf', content: pagesInCircles() },
    { name: 'a picture of one pixel by 16,383', file: 'high.webp', content: await sharp(high).webp().toBuffer() },
    {
      name: 'an archive',
      file: '42.zip',
      content: packZip([['a.zip', packZip([['b', zeros]])]]),
      end: 'document-archive',
    },
    { name: 'a packed drawing', file: 'drawing.svgz', content: Buffer.from('1f8b0800000000000003', 'hex') },
    { name: 'a page in pages', file: 'deep.html', content: page(nested('<div>', '</div>', 100_000)) },
    {
      name: 'a table in tables',
      file: 'tables.html',
      content: page(nested('<table><tr><td>', '</td></tr></table>', 500)),
    },
    { name: 'an address without end', file: 'data.html', content: page(`<img src="data:${';a'.repeat(500_000)}">`) },
    { name: 'a sheet without end', file: 'css.html', content: page(`<style>${'a{b:c('.repeat(200_000)}</style>x`) },
    { name: 'a drawing in drawings', file: 'deep.svg', content: deepDrawing(20_000) },
    {
      name: 'names that no file can have',
      file: 'winmail.dat',
      content: packWinmail(['../../x.pdf', `${'long'.repeat(99)}.pdf`, 'CON', '\u202Efdp.exe'].map(packed)),
      end: 'completed completed completed completed',
    },
    ...readdirSync(BAD).map((file) => ({ name: file, file, content: readFileSync(new URL(file, BAD)) })),
    { name: 'groups in groups', headers: `Cc: ${'g:'.repeat(50_000)}` },
    { name: 'comments in comments', headers: `Reply-To: ${nested('(', ')', 50_000)}` },
    { name: 'references without end', headers: `References: ${'<a@b.example>\r\n '.repeat(20_000)}` },
    { name: 'words in words', headers: `Keywords: ${'=?utf-8?Q?=41?=\r\n '.repeat(20_000)}` },
    { name: 'parameters without end', headers: `Content-Language: en${';\r\n a=b'.repeat(20_000)}` },
    { name: 'fields without end', headers: Array.from({ length: 20_000 }, (_, at) => `X-${at}: a`).join('\r\n') },
  ];
}

function packed(name: string): readonly [string, Buffer] {
  return [name, writePdf(`packed ${Buffer.from(name).toString('hex').slice(0, 40)}`, 2_000)];
}

function deepDrawing(depth: number): Buffer {
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99">${nested('<g>', '</g>', depth)}</svg>`,
  );
}

let stage: Stage;

before(async () => {
  stage = await openStage({ database: 'external' });
  await printOne();
});
after(async () => await stage?.[Symbol.asyncDispose]());

async function printOne(): Promise<void> {
  const sheets = stage.peers.paper().length;
  await stage.deliver(1);
  await eventually(() => stage.peers.paper().length > sheets, { timeoutMs: 40_000, what: 'an ordinary mail prints' });
}

test('bad documents and messages end in words, while others print and nothing waits', async (t) => {
  const attacks = await writeAttacks();
  const { pid } = stage.node.process;
  const usual = residentBytes(pid);
  let peak = usual;
  // What is asked for next counts from here.
  await readDelay();
  const timer = setInterval(() => {
    peak = Math.max(peak, residentBytes(pid));
  }, 20);
  try {
    for (const attack of attacks) await stage.peers.deliver(PRINT_ROOM, writeMail(attack));
    await printOne();
    const isOver = async () => (await readEnds()).length === attacks.length;
    await eventually(isOver, { timeoutMs: 230_000, what: 'everything has come to its end' });
  } finally {
    clearInterval(timer);
  }
  const delay = await readDelay();
  const ends = await readEnds();
  t.diagnostic(JSON.stringify(ends.map(({ subject, end }) => `${subject}: ${end}`)));
  t.diagnostic(`p99 ${Math.round(delay * 1_000)} ms, ${Math.round((peak - usual) / MIB)} MiB more`);
  for (const { end, subject } of ends) {
    for (const reason of end.split(' ')) assert.ok(reason === 'completed' || hasWords(reason), `${subject}: ${end}`);
    const expected = attacks.find(({ name }) => name === subject)?.end;
    if (expected !== undefined) assert.equal(end, expected, subject);
  }
  await printOne();
  assert.equal(stage.node.process.pid, pid);
  assert.equal(stage.node.isRunning, true);
  assert.ok(peak - usual <= MOST_GROWTH_BYTES, `${Math.round((peak - usual) / MIB)} MiB more`);
  assert.ok(delay < MOST_DELAY_SECONDS, `${delay} s`);
});

/** What has ended: the states of the jobs, or the reasons why there is none or why one was given up. */
async function readEnds(): Promise<{ subject: string; end: string }[]> {
  const rows = (await stage.sql(
    `SELECT subject, outcome, reason, bool_and(state IN ('completed', 'aborted') OR state IS NULL) AS is_over,
       string_agg(coalesce(jobs.problem->>'code', state), ' ') AS jobs,
       (SELECT string_agg(documents.reason, ' ') FROM incoming_documents documents
         WHERE documents.message_id = incoming_messages.id AND documents.outcome = 'refused') AS refused
     FROM incoming_messages LEFT JOIN jobs ON jobs.message_id = incoming_messages.id
     WHERE subject NOT LIKE 'mail-%' GROUP BY incoming_messages.id`,
  )) as Row[];
  return rows
    .filter(({ is_over: isOver }) => isOver === true)
    .map((row) => ({ subject: String(row.subject), end: String(row.jobs ?? row.refused ?? row.reason) }));
}

function hasWords(reason: string): boolean {
  return (['en', 'it'] as const).every((language) => {
    const words = [titleFor(language, reason, {}), adviceFor(language, reason, {})];
    return words.every((text) => text !== '' && text !== reason) || reasonFor(language, reason).text !== reason;
  });
}

/** The figure of the server itself since it was last asked. */
async function readDelay(): Promise<number> {
  const { text } = await stage.ask('GET', 'metrics');
  return Number(/^platen_event_loop_delay_p99_seconds (\S+)$/m.exec(text)?.[1] ?? Number.NaN);
}

function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * 4096;
}

function writeMail({ name, file = 'plain.pdf', content = writePdf(name, 2_000), headers }: Attack): Buffer {
  return Buffer.from(
    `${stampOf({ domain: 'practice.example' })}From: <${KNOWN_SENDERS[0]}>\r\nTo: <${PRINT_ROOM}>\r\nSubject: ${name}\r\n` +
      `${headers === undefined ? '' : `${headers.trimEnd()}\r\n`}Message-ID: <${name.replaceAll(/[^\w.]/g, '-')}@practice.example>\r\n` +
      'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n' +
      `--b0\r\nContent-Type: application/octet-stream; name="${file}"\r\nContent-Disposition: attachment; filename="${file}"\r\n` +
      `Content-Transfer-Encoding: base64\r\n\r\n${content.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n--b0--\r\n`,
    'latin1',
  );
}
