/** The figures as a table, as JSON, and as `docs/performance.md`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ArchiveFigures } from './archive/archive.ts';
import type { ScreenFigures } from './archive/screen.ts';
import { type CrowdFigures, MOST_ABOVE_IDLE_MIB } from './crowd.ts';
import type { DelayFigures } from './delay.ts';
import { spreadOf, type TableRow, tableOf, written } from './figures.ts';
import type { Memory, StartFigures } from './footprint.ts';
import type { IntakeFigures } from './intake.ts';
import type { Machine } from './machine.ts';
import type { BacklogFigures } from './mail/backlog.ts';
import type { FirstByteFigures } from './mail/first-byte.ts';
import { linesOfMail } from './mail/lines.ts';
import type { MixedFigures } from './mail/mixed.ts';
import type { PrintingFigures } from './printing.ts';
import type { RelayFigures } from './relay.ts';
import type { SendingFigures } from './sending.ts';

export type Results = {
  readonly at: string;
  readonly command: string;
  readonly machine: Machine;
  readonly postgres?: string;
  readonly intake?: IntakeFigures;
  readonly delay?: DelayFigures;
  readonly printing?: PrintingFigures;
  readonly memory?: { readonly idleMiB: Memory; readonly peakMiB?: Memory };
  readonly start?: StartFigures;
  readonly relay?: readonly RelayFigures[];
  readonly sending?: SendingFigures;
  readonly crowd?: CrowdFigures;
  readonly archive?: ArchiveFigures;
  readonly mixed?: MixedFigures;
  readonly firstByte?: FirstByteFigures;
  readonly backlog?: BacklogFigures;
};

/** Parts that were measured one by one on the same machine; of a part that was measured twice the later one counts. */
export function joinResults(all: readonly Results[]): Results {
  const [first, ...more] = all.toSorted((one, other) => one.at.localeCompare(other.at));
  if (first === undefined) throw new Error('there is nothing to be joined');
  if (more.length === 0) return first;
  const [of, ...others] = all.map(({ machine }) => `${machine.processor}, ${machine.cores} cores, ${machine.node}`);
  if (others.some((other) => other !== of)) throw new Error('they were measured on different machines');
  const loadBefore = Math.max(...all.map(({ machine }) => machine.loadBefore));
  const machine = { ...first.machine, loadBefore };
  return Object.assign({}, first, ...more, {
    at: first.at,
    machine,
    command: 'npm run bench -- --only …, part by part',
  });
}

/** What is aimed at. A figure is compared with the first number; the text is what people read. */
type Aim = { readonly limit: number; readonly better: 'more' | 'less'; readonly text: string };
const atLeast = (limit: number, text = `at least ${limit}`): Aim => ({ limit, better: 'more', text });
const atMost = (limit: number, unit: string): Aim => ({ limit, better: 'less', text: `at most ${limit} ${unit}` });

export type Line = { readonly what: string; readonly value: number; readonly unit: string; readonly aim?: Aim };

/** Processes that want to run on a machine that does nothing else but what every system does. */
const QUIET_LOAD = 0.5;
const HEAD: TableRow = ['Figure', 'Measured', 'Aim', 'Reached'];

export function tableOfResults(results: Results): string {
  const lines = [
    ...linesOfIntake(results.intake),
    ...linesOfDelay(results.delay),
    ...linesOfPrinting(results.printing),
    ...linesOfMemory(results.memory),
    ...linesOfStart(results.start),
    ...linesOfRelay(results.relay),
    ...linesOfSending(results.sending),
    ...linesOfCrowd(results.crowd),
    ...linesOfArchive(results.archive),
    ...linesOfMail(results),
  ];
  return tableOf(HEAD, lines.map(rowOf));
}

function rowOf({ what, value, unit, aim }: Line): TableRow {
  const measured = unit === '' ? written(value) : `${written(value)} ${unit}`;
  if (aim === undefined) return [what, measured, '', ''];
  const isReached = aim.better === 'more' ? value >= aim.limit : value <= aim.limit;
  return [what, measured, aim.text, isReached ? 'yes' : 'no'];
}

