/**
 * Documents of a folder, converted in the locked box one after the other in each lane, while it is watched how long other
 * work of the process has to wait. In `good/` every document is one that opens where it was made; in `bad/` none may
 * become pages; elsewhere either is right. Whatever happens ends with pages or with a reason that has its words.
 */
import { readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { adviceFor, titleFor } from '../../locales/locales.ts';
import { systemClock } from '../../server/base/clock.ts';
import { openLog } from '../../server/base/log.ts';
import type { Settings } from '../../server/base/settings.ts';
import { convert, type Kit, paceOf, recognize, SNIFF_BYTES } from '../../server/conversion/conversion.ts';
import { type Dice, startDice } from '../harness/dice.ts';

export type DocumentRun = {
  readonly folder: string;
  readonly seed: number;
  readonly say: (line: string) => void;
  /** No document is begun after this time. */
  readonly forMs?: number;
  /** At most that many of each ending. */
  readonly ofEachKind?: number;
};

type Sort = 'good' | 'bad' | 'other';

export type DocumentFigures = {
  readonly seed: number;
  readonly documents: number;
  readonly good: { readonly documents: number; readonly converted: number };
  readonly bad: { readonly documents: number; readonly refused: number };
  readonly reasons: Readonly<Record<string, number>>;
  /** What did not end as it should, each in one line. */
  readonly wrong: readonly string[];
  readonly eventLoopDelayP99Ms: number;
};

export async function runDocuments(run: DocumentRun): Promise<DocumentFigures> {
  const kit: Kit = { clock: systemClock, log: openLog('silent'), settings: {} as Settings };
  const dice = startDice(run.seed);
  const paths = chooseSample(listFiles(run.folder), dice, run.ofEachKind);
  run.say(`${paths.length} documents, seed ${run.seed}`);
  const reasons: Record<string, number> = {};
  const counts = { good: [0, 0], bad: [0, 0], other: [0, 0] };
  const wrong: string[] = [];
  const until = performance.now() + (run.forMs ?? Number.POSITIVE_INFINITY);
  const watch = watchEventLoop();
  const one = async (path: string) => {
    const sort = sortOf(path);
    const reason = await convertOne(kit, path);
    counts[sort][0] = (counts[sort][0] ?? 0) + 1;
    if (reason !== undefined) {
      counts[sort][1] = (counts[sort][1] ?? 0) + 1;
      reasons[reason] = (reasons[reason] ?? 0) + 1;
      if (!hasWords(reason)) wrong.push(`${path}: ${reason} has no words`);
    }
    const isWrong = sort === 'good' ? reason !== undefined : sort === 'bad' && reason === undefined;
    if (isWrong) wrong.push(`${path}: ${reason ?? 'converted'}`);
  };
  const lanes = await sortByLane(paths);
  const queue = async (waiting: string[]) => {
    for (let path = waiting.shift(); path !== undefined && performance.now() < until; path = waiting.shift()) {
      await one(path);
    }
  };
  await Promise.all(lanes.map(queue));
  const [good = 0, goodRefused = 0] = counts.good;
  const [bad = 0, badRefused = 0] = counts.bad;
  return {
    seed: run.seed,
    documents: good + bad + (counts.other[0] ?? 0),
    good: { documents: good, converted: good - goodRefused },
    bad: { documents: bad, refused: badRefused },
    reasons,
    wrong,
    eventLoopDelayP99Ms: watch.end(),
  };
}

/** As a mail does: what it is by its first bytes, then the conversion. Returns the reason if it became no pages. */
async function convertOne(kit: Kit, path: string): Promise<string | undefined> {
  const found = recognize(await readBeginning(path));
  if (found.kind === 'refused') return found.reason;
  if (found.kind === 'package') return 'document-unsupported';
  const made = await convert(kit, { path, format: found.format }, new AbortController().signal);
  if (made.kind === 'refused') return made.reason;
  await using converted = made;
  return converted.pages >= 1 ? undefined : 'no page was made';
}

async function readBeginning(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(SNIFF_BYTES), position: 0 });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** What waits for LibreOffice does not hold up the others, as in the server. */
async function sortByLane(paths: readonly string[]): Promise<string[][]> {
  const lanes: string[][] = [[], []];
  for (const path of paths) {
    const found = recognize(await readBeginning(path));
    lanes[found.kind === 'document' && paceOf(found.format) === 'slow' ? 1 : 0]?.push(path);
  }
  return lanes;
}

function listFiles(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.md'));
  return files.map((entry) => join(entry.parentPath, entry.name)).sort();
}

function sortOf(path: string): Sort {
  const folders = path.split(sep);
  return folders.includes('good') ? 'good' : folders.includes('bad') ? 'bad' : 'other';
}

function chooseSample(paths: readonly string[], dice: Dice, ofEachKind = Number.POSITIVE_INFINITY): string[] {
  const shuffled = paths.map((path) => ({ path, at: dice.roll() })).sort((left, right) => left.at - right.at);
  const seen = new Map<string, number>();
  return shuffled.flatMap(({ path }) => {
    const kind = `${sortOf(path)} ${path.split('.').at(-1)}`;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    return (seen.get(kind) ?? 0) <= ofEachKind ? [path] : [];
  });
}

function hasWords(reason: string): boolean {
  return (['en', 'it'] as const).every((language) =>
    [titleFor(language, reason, {}), adviceFor(language, reason, {})].every(
      (words) => words !== '' && words !== reason,
    ),
  );
}

const TICK_MS = 10;

/**
 * How long other work waits because of ours. What other programs take of the processor meanwhile is no fault of ours: of
 * each delay at most the processor time counts that this process has used in it.
 */
function watchEventLoop(): { end(): number } {
  const delays: number[] = [];
  let last = performance.now();
  let used = process.cpuUsage();
  const timer = setInterval(() => {
    const now = performance.now();
    const { user, system } = process.cpuUsage(used);
    delays.push(Math.min(Math.max(0, now - last - TICK_MS), (user + system) / 1000));
    last = now;
    used = process.cpuUsage();
  }, TICK_MS);
  return {
    end() {
      clearInterval(timer);
      delays.sort((left, right) => left - right);
      return delays[Math.floor(delays.length * 0.99)] ?? 0;
    },
  };
}
