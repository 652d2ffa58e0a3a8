/**
 * `npm run bench`: what Platen does in a second, in a millisecond and in a mebibyte, each beside a bare client.
 *
 *   --only a,c     only these parts: a intake, b delay, c printing, d memory, e start, f relay, g sending,
 *                  h the memory of a crowd, i lists and search among very many jobs, j mixed documents to paper,
 *                  k delivery to the first byte at the printer, l a backlog
 *   --rounds N     rounds of (a), (c), (f) and (g), 3 unless said
 *   --messages N   messages of a round of (a), (f) and (g), 1000 unless said; --jobs N jobs of one of (c); --mails N mails of (b) and (k);
 *                  --kept N jobs in the database of (i), 1000000 unless said; --mixed N documents of (j), 100 unless said;
 *                  --backlog N messages of (l), 10000 unless said
 *   --json FILE    writes the figures there, with those of every mail of (b)
 *   --profile DIR  leaves processor profiles of the server there, for the browser's developer tools; it slows it down
 *   --join FILES   takes over what earlier runs have written with --json, separated by commas; nothing else is measured
 *                  unless --only says so
 *   --write        writes docs/performance.md
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measureArchive } from './archive/archive.ts';
import { measureCrowd } from './crowd.ts';
import { measureDelays } from './delay.ts';
import { measureIdle, measureStarts } from './footprint.ts';
import { measureIntake } from './intake.ts';
import { describeMachine } from './machine.ts';
import { measureBacklog } from './mail/backlog.ts';
import { measureFirstBytes } from './mail/first-byte.ts';
import { measureMixed } from './mail/mixed.ts';
import { measurePrinting } from './printing.ts';
import { measureRelay } from './relay.ts';
import { joinResults, jsonOf, type Results, tableOfResults, withoutDetails, writeDocument } from './report.ts';
import { measureSending } from './sending.ts';
import { feedQueue, openDatabase, openWorld, say } from './world.ts';

const PARTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'] as const;
type Part = (typeof PARTS)[number];
const DEFAULTS = {
  rounds: '3',
  messages: '1000',
  jobs: '150',
  mails: '40',
  kept: '1000000',
  mixed: '100',
  backlog: '10000',
} as const;
type Plan = {
  readonly parts: ReadonlySet<Part>;
  readonly rounds: number;
  readonly messages: number;
  readonly jobs: number;
  readonly mails: number;
  readonly kept: number;
  readonly mixed: number;
  readonly backlog: number;
  readonly joined: readonly Results[];
  readonly jsonFile: string | undefined;
  readonly profileDir: string | undefined;
  readonly isWritten: boolean;
};

const plan = readPlan();
const startedAt = new Date();
if (plan.parts.size > 0) say(`Benchmark of ${[...plan.parts].join(', ')}: ${plan.rounds} rounds`);
const results = joinResults([...plan.joined, ...(plan.parts.size > 0 ? [await measure()] : [])]);
console.log(`${tableOfResults(results)}\n\n${jsonOf(withoutDetails(results))}`);
if (plan.jsonFile !== undefined) writeFileSync(plan.jsonFile, `${jsonOf(results)}\n`);
if (plan.isWritten) say(`written: ${writeDocument(results)}`);
say(`This took ${Math.round((Date.now() - startedAt.getTime()) / 1000)} s.`);
// What is borrowed from the tests has hooks of the test runner, which would print an empty result of its own.
process.exit(0);

function readPlan(): Plan {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: DEFAULTS.rounds },
      messages: { type: 'string', default: DEFAULTS.messages },
      jobs: { type: 'string', default: DEFAULTS.jobs },
      mails: { type: 'string', default: DEFAULTS.mails },
      kept: { type: 'string', default: DEFAULTS.kept },
      mixed: { type: 'string', default: DEFAULTS.mixed },
      backlog: { type: 'string', default: DEFAULTS.backlog },
      join: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const number = (name: keyof typeof DEFAULTS) => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a number from 1 on`);
    return value;
  };
  const joined = listOf(values.join).map((file) => JSON.parse(readFileSync(file, 'utf8')) as Results);
  const parts = listOf(values.only ?? (joined.length > 0 ? '' : PARTS.join(','))).map((name) => {
    const part = PARTS.find((known) => known === name.trim());
    if (part === undefined) throw new Error(`--only takes ${PARTS.join(',')}, not ${name}`);
    return part;
  });
  return {
    parts: new Set(parts),
    rounds: number('rounds'),
    messages: number('messages'),
    jobs: number('jobs'),
    mails: number('mails'),
    kept: number('kept'),
    mixed: number('mixed'),
    backlog: number('backlog'),
    joined,
    jsonFile: values.json,
    profileDir: values.profile === undefined ? undefined : resolve(values.profile),
    isWritten: values.write,
  };
}

function listOf(values = ''): string[] {
  return values.split(',').filter((value) => value !== '');
}

async function measure(): Promise<Results> {
  const machine = describeMachine();
  const delay = plan.parts.has('b') ? await measureDelays(plan.mails, plan.profileDir) : undefined;
  const firstByte = plan.parts.has('k') ? await measureFirstBytes(plan.mails, plan.profileDir) : undefined;
  const isShared = [...plan.parts].some((part) => part !== 'b' && part !== 'k');
  const others = isShared ? await measureOthers() : {};
  const command = ['npm run bench', ...shownOptions()].join(' ');
  return {
    at: startedAt.toISOString(),
    command,
    machine,
    ...others,
    ...(delay === undefined ? {} : { delay }),
    ...(firstByte === undefined ? {} : { firstByte }),
  };
}

/** What was asked for, without names of files, which concern nobody else. */
function shownOptions(): string[] {
  const { rounds, messages, jobs, mails, kept, mixed, backlog } = plan;
  const parts = plan.parts.size === PARTS.length ? [] : [`--only ${[...plan.parts].join(',')}`];
  const given = Object.entries({ rounds, messages, jobs, mails, kept, mixed, backlog })
    .filter(([name, value]) => String(value) !== DEFAULTS[name as keyof typeof DEFAULTS])
    .map(([name, value]) => `--${name} ${value}`);
  const all = [...parts, ...given, ...(plan.isWritten ? ['--write'] : [])];
  return all.length === 0 ? [] : ['--', ...all];
}

