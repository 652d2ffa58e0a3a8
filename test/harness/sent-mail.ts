/**
 * What must hold of outgoing mail whatever was killed: what a device heard 250 for is in the outbox and is accepted by
 * the outgoing server with the promised bytes; once, or once more for each time that its outcome was lost, and then it
 * says that it may be there twice.
 */
import assert from 'node:assert/strict';
import type { Accepted } from '../../simulator/smtp/ledger.ts';
import { PRINT_ROOM } from './mail.ts';
import type { Scan, Scanners } from './scans.ts';
import type { Row, Stage } from './stage.ts';
import { eventually } from './time.ts';

export type MailTally = {
  /** Handed in up to an answer of 250, and all that was begun. */
  readonly promised: number;
  readonly begun: number;
  /** In the outbox; among them those whose answer the device did not hear. */
  readonly kept: number;
  readonly accepted: number;
  readonly possiblyTwice: number;
  readonly acceptedTwice: number;
  readonly missing: number;
};

export async function readMessages(stage: Stage): Promise<Row[]> {
  return await stage.sql(
    `SELECT id, kind, subject, body, state, hold_reason, problem, possibly_twice, encode(sha256, 'hex') AS sha256,
       (SELECT count(*)::int FROM outbox_attempts WHERE message_id = outbox_messages.id
         AND verdict IN ('interrupted', 'uncertain')) AS unclear,
       (SELECT count(*)::int FROM outbox_attempts WHERE message_id = outbox_messages.id AND ended_at IS NULL) AS open
     FROM outbox_messages ORDER BY id`,
  );
}

/** Waits until everything in the outbox has been sent. */
export async function settleMail({ stage }: Scanners, options: { readonly timeoutMs?: number } = {}): Promise<void> {
  const isQuiet = async () => (await readMessages(stage)).every(({ state }) => state === 'sent');
  try {
    await eventually(isQuiet, { timeoutMs: options.timeoutMs ?? 120_000, what: 'everything is sent' });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${await tellMailStory(stage)}`, {
      cause: error,
    });
  }
}

export type MailCheck = {
  /**
   * A database that dies in a commit may have kept what it did not confirm: the device was told to come again, and has
   * one copy too many then, never one too few.
   */
  readonly commitsBroke?: boolean;
};

/** Throws with the whole story unless everything holds; else counts what there was. To be asked when all is settled. */
export async function checkMail(scanners: Scanners, check: MailCheck = {}): Promise<MailTally> {
  const { stage, scans } = scanners;
  const messages = await readMessages(stage);
  const accepted = Map.groupBy(stage.peers.practice.smtp.accepted(), ({ sha256 }) => sha256);
  const bySubject = Map.groupBy(messages, ({ subject }) => String(subject));
  const known = new Set(messages.map(({ sha256 }) => String(sha256)));
  const broken = [
    ...scans.flatMap((scan) => judgeScan(scan, bySubject.get(scan.mark) ?? [], check)),
    ...messages.flatMap((message) => judgeMessage(message, accepted.get(String(message.sha256)) ?? [])),
    ...scans.flatMap((scan) => judgeContent(stage, scan, { rows: bySubject.get(scan.mark) ?? [], accepted })),
    ...[...accepted.keys()].filter((sha256) => !known.has(sha256)).map((sha256) => `${sha256} was never kept`),
  ];
  if (broken.length > 0) assert.fail(`${broken.join('\n')}\n${await tellMailStory(stage)}`);
  const copies = [...accepted.values()];
  return {
    promised: scans.filter(({ id }) => id !== undefined).length,
    begun: scans.length,
    kept: messages.length,
    accepted: copies.flat().length,
    possiblyTwice: messages.filter((message) => message.possibly_twice === true).length,
    acceptedTwice: copies.filter((list) => list.length > 1).length,
    missing: 0,
  };
}

/** Each scan was handed in once: it has one row under the id that the device was told, or at most one untold. */
function judgeScan({ mark, id, answer }: Scan, rows: readonly Row[], { commitsBroke = false }: MailCheck): string[] {
  if (id === undefined) {
    if (rows.length > 1) return [`${mark} was handed in once and stands in the outbox ${rows.length} times`];
    return answer === undefined || rows.length === 0 || commitsBroke
      ? []
      : [`${mark} was answered ${answer} and kept all the same`];
  }
  if (rows.length === 1 && rows[0]?.id === id) return [];
  return [`${mark} was promised as ${id} and stands in the outbox as ${rows.map((row) => row.id).join() || 'nothing'}`];
}

/** Accepted as often as it may be, and marked when that may be more than once. */
export function judgeMessage(message: Row, copies: readonly Accepted[]): string[] {
  const { subject, state, open, unclear, possibly_twice: possiblyTwice } = message;
  const broken: string[] = [];
  if (state !== 'sent') broken.push(`${subject} is ${state} (${JSON.stringify(message.problem)})`);
  if (open !== 0) broken.push(`${subject} has ${open} open attempts`);
  if (copies.length === 0) broken.push(`${subject} was never accepted`);
  if (copies.length > 1 + Number(unclear)) {
    broken.push(`${subject} was accepted ${copies.length} times after ${unclear} lost outcomes`);
  }
  if (possiblyTwice !== Number(unclear) > 0) {
    broken.push(`${subject} is ${possiblyTwice ? '' : 'not '}possibly twice after ${unclear} lost outcomes`);
  }
  return broken;
}

type Kept = { readonly rows: readonly Row[]; readonly accepted: ReadonlyMap<string, readonly Accepted[]> };

/** The envelope and the body arrive as the device gave them, whatever the header became. */
function judgeContent({ peers }: Stage, { mark, recipient, body }: Scan, { rows, accepted }: Kept): string[] {
  const copies = rows.flatMap(({ sha256 }) => accepted.get(String(sha256)) ?? []);
  return copies.flatMap(({ id, sender, recipients }) => {
    const content = peers.practice.smtp.findContent(id)?.toString('latin1') ?? '';
    if (!content.endsWith(`\r\n\r\n${body}`)) return [`the body of ${mark} was changed on its way`];
    const envelope = `${sender} to ${recipients.join()}`;
    return envelope === `${PRINT_ROOM} to ${recipient}` ? [] : [`${mark} went from ${envelope}`];
  });
}

const STORY_ROWS = 100;
const STORY_LOG_CHARS = 8_000;

export async function tellMailStory(stage: Stage): Promise<string> {
  const tables = {
    unsent: `SELECT id, subject, state, hold_reason, problem, attempts, due_at, possibly_twice FROM outbox_messages
      WHERE state <> 'sent' ORDER BY id DESC`,
    attempts: 'SELECT * FROM outbox_attempts ORDER BY started_at DESC',
    pace: 'SELECT * FROM pace_buckets',
    leases: 'SELECT *, expires_at > clock_timestamp() AS held FROM leases',
    connections: 'SELECT id, state FROM connections',
    journal: 'SELECT at, type, subject_id, data FROM journal ORDER BY id DESC',
  };
  const parts: string[] = [];
  for (const [name, query] of Object.entries(tables)) {
    const rows = await stage.sql(`${query} LIMIT ${STORY_ROWS}`).catch((error: unknown) => [{ error: String(error) }]);
    parts.push(`== ${name}`, ...rows.map((row) => JSON.stringify(row)));
  }
  parts.push('== submission server', JSON.stringify(stage.peers.practice.smtp.counters));
  for (const node of stage.nodes) parts.push(`== node ${node.name}`, node.output().slice(-STORY_LOG_CHARS));
  return parts.join('\n');
}
