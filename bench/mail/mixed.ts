/**
 * (j) What people really mail, end to end: of a hundred mails 40 bring a PDF, 25 a picture, 15 an office document, 10 a
 * text and 10 a page. They arrive one after the other and come out of the printer; the journal tells how long
 * each was converted.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KNOWN_SENDERS, subjectOf } from '../../test/harness/mail.ts';
import { eventually } from '../../test/harness/time.ts';
import { feedQueue, openDatabase, PRINT_ROOM, say, type World } from '../world.ts';

const CORPUS = fileURLToPath(new URL('../../test/corpus/documents/good', import.meta.url));
const PRINT_TIMEOUT_MS = 1_800_000;

/** Of a hundred. */
const SHARES = { pdf: 40, picture: 25, office: 15, text: 10, page: 10 } as const;
type Kind = keyof typeof SHARES;
const KINDS = Object.keys(SHARES) as readonly Kind[];
const ENDINGS: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  pdf: ['.pdf'],
  picture: ['.jpg', '.png', '.gif', '.tif', '.webp'],
  office: ['.doc', '.docx', '.xls', '.xlsx', '.ppt', '.pptx', '.ods'],
};

export type MixedFigures = {
  readonly documents: number;
  readonly perMinute: number;
  /** Of the time from the first mail to the last sheet, when something was being converted. */
  readonly conversionShare: number;
  /** How long one document of a kind is converted, mean. */
  readonly conversionMs: Readonly<Record<Kind, number>>;
};

type Document = { readonly name: string; readonly type: string; readonly bytes: Buffer };

export async function measureMixed(world: World, documents: number): Promise<MixedFigures> {
  const { stage } = world;
  const queue = { name: `Mixed ${Date.now()}`, mode: 'direct', printerIds: [stage.printerId] };
  const queueId = String((await stage.api('POST', '/queues', queue)).id);
  await feedQueue(world, queueId);
  const papersBefore = world.printer.printed().length;
  const startedAt = Date.now();
  const deal = dealer();
  for (let count = 1; count <= documents; count += 1) {
    await world.dovecot.deliver(PRINT_ROOM, writeMessage(count, deal(count)));
  }
  await using database = await openDatabase(world);
  const ended = `SELECT count(*) FROM jobs WHERE queue_id = '${queueId}' AND state = 'completed'`;
  await eventually(async () => (await database.number(ended)) === documents, {
    timeoutMs: PRINT_TIMEOUT_MS,
    what: 'every document came to paper',
  }).catch(async (error: unknown) => {
    const states = `SELECT string_agg(title || ' ' || state || ' ' || coalesce(problem->>'code', ''), E'\\n') FROM jobs
      WHERE queue_id = '${queueId}' AND state <> 'completed'`;
    throw new Error(await database.text(states), { cause: error });
  });
  const papers = world.printer.printed().length - papersBefore;
  if (papers !== documents) throw new Error(`${papers} papers for ${documents} documents`);
  const endedAt = await database.number(
    `SELECT extract(epoch FROM max(ended_at)) * 1000 FROM jobs WHERE queue_id = '${queueId}'`,
  );
  const figures = {
    documents,
    perMinute: (documents / (endedAt - startedAt)) * 60_000,
    conversionShare: (await readConversionMs(database, queueId)) / (endedAt - startedAt),
    conversionMs: Object.fromEntries(
      await Promise.all(KINDS.map(async (kind) => [kind, await readMeanMs(database, queueId, kind)])),
    ) as Record<Kind, number>,
  };
  say(`(j) ${JSON.stringify(figures)}`);
  return figures;
}

type Asked = { number(sql: string): Promise<number> };

/** In how many milliseconds something was being converted: spans that overlap count once. */
async function readConversionMs(database: Asked, queueId: string): Promise<number> {
  return await database.number(
    `SELECT extract(epoch FROM sum(upper(span) - lower(span))) * 1000 FROM (
       SELECT unnest(range_agg(tstzrange(at - (data->>'tookMs')::int * interval '1 ms', at))) AS span
       FROM journal JOIN jobs ON jobs.id::text = subject_id WHERE type = 'job-prepared' AND queue_id = '${queueId}') AS spans`,
  );
}

async function readMeanMs(database: Asked, queueId: string, kind: Kind): Promise<number> {
  return await database.number(
    `SELECT avg((data->>'tookMs')::int) FROM journal JOIN jobs ON jobs.id::text = subject_id
     WHERE type = 'job-prepared' AND queue_id = '${queueId}' AND title LIKE '${kind}-%'`,
  );
}

/** Deals the kinds evenly, so that a run of any length has nearly the shares; each kind goes round its documents. */
function dealer(): (count: number) => Document {
  const files = readdirSync(CORPUS).sort();
  const dealt: Record<Kind, number> = { pdf: 0, picture: 0, office: 0, text: 0, page: 0 };
  return (count) => {
    // The one that is furthest behind its share.
    const behind = (kind: Kind) => (SHARES[kind] / 100) * count - dealt[kind];
    const kind = KINDS.reduce((most, one) => (behind(one) > behind(most) ? one : most));
    dealt[kind] += 1;
    if (kind === 'text') return textOf(count);
    if (kind === 'page') return pageOf(count);
    const ofKind = files.filter((file) => ENDINGS[kind]?.includes(extname(file)));
    const file = ofKind[dealt[kind] % ofKind.length];
    if (file === undefined) throw new Error(`there is no ${kind} in ${CORPUS}`);
    const name = `${kind}-${count}${extname(file)}`;
    return { name, type: 'application/octet-stream', bytes: readFileSync(join(CORPUS, file)) };
  };
}

const WORDS = 'The minutes of the meeting are enclosed; the next one takes place in the small hall. ';

function textOf(count: number): Document {
  const bytes = Buffer.from(`Letter ${count}\n\n${`${WORDS}\n`.repeat(60)}`);
  return { name: `text-${count}.txt`, type: 'text/plain; charset=utf-8', bytes };
}

function pageOf(count: number): Document {
  const rows = Array.from({ length: 40 }, (_, at) => `<tr><td>${at}</td><td>${WORDS}</td></tr>`).join('');
  const bytes = Buffer.from(
    `<!DOCTYPE html><html><head><title>Order ${count}</title></head><body><h1>Order ${count}</h1><table>${rows}</table></body></html>`,
  );
  return { name: `page-${count}.html`, type: 'text/html; charset=utf-8', bytes };
}

function writeMessage(count: number, { name, type, bytes }: Document): Buffer {
  const mark = `mixed-${Date.now()}-${count}`;
  const lines = [
    `From: <${KNOWN_SENDERS[count % KNOWN_SENDERS.length]}>`,
    `To: <${PRINT_ROOM}>`,
    `Subject: ${subjectOf(mark)}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${mark}@practice.example>`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="b"',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'Please print.',
    '--b',
    `Content-Type: ${type}`,
    `Content-Disposition: attachment; filename="${name}"`,
    'Content-Transfer-Encoding: base64',
    '',
    bytes.toString('base64').replace(/.{76}/g, '$&\r\n'),
    '--b--',
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}