function linesOfIntake(intake: IntakeFigures | undefined): Line[] {
  if (intake === undefined) return [];
  const { perSecond, cpuMsPerMessage } = intake;
  return [
    { what: '(a) intake into committed jobs', value: perSecond.platen, unit: 'messages/s' },
    { what: '(a) bare ImapFlow loop, one by one', value: perSecond.bare, unit: 'messages/s' },
    { what: '(a) fetchmail into /dev/null', value: perSecond.fetchmail, unit: 'messages/s' },
    {
      what: '(a) ratio to the bare loop',
      value: intake.ratioToBare,
      unit: '',
      aim: atLeast(0.5, 'at least 0.5, wanted 0.6'),
    },
    { what: '(a) ratio to fetchmail', value: intake.ratioToFetchmail, unit: '', aim: atLeast(1) },
    { what: '(a) processor time of Platen', value: cpuMsPerMessage.platen, unit: 'ms/message' },
    { what: '(a) processor time of PostgreSQL', value: cpuMsPerMessage.postgres, unit: 'ms/message' },
  ];
}

function linesOfDelay(delay: DelayFigures | undefined): Line[] {
  if (delay === undefined) return [];
  const { fromExistsMs, fromDeliveryMs } = delay;
  return [
    { what: '(b) EXISTS to committed job, median', value: fromExistsMs.median, unit: 'ms', aim: atMost(40, 'ms') },
    {
      what: '(b) EXISTS to committed job, 95th percentile',
      value: fromExistsMs.p95,
      unit: 'ms',
      aim: atMost(100, 'ms'),
    },
    { what: '(b) delivery to committed job, median', value: fromDeliveryMs.median, unit: 'ms' },
    { what: '(b) delivery to committed job, 95th percentile', value: fromDeliveryMs.p95, unit: 'ms' },
  ];
}

function linesOfPrinting(printing: PrintingFigures | undefined): Line[] {
  if (printing === undefined) return [];
  return [
    { what: '(c) jobs into ippeveprinter', value: printing.platenPerSecond, unit: 'jobs/s' },
    { what: '(c) bare client, Create-Job and Send-Document', value: printing.barePerSecond, unit: 'jobs/s' },
    { what: '(c) bare client, Print-Job', value: printing.barePrintJobPerSecond, unit: 'jobs/s' },
    { what: '(c) ratio to the bare client', value: printing.ratioToBare, unit: '', aim: atLeast(0.9) },
  ];
}

function linesOfMemory(memory: Results['memory']): Line[] {
  if (memory === undefined) return [];
  const { idleMiB, peakMiB } = memory;
  const idle: Line[] = [
    { what: '(d) Platen, idle (PSS)', value: idleMiB.platen, unit: 'MiB', aim: atMost(110, 'MiB') },
    { what: '(d) Platen, idle, where nothing else runs this Node', value: idleMiB.platenAlone, unit: 'MiB' },
    { what: '(d) PostgreSQL, idle (PSS)', value: idleMiB.postgres, unit: 'MiB', aim: atMost(35, 'MiB') },
  ];
  if (peakMiB === undefined) return idle;
  // Not by what is shared: another Node that ends in between would look like growth.
  const above = peakMiB.platenAlone - idleMiB.platenAlone;
  return [
    ...idle,
    { what: '(d) Platen above idle at the peak of (a)', value: above, unit: 'MiB', aim: atMost(100, 'MiB') },
    { what: '(d) PostgreSQL at the peak of (a)', value: peakMiB.postgres, unit: 'MiB' },
  ];
}

function linesOfStart(start: StartFigures | undefined): Line[] {
  if (start === undefined) return [];
  return [
    { what: '(e) start to ready, existing data', value: start.seconds, unit: 's', aim: atMost(1.5, 's') },
    { what: '(e) SIGTERM to end', value: start.stopSeconds, unit: 's' },
  ];
}