/** On one server, in the order of its life: idle, loaded, printing, started again. */
async function measureOthers(): Promise<Partial<Results>> {
  const { parts, rounds, messages, jobs } = plan;
  await using world = await openWorld({ profileDir: plan.profileDir });
  // A fresh process: the set-up has hashed passwords and asked for tokens, and leaves its traces in the memory.
  if (parts.has('d')) {
    await world.node.process.stop();
    await world.node.start();
  }
  const idleMiB = parts.has('d') ? await measureIdle(world) : undefined;
  const postgres = await readVersion();
  const isLoaded = parts.has('a') || parts.has('d');
  const intake = isLoaded ? await measureIntake(world, { messages, rounds: parts.has('a') ? rounds : 1 }) : undefined;
  const printing = parts.has('c') ? await measurePrinting(world, { jobs, rounds }) : undefined;
  const relay = parts.has('f') ? await measureRelay(world, { messages, rounds }) : undefined;
  const sending = parts.has('g') ? await measureSending(world, { messages, rounds }) : undefined;
  const crowd = parts.has('h') ? await measureCrowd(world) : undefined;
  const mixed = parts.has('j') ? await measureMixed(world, plan.mixed) : undefined;
  // What arrives from now on waits, so that printing disturbs nothing.
  if (parts.has('j')) await feedQueue(world, world.stage.queueId);
  const backlog = parts.has('l') ? await measureBacklog(world, plan.backlog) : undefined;
  const start = parts.has('e') ? await measureStarts(world) : undefined;
  // Last, because afterwards the database is another one.
  const archive = parts.has('i') ? await measureArchive(world, plan.kept) : undefined;
  return {
    postgres,
    ...(intake === undefined || !parts.has('a') ? {} : { intake }),
    ...(printing === undefined ? {} : { printing }),
    ...(idleMiB === undefined
      ? {}
      : { memory: { idleMiB, ...(intake === undefined ? {} : { peakMiB: intake.peakMiB }) } }),
    ...(relay === undefined ? {} : { relay }),
    ...(sending === undefined ? {} : { sending }),
    ...(crowd === undefined ? {} : { crowd }),
    ...(start === undefined ? {} : { start }),
    ...(mixed === undefined ? {} : { mixed }),
    ...(backlog === undefined ? {} : { backlog }),
    ...(archive === undefined ? {} : { archive }),
  };

  async function readVersion(): Promise<string> {
    await using database = await openDatabase(world);
    return await database.text('SHOW server_version');
  }
}
