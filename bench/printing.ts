/**
 * (c) How many jobs per second reach the paper of an `ippeveprinter`, beside a bare client that prints the same file
 * with the same operations over one kept connection. The printer's command ends at once, so the time is not its own.
 *
 * Platen's figure counts only jobs that ended after the last one was released: releasing is not printing. Neither is
 * preparing, which is waited for before; (j) and (k) measure it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePdf } from '../test/harness/mail.ts';
import { eventually } from '../test/harness/time.ts';
import { medianOf } from './figures.ts';
import { RawPrinter } from './raw-ipp.ts';
import { type Database, DOCUMENT_BYTES, deliverMails, openDatabase, PRINT_ROOM, say, type World } from './world.ts';

const DOCUMENTS_PER_MAIL = 50;
const PRINT_TIMEOUT_MS = 120_000;
const PREPARE_TIMEOUT_MS = 600_000;
const AT_ONCE = 4;

export type PrintingRound = {
  readonly platenPerSecond: number;
  readonly barePerSecond: number;
  readonly barePrintJobPerSecond: number;
};

export type PrintingFigures = PrintingRound & {
  readonly jobs: number;
  readonly ratioToBare: number;
  readonly rounds: readonly PrintingRound[];
};

export async function measurePrinting(
  world: World,
  { jobs, rounds }: { readonly jobs: number; readonly rounds: number },
): Promise<PrintingFigures> {
  await using database = await openDatabase(world);
  await cancelHeld(world, database);
  const file = join(world.stage.directory, 'bare.pdf');
  writeFileSync(file, writePdf('bare', DOCUMENT_BYTES));
  using bare = new RawPrinter(world.printer.uri);
  const played: PrintingRound[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const figures = {
      barePerSecond: await printBare(jobs, () => bare.print(file)),
      platenPerSecond: await printWithPlaten(world, database, jobs),
      barePrintJobPerSecond: await printBare(jobs, () => bare.printWhole(file)),
    };
    const words = Object.values(figures).map((value) => value.toFixed(1));
    say(`(c) ${round === 0 ? 'warm-up' : `round ${round}`}: bare ${words[0]}/s, Platen ${words[1]}/s`);
    if (round > 0) played.push(figures);
  }
  return {
    jobs,
    platenPerSecond: medianOf(played.map((round) => round.platenPerSecond)),
    barePerSecond: medianOf(played.map((round) => round.barePerSecond)),
    barePrintJobPerSecond: medianOf(played.map((round) => round.barePrintJobPerSecond)),
    ratioToBare: medianOf(played.map((round) => round.platenPerSecond / round.barePerSecond)),
    rounds: played,
  };
}

async function printBare(jobs: number, print: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  for (let count = 0; count < jobs; count += 1) await print();
  return (jobs / (performance.now() - startedAt)) * 1000;
}

async function printWithPlaten(world: World, database: Database, jobs: number): Promise<number> {
  const paperBefore = new Set(world.printer.printed().map(({ sha256 }) => sha256));
  const held = await fillQueue(world, database, jobs);
  const releasedAtMs = await release(world, held);
  await eventually(async () => (await countOpen(database)) === 0, {
    timeoutMs: PRINT_TIMEOUT_MS,
    what: 'every released job has ended',
  });
  checkPaper(world, jobs, paperBefore);
  const others = await database.number(`SELECT count(*) FROM jobs WHERE state NOT IN ('completed', 'pending-held')`);
  if (others !== 0) throw new Error(`${others} jobs were not completed`);
  const doubled = await database.number('SELECT count(*) - count(DISTINCT job_id) FROM print_attempts');
  if (doubled !== 0) throw new Error(`${doubled} jobs were sent more than once`);
  return await readRate(database, releasedAtMs);
}

/** Mails with many documents, so that filling is quick. Returns the ids of the held jobs. */
async function fillQueue(world: World, database: Database, jobs: number): Promise<string[]> {
  // Ids of version 7 grow with the time.
  const last = await database.text(`SELECT coalesce(max(id::text), '') FROM jobs`);
  for (let left = jobs; left > 0; left -= DOCUMENTS_PER_MAIL) {
    const documents = Math.min(left, DOCUMENTS_PER_MAIL);
    await deliverMails(world.dovecot, { count: 1, addresses: [PRINT_ROOM], documents });
  }
  const fresh = `FROM jobs WHERE state = 'pending-held' AND id::text > '${last}'`;
  const isFilled = async () => (await database.number(`SELECT count(*) ${fresh}`)) === jobs;
  await eventually(isFilled, { timeoutMs: 30_000, what: 'jobs are held' });
  const isPrepared = async () =>
    (await database.number(`SELECT count(*) ${fresh} AND prepare_due_at IS NOT NULL`)) === 0;
  await eventually(isPrepared, { timeoutMs: PREPARE_TIMEOUT_MS, what: 'the documents are prepared' });
  return (await database.text(`SELECT string_agg(id::text, ',' ORDER BY id) ${fresh}`)).split(',');
}

/** Returns the time by the wall clock after which every job was waiting for the printer. */
async function release(world: World, ids: readonly string[]): Promise<number> {
  await actOnEach(world, 'release', ids);
  return Date.now();
}

/** What intake was measured with would otherwise be prepared first, for minutes. */
async function cancelHeld(world: World, database: Database): Promise<void> {
  const held = `SELECT coalesce(string_agg(id::text, ','), '') FROM jobs WHERE state = 'pending-held'`;
  await actOnEach(world, 'cancel', (await database.text(held)).split(',').filter(Boolean));
}

async function actOnEach(world: World, act: 'release' | 'cancel', ids: readonly string[]): Promise<void> {
  const waiting = [...ids];
  const actor = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      await world.stage.api('POST', `/jobs/${id}/${act}`, {});
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, actor));
}

const countOpen = (database: Database): Promise<number> =>
  database.number(`SELECT count(*) FROM jobs WHERE state <> 'pending-held' AND ended_at IS NULL`);

/** From the first job that ended after the last release to the last one. */
async function readRate(database: Database, releasedAtMs: number): Promise<number> {
  const ended = `FROM jobs WHERE ended_at >= to_timestamp(${releasedAtMs / 1000})`;
  const count = await database.number(`SELECT count(*) ${ended}`);
  if (count < 10) throw new Error(`only ${count} jobs were left to print after the release: measure with more jobs`);
  const seconds = await database.number(`SELECT extract(epoch FROM max(ended_at) - min(ended_at)) ${ended}`);
  return (count - 1) / seconds;
}

/** Each document once, and no other. */
function checkPaper(world: World, jobs: number, before: ReadonlySet<string>): void {
  // The bare client's document is known already, or is printed between the rounds.
  const fresh = world.printer.printed().filter(({ sha256 }) => !before.has(sha256));
  const distinct = new Set(fresh.map(({ sha256 }) => sha256)).size;
  if (fresh.length !== jobs || distinct !== jobs) {
    throw new Error(`${fresh.length} papers of ${distinct} documents came out for ${jobs} jobs`);
  }
}