function linesOfRelay(relay: Results['relay'] = []): Line[] {
  return relay.flatMap(({ name, platenPerSecond, postfixPerSecond, ratio }) => [
    { what: `(f) relay, messages of ${name}`, value: platenPerSecond, unit: 'messages/s' },
    { what: `(f) Postfix into its hold queue, ${name}`, value: postfixPerSecond, unit: 'messages/s' },
    { what: `(f) ratio to Postfix, ${name}`, value: ratio, unit: '', aim: atLeast(0.8, 'at least 0.8, wanted 1') },
  ]);
}

function linesOfCrowd(crowd: CrowdFigures | undefined): Line[] {
  if (crowd === undefined) return [];
  const above = crowd.peakMiB - crowd.idleMiB;
  return [
    { what: '(h) Platen, idle (RSS)', value: crowd.idleMiB, unit: 'MiB' },
    {
      what: '(h) above idle while 100 devices send',
      value: above,
      unit: 'MiB',
      aim: atMost(MOST_ABOVE_IDLE_MIB, 'MiB'),
    },
    { what: '(h) messages of 2 MB taken meanwhile', value: crowd.perSecond, unit: 'messages/s' },
  ];
}

/** What a person feels as at once. */
const MOST_OF_AN_ANSWER_MS = 50;

function linesOfArchive(archive: ArchiveFigures | undefined): Line[] {
  if (archive === undefined) return [];
  const aim = atMost(MOST_OF_AN_ANSWER_MS, 'ms');
  const kinds = Object.entries(archive.kinds).map(([kind, { p95 }]) => ({
    what: `(i) ${kind}, 95th percentile`,
    value: p95,
    unit: 'ms',
    aim,
  }));
  return [
    { what: '(i) jobs in the database', value: archive.jobs, unit: 'jobs' },
    ...kinds,
    { what: '(i) all of these, median', value: archive.all.median, unit: 'ms' },
    { what: '(i) all of these, 95th percentile', value: archive.all.p95, unit: 'ms', aim },
    ...linesOfScreen(archive.screen),
  ];
}

function linesOfScreen(screen: ScreenFigures): Line[] {
  const { firstLoadKiB, interactiveMs, listMs, nextPageMs, drawnRows, codeMs, changeMs } = screen;
  return [
    {
      what: '(i) first load of the web interface, compressed',
      value: firstLoadKiB,
      unit: 'KiB',
      aim: atMost(250, 'KiB'),
    },
    { what: '(i) interactive on the same machine after', value: interactiveMs, unit: 'ms' },
    { what: '(i) list of jobs on the screen, median', value: listMs, unit: 'ms', aim: atMost(1000, 'ms') },
    { what: '(i) its next hundred while scrolling, median', value: nextPageMs, unit: 'ms' },
    { what: '(i) rows in the browser after 2,000', value: drawnRows, unit: 'rows' },
    { what: '(i) code of Microsoft visible after OK, median', value: codeMs, unit: 'ms', aim: atMost(1000, 'ms') },
    { what: '(i) change by somebody else seen, median', value: changeMs, unit: 'ms', aim: atMost(1000, 'ms') },
  ];
}

function linesOfSending(sending: SendingFigures | undefined): Line[] {
  if (sending === undefined) return [];
  return [
    { what: '(g) sending from a full outbox', value: sending.platenPerSecond, unit: 'messages/s' },
    { what: '(g) bare pooled Nodemailer', value: sending.barePerSecond, unit: 'messages/s' },
    { what: '(g) ratio to Nodemailer', value: sending.ratio, unit: '', aim: atLeast(0.7) },
    { what: '(g) processor time of Platen', value: sending.cost.platenMs, unit: 'ms/message' },
    { what: '(g) processor time of PostgreSQL', value: sending.cost.postgresMs, unit: 'ms/message' },
    { what: '(g) processor time of bare Nodemailer', value: sending.cost.bareMs, unit: 'ms/message' },
    { what: '(g) commits', value: sending.cost.commits, unit: 'a message' },
    { what: '(g) syncs of the log', value: sending.cost.syncs, unit: 'a message' },
  ];
}

