/**
 * (i) How long an operator waits for the list of jobs, for what is searched and for the story of a job when the database
 * holds a million jobs: through the API of the real server, one question after the other, each kind with other values
 * every time.
 */
import pg from 'pg';
import { embeddedOptions } from '../../test/harness/stage.ts';
import { medianOf, percentileOf } from '../figures.ts';
import { say, type World } from '../world.ts';
import { type Archive, fillArchive } from './fill.ts';
import { measureScreen, type ScreenFigures } from './screen.ts';

const ASKED_EACH = 100;
const WARM_UP = 10;
const SAMPLES = 2_000;

export type Spread = { readonly median: number; readonly p95: number; readonly max: number };
export type ArchiveFigures = Archive & {
  readonly fillSeconds: number;
  readonly kinds: Readonly<Record<string, Spread>>;
  /** Over all questions of all kinds. */
  readonly all: Spread;
  readonly screen: ScreenFigures;
};

/** A job of the archive, with the values that people would look for it by. */
type Sample = {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  readonly owner: string;
  readonly ownerName: string;
  readonly queue: string;
  readonly printer: string | null;
  readonly at: Date;
  readonly sender: string;
  readonly subject: string;
  readonly mail: string;
  readonly message: string;
};

type Ask = (sample: Sample) => string;

/** The questions: what is in quotation marks in the interface is what people type there. */
const QUESTIONS: Readonly<Record<string, Ask>> = {
  'list, first page': () => '/jobs',
  'list, deep page': ({ id }) => `/jobs?cursor=${cursorOf(id)}`,
  'list by state': ({ number }) => `/jobs?state=${['pending-held', 'aborted', 'canceled', 'completed'][number % 4]}`,
  'list by owner': ({ owner }) => `/jobs?owner=${owner}`,
  'list by printer': ({ printer }) => `/jobs?printer=${printer}`,
  'list by queue, deep page': ({ queue, id }) => `/jobs?queue=${queue}&cursor=${cursorOf(id)}`,
  'list of a day': ({ at }) => `/jobs?since=${isoOf(at)}&until=${isoOf(new Date(at.getTime() + 86_400_000))}`,
  'list by printer, state and day': ({ at, printer }) => `/jobs?printer=${printer}&state=aborted&until=${isoOf(at)}`,
  'search by sender': ({ sender }) => `/jobs?q=${encodeURIComponent(sender)}`,
  'search by name': ({ ownerName }) => `/jobs?q=${encodeURIComponent(ownerName)}`,
  'search by subject': ({ subject }) => `/jobs?q=${encodeURIComponent(subject)}`,
  'search by a word of the subject': ({ subject }) => `/jobs?q=${encodeURIComponent(subject.split(' ')[0] ?? '')}`,
  'search by file name': ({ title }) => `/jobs?q=${encodeURIComponent(title)}`,
  'search by Message-ID': ({ mail }) => `/jobs?q=${encodeURIComponent(mail)}`,
  'search by number': ({ number }) => `/jobs?q=${number}`,
  'search for two letters': ({ title }) => `/jobs?q=${title.slice(-6, -4)}`,
  'search for what is not there': ({ number }) => `/jobs?q=${encodeURIComponent(`zq${number} quixotic`)}`,
  'search by file name in a queue': ({ title, queue }) => `/jobs?queue=${queue}&q=${encodeURIComponent(title)}`,
  'search by word and state': ({ subject }) =>
    `/jobs?state=aborted&q=${encodeURIComponent(subject.split(' ')[3] ?? '')}`,
  'one job': ({ id }) => `/jobs/${id}`,
  timeline: ({ id }) => `/jobs/${id}/timeline`,
  'messages, first page': () => '/messages',
  'messages by sender': ({ sender }) => `/messages?q=${encodeURIComponent(sender)}`,
  'messages by subject': ({ subject }) => `/messages?q=${encodeURIComponent(subject)}`,
  'messages by Message-ID': ({ mail }) => `/messages?q=${encodeURIComponent(mail)}`,
  'one message': ({ message }) => `/messages/${message}`,
};

const isoOf = (at: Date) => encodeURIComponent(at.toISOString());
const cursorOf = (id: string) => Buffer.from(JSON.stringify([id])).toString('base64url');

export async function measureArchive(world: World, jobs: number): Promise<ArchiveFigures> {
  const options = embeddedOptions(world.node.dataDir);
  const startedAt = performance.now();
  const archive = await fillArchive(options, jobs);
  const fillSeconds = (performance.now() - startedAt) / 1000;
  say(`(i) ${archive.jobs} jobs, ${archive.events} events in ${fillSeconds.toFixed(0)} s`);
  const answers = await askEverything((path) => world.stage.api('GET', path), options);
  return { ...archive, fillSeconds, ...answers, screen: await measureScreen(world) };
}

type Api = (path: string) => Promise<unknown>;

export async function askEverything(
  api: Api,
  options: pg.ClientConfig,
): Promise<Pick<ArchiveFigures, 'kinds' | 'all'>> {
  const samples = await drawSamples(options);
  const kinds: Record<string, Spread> = {};
  const all: number[] = [];
  for (const [kind, ask] of Object.entries(QUESTIONS)) {
    const times = await time(api, samples, ask);
    kinds[kind] = spreadOf(times);
    all.push(...times);
    say(`(i) ${kind}: ${kinds[kind].median.toFixed(1)} ms, p95 ${kinds[kind].p95.toFixed(1)} ms`);
  }
  return { kinds, all: spreadOf(all) };
}

function spreadOf(times: readonly number[]): Spread {
  return { median: medianOf(times), p95: percentileOf(times, 95), max: Math.max(...times) };
}

async function time(api: Api, samples: readonly Sample[], ask: Ask): Promise<number[]> {
  const times: number[] = [];
  for (let count = 0; count < WARM_UP + ASKED_EACH; count += 1) {
    const sample = samples[Math.floor(Math.random() * samples.length)];
    if (sample === undefined) throw new Error('the archive is empty');
    const startedAt = performance.now();
    await api(ask(sample));
    if (count >= WARM_UP) times.push(performance.now() - startedAt);
  }
  return times;
}

async function drawSamples(options: pg.ClientConfig): Promise<readonly Sample[]> {
  const client = new pg.Client(options);
  await client.connect();
  try {
    const { rows } = await client.query<Sample>(`
      SELECT j.id, j.number, j.title, j.owner_id AS owner, j.owner_name AS "ownerName", j.queue_id AS queue,
        coalesce(j.printer_id, (SELECT id FROM printers LIMIT 1)) AS printer, j.created_at AS at,
        m.sender, m.subject, m.message_id AS mail, m.id AS message
      FROM jobs AS j JOIN incoming_messages AS m ON m.id = j.message_id
      WHERE j.number % greatest(1, (SELECT count(*) FROM jobs) / ${SAMPLES}) = 0`);
    return rows;
  } finally {
    await client.end();
  }
}
