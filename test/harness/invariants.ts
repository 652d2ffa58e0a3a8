/**
 * What must hold whatever was killed, frozen or cut: every delivered mail has exactly one visible outcome, every document
 * of it exactly one job in exactly one state, and every job exactly one sheet of paper, unless it says that its outcome
 * is unknown: then one or none.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HELD_FOLDER, KNOWN_SENDERS, type Mail, PRINT_ROOM, sha256Of } from './mail.ts';
import type { Row, Stage } from './stage.ts';
import { eventually } from './time.ts';

const ENDED = ['completed', 'canceled', 'aborted'];
const FOLDERS = { done: 'Platen/Done', refused: 'Platen/Refused', failed: 'Platen/Failed' } as const;

export type Tally = {
  readonly mails: number;
  readonly jobs: number;
  readonly sheets: number;
  readonly unknown: number;
  readonly lost: number;
  readonly printedTwice: number;
};

/** How often each document came out, by the digest of what its job prints. */
export type Sheets = ReadonlyMap<string, number>;

type Facts = { readonly messages: Row[]; readonly jobs: Row[]; readonly open: Row[]; readonly files: Row[] };

async function readFacts(stage: Stage): Promise<Facts> {
  const messages = await stage.sql('SELECT * FROM incoming_messages ORDER BY received_at');
  const jobs = await stage.sql(
    `SELECT jobs.*, encode(original.sha256, 'hex') AS sha256, encode(prepared.sha256, 'hex') AS printed_sha256
     FROM jobs LEFT JOIN spool_files original ON original.id = jobs.original_id
     LEFT JOIN spool_files prepared ON prepared.id = jobs.document_id ORDER BY jobs.id`,
  );
  const open = await stage.sql('SELECT * FROM print_attempts WHERE ended_at IS NULL');
  const files = await stage.sql(`SELECT id, bytes, encode(sha256, 'hex') AS sha256 FROM spool_files`);
  return { messages, jobs, open, files };
}