export function writeDocument(results: Results): string {
  const path = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
  writeFileSync(path, documentOf(results, keptSections(readFileSync(path, 'utf8'))));
  return path;
}

/** What tests count, in a browser or in the texts, is not measured here, and is kept as it stands. */
export function keptSections(page: string): string {
  const sections = page.matchAll(/^## (?:The way of a newcomer|The twelve measures)\n[\s\S]*?(?=^## )/gm);
  return [...sections].map(([section]) => section).join('');
}

function documentOf(results: Results, kept: string): string {
  return `# Performance

This page is written by \`npm run bench -- --write\`; what stands here was measured on the machine below, at that time.

${busyNote(results)}${tableOfResults(results)}

${kept}## The machine

${tableOf(['What', 'Value'], rowsOfMachine(results))}

${HOW_IT_IS_MEASURED}

## Noise

${noiseOf(results)}

## The figures as JSON

\`\`\`json
${jsonOf(withoutDetails(results))}
\`\`\`
`;
}

/** Other work on the machine makes every figure worse, and those of two processes that talk to each other most. */
function busyNote({ machine }: Results): string {
  if (machine.loadBefore <= QUIET_LOAD) return '';
  const load = written(machine.loadBefore);
  return `**The machine was busy when this was measured** (load ${load} on ${machine.cores} cores before the start): the
times are those of a machine with other work, and even the ratios are rough.\n\n`;
}

function rowsOfMachine({ machine, at, command, postgres }: Results): TableRow[] {
  return [
    ['date', at.slice(0, 10)],
    ['command', `\`${command}\``],
    ['processor', `${machine.processor}, ${machine.cores} cores`],
    ['memory', `${machine.memoryGiB} GiB`],
    ['disk', `${machine.disk}; a durable write of 8 KiB takes ${written(machine.syncMs)} ms`],
    ['kernel', machine.kernel],
    ['Node', machine.node],
    ['PostgreSQL', postgres === undefined ? 'not asked' : `${postgres}, embedded, fsync on`],
    ['Dovecot', machine.dovecot],
    ['load before the start', written(machine.loadBefore)],
  ];
}

/** One line per figure of rounds: how far they lay apart. */
function noiseOf({ intake, printing, start, relay = [], sending }: Results): string {
  const spreads: [string, readonly number[]][] = [];
  if (intake !== undefined) {
    spreads.push(['intake, Platen', intake.rounds.map((round) => round.platenSeconds)]);
    spreads.push(['intake, bare loop', intake.rounds.map((round) => round.bareSeconds)]);
    spreads.push(['intake, fetchmail', intake.rounds.map((round) => round.fetchmailSeconds)]);
  }
  if (printing !== undefined) {
    spreads.push(['printing, Platen', printing.rounds.map((round) => round.platenPerSecond)]);
    spreads.push(['printing, bare client', printing.rounds.map((round) => round.barePerSecond)]);
  }
  if (start !== undefined) spreads.push(['start', start.each]);
  for (const { name, rounds } of relay) {
    spreads.push([`relay, Platen, ${name}`, rounds.map((round) => round.platenSeconds)]);
    spreads.push([`relay, Postfix, ${name}`, rounds.map((round) => round.postfixSeconds)]);
  }
  if (sending !== undefined) {
    spreads.push(['sending, Platen', sending.rounds.map((round) => round.platenPerSecond)]);
    spreads.push(['sending, Nodemailer', sending.rounds.map((round) => round.barePerSecond)]);
  }
  const rows = spreads.map(([what, values]) => [
    what,
    String(values.length),
    `${Math.round(spreadOf(values) * 100)} %`,
  ]);
  return `Ratios are medians over the rounds of one run; a ratio is to be read to one significant step, not to its last
digit. The slowest and the fastest round lay this far apart, as a share of the median:

${tableOf(['What', 'Rounds', 'Spread'], rows)}`;
}

/** The delays of single mails are too many to print; their percentiles stay. */
export function withoutDetails(results: Results): Omit<Results, 'delay'> {
  const { delay, ...others } = results;
  if (delay === undefined) return others;
  const { each: _each, ...percentiles } = delay;
  return { ...others, ...{ delay: percentiles } };
}

/** With no more digits than anybody needs. */
export function jsonOf(results: Omit<Results, 'delay'>): string {
  const rounded = (_name: string, value: unknown) =>
    typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
  return JSON.stringify(results, rounded, 2);
}

const HOW_IT_IS_MEASURED = `## How it is measured

The server is the real one, a process of its own with its embedded PostgreSQL, fsync on; the mail server is a Dovecot on
the same machine, spoken to over TLS with a token that it has introspected; the printer is \`ippeveprinter\`. What is
compared runs in turns with Platen in the same run. After each round the rows are counted: nothing may be lost and
nothing doubled, in the database, in the mailbox and on paper; otherwise the run fails.

- **(a)** 1,000 messages with a PDF of 100 KiB each, delivered beforehand, over one connection: from the login to the
  commit of the last job. Platen also stores the documents durably and moves the messages; the bare loop only fetches
  them one by one, and fetchmail writes them to \`/dev/null\`; neither parses, stores or moves anything.
- **(b)** Single mails about a second apart. EXISTS is seen on the wire between server and Platen. Delivery is the moment
  in which the server has taken the mail; Dovecot itself waits up to half a second before it tells anybody.
- **(c)** Held jobs with a prepared document of 100 KiB each are released, and those count that end after the last release. The
  bare client uses the same operations over one kept connection and writes down nothing. The printer's command ends at
  once.
- **(d)** The proportional set size: memory that several processes share is divided among them. The program of Node is
  shared with the benchmark, which runs the same one; the line below it counts that program in full. Idle is ten seconds
  after the start, with the mailbox being watched.
- **(e)** From the start of the process to the line that says that it is ready, on the data that (a) left.
- **(f)** \`smtp-source\` hands in messages over 20 sessions, a connection for each message, and waits for every answer:
  both have the message durably on the same disk when they say 250. 1,000 messages of 10 KB, 50 of 2 MB. Postfix puts
  them into its hold queue, Platen into its outbox without a way out, so that neither sends meanwhile.
- **(g)** Messages of 10 KB that wait in the outbox leave through a classic server, \`smtp-sink\`, to which Platen opens
  ten sessions without pacing; counted from the first that left to the last. Nodemailer sends as many from memory over
  as many connections and writes nothing down. Processor time tells more than the ratio on a machine with other work;
  commits and syncs are what the database has counted.
- **(h)** \`smtp-source\` keeps 100 connections open at once and hands in 20 messages of 2 MB over each. The resident
  set of the server is read every 50 ms; idle is five seconds after a start.
- **(i)** A database with a million jobs of two years, 800,000 messages and seven million events, made by the database
  itself; then one question after the other through the API, a hundred of each kind, each about another job. The times
  are those of the client, with the way through HTTP. On the screen it is Chromium with nothing kept: the first load as
  it travels, the list of jobs from its address to its first row ten times, and twenty pages of it by scrolling. A code is
  counted from OK in the form to its eight letters, five times; a change from the call of the API that makes it to its word
  in a list that is open, ten times.
- **(j)** Mails arrive one after the other, of a hundred 40 with a PDF, 25 with a picture, 15 with an office document, 10 with
  a text and 10 with a page, from the test corpus or made; counted from the first delivery to the end of the last job.
  Something is being converted when at least one document is.
- **(k)** Single mails with a page in PDF, for a queue that prints at once, to an idle server. The first byte of the document is
  seen on the wire before the printer, EXISTS on the wire before the mail server.
- **(l)** Messages with a PDF of 10 KB lie in a mailbox that is switched on; counted until the last one has its job
  and is moved. Memory as in (d), from a fresh start; documents are prepared meanwhile.`;