/** Waits until nothing is left to do: the mailbox is empty and no job is on its way. */
export async function settle(stage: Stage, options: { readonly timeoutMs?: number } = {}): Promise<void> {
  const isQuiet = async () => {
    if (['INBOX', HELD_FOLDER].some((folder) => stage.peers.listFolder(PRINT_ROOM, folder).length > 0)) return false;
    const { messages, jobs, open } = await readFacts(stage);
    if (messages.length < stage.mails.length || open.length > 0) return false;
    return messages.every((row) => row.moved_at !== null) && jobs.every(isOver);
  };
  try {
    await eventually(isQuiet, { timeoutMs: options.timeoutMs ?? 60_000, what: 'nothing is left to do' });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${await tellStory(stage)}`, { cause: error });
  }
}

/** What is held waits for a person, not for Platen. */
function isOver(job: Row): boolean {
  const isHeld = job.state === 'pending-held' && job.prepare_due_at === null;
  return ENDED.includes(String(job.state)) || isUnknown(job) || isHeld;
}

function isUnknown(job: Row): boolean {
  return job.state === 'processing-stopped' && (job.reasons as string[]).includes('outcome-unknown');
}

/**
 * Throws with the whole story unless everything holds; else counts what there was. To be asked when all is settled.
 * Without `paper` each document comes out as it was prepared, in one piece.
 */
export async function checkInvariants(stage: Stage, paper?: Sheets): Promise<Tally> {
  const facts = await readFacts(stage);
  const sheets = paper ?? countBy(stage.peers.paper().map(({ sha256 }) => sha256));
  const entries = readdirSync(stage.spoolDir, { recursive: true, withFileTypes: true });
  const paths = new Map(entries.map((entry) => [entry.name, join(entry.parentPath, entry.name)]));
  const broken = [
    ...stage.mails.flatMap((mail) => judgeMail(stage, facts, mail)),
    ...facts.jobs.flatMap((job) => judgeJob(job, sheets)),
    ...judgeStrays(stage, facts, sheets),
    ...facts.open.map((attempt) => `attempt ${attempt.id} of job ${attempt.job_id} is still open`),
    ...facts.files.flatMap((file) => judgeFile(paths, file)),
  ];
  if (broken.length > 0) assert.fail(`${broken.join('\n')}\n${await tellStory(stage)}`);
  return {
    mails: stage.mails.length,
    jobs: facts.jobs.length,
    sheets: stage.peers.paper().length,
    unknown: facts.jobs.filter(isUnknown).length,
    lost: 0,
    printedTwice: 0,
  };
}

function judgeMail(stage: Stage, { messages, jobs }: Facts, mail: Mail): string[] {
  const broken: string[] = [];
  const isKnown = (KNOWN_SENDERS as readonly string[]).includes(mail.sender);
  const outcome = isKnown && mail.documents.length > 0 ? 'done' : 'refused';
  const rows = messages.filter((row) => String(row.message_id ?? '').includes(`${mail.mark}@`));
  if (rows.length !== 1) broken.push(`${mail.mark} has ${rows.length} rows`);
  for (const row of rows) if (row.outcome !== outcome) broken.push(`${mail.mark} is ${row.outcome}, not ${outcome}`);
  for (const folder of ['INBOX', HELD_FOLDER, ...Object.values(FOLDERS)]) {
    const copies = stage.peers.listFolder(PRINT_ROOM, folder).filter((id) => id.startsWith(`${mail.mark}@`)).length;
    const expected = folder === FOLDERS[outcome] ? 1 : 0;
    if (copies !== expected) broken.push(`${mail.mark} lies ${copies} times in ${folder}, not ${expected}`);
  }
  const ids = rows.map((row) => row.id);
  const made = jobs.filter((job) => ids.includes(job.message_id)).map((job) => String(job.sha256));
  const wanted = outcome === 'done' ? mail.documents.map(({ sha256 }) => sha256) : [];
  if (made.sort().join() !== [...wanted].sort().join()) {
    broken.push(`${mail.mark} made ${made.length} jobs for ${wanted.length} documents, or for others than its own`);
  }
  return broken;
}

function judgeJob(job: Row, sheets: Sheets): string[] {
  const count = sheets.get(String(job.printed_sha256)) ?? 0;
  if (isUnknown(job)) return count <= 1 ? [] : [`job ${job.id} is outcome-unknown and was printed ${count} times`];
  if (job.state !== 'completed') return [`job ${job.id} is ${job.state} (${String(job.reasons)})`];
  return count === 1 ? [] : [`job ${job.id} is completed and was printed ${count} times`];
}

/** Paper and jobs that belong to no mail. */
function judgeStrays(stage: Stage, { jobs }: Facts, sheets: Sheets): string[] {
  const mailed = new Set(stage.mails.flatMap((mail) => mail.documents.map(({ sha256 }) => sha256)));
  const prepared = new Set(jobs.map((job) => String(job.printed_sha256)));
  return [
    ...[...sheets.keys()].filter((sha256) => !prepared.has(sha256)).map((sha256) => `paper ${sha256} is of no job`),
    ...jobs.filter((job) => !mailed.has(String(job.sha256))).map((job) => `job ${job.id} prints what was never mailed`),
  ];
}

function judgeFile(paths: ReadonlyMap<string, string>, file: Row): string[] {
  const id = String(file.id);
  const path = paths.get(id);
  if (path === undefined) return [`the bytes of ${id} are gone`];
  return sha256Of(readFileSync(path)) === file.sha256 ? [] : [`the bytes of ${id} are not what was kept`];
}

function countBy(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

const STORY_ROWS = 200;
const STORY_LOG_CHARS = 12_000;

/** Everything that explains a failure: rows, journal, the other parties' view and what the servers said. */
export async function tellStory(stage: Stage): Promise<string> {
  const tables = {
    messages: 'SELECT id, message_id, uid, outcome, reason, job_count, received_at, moved_at FROM incoming_messages',
    jobs: 'SELECT id, message_id, title, state, reasons, problem, due_at FROM jobs ORDER BY id DESC',
    attempts: 'SELECT * FROM print_attempts ORDER BY started_at DESC',
    leases: 'SELECT *, expires_at > clock_timestamp() AS held FROM leases',
    mailboxes: 'SELECT id, state, problem FROM mailboxes',
    printers: 'SELECT id, state, reasons, problem FROM printers',
    journal: 'SELECT at, type, subject_id, data FROM journal ORDER BY id DESC',
  };
  const parts: string[] = [];
  for (const [name, query] of Object.entries(tables)) {
    const rows = await stage.sql(`${query} LIMIT ${STORY_ROWS}`).catch((error: unknown) => [{ error: String(error) }]);
    parts.push(`== ${name}`, ...rows.map((row) => JSON.stringify(row)));
  }
  const inbox = stage.peers.listFolder(PRINT_ROOM, 'INBOX');
  parts.push('== INBOX', inbox.join(' '), '== the other parties', stage.peers.log());
  for (const node of stage.nodes) {
    parts.push(
      `== node ${node.name} ${node.isRunning ? 'runs' : 'does not run'}`,
      node.output().slice(-STORY_LOG_CHARS),
    );
  }
  return parts.join('\n');
}
