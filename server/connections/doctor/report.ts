/**
 * What a check of a connection found, as it grows: each test is written when it ends, so that every node and the live
 * screen can show it, and a check that was cut off by a restart is known as such.
 */
import { sql } from 'kysely';
import { MINUTE_MS } from '../../base/clock.ts';
import { newId } from '../../base/secrets.ts';
import { record } from '../../journal/journal.ts';
import type { Context } from '../../store/database.ts';
import type { Problem } from '../../store/schema.ts';
import { transaction } from '../../store/transaction.ts';
import { getRow } from '../connection.ts';

/** In the order in which they run. */
export const TESTS = [
  'tenant',
  'registration',
  'public-client',
  'clock',
  'account',
  'permissions',
  'token',
  'reach',
  'imap',
  'imap-folders',
  'pop3',
  'smtp',
  'message',
  'shared-mailbox',
] as const;
export type TestName = (typeof TESTS)[number];

/**
 * Why a test did not run: nobody asked for it, the connection is not for this use, no mailbox of it is read, the use is no
 * part of what was confirmed, or another test must pass first.
 */
export type Because = 'not-wanted' | 'not-chosen' | 'not-read' | 'not-granted' | 'stopped' | `needs-${TestName}`;

export type CheckTest = {
  readonly test: TestName;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly because?: Because;
  readonly problem?: Problem;
  /** What was seen, in words that need no translation: versions, counts, addresses. */
  readonly facts?: Readonly<Record<string, string | number>>;
  readonly durationMs?: number;
};

export type CheckState = 'running' | 'finished' | 'stopped';

export type CheckReport = {
  readonly id: string;
  readonly state: CheckState;
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly tests: readonly CheckTest[];
};

/** All tests of a check together take less; one that is still running after this was cut off. */
export const LONGEST_CHECK_MS = 5 * MINUTE_MS;

/** Begins a report; one that still runs is replaced, and its runner notices. Throws `not-found`. */
export async function openReport(context: Context, connectionId: string): Promise<CheckReport> {
  await getRow(context, connectionId);
  const startedAt = context.clock.now().toISOString();
  const report: CheckReport = { id: newId(), state: 'running', startedAt, tests: [] };
  await context.db
    .updateTable('connections')
    .set({ checks: JSON.stringify(report) })
    .where('id', '=', connectionId)
    .execute();
  return report;
}

/**
 * Writes a report and, with a test that ended, tells the live screen. False when another check has taken its place or
 * somebody stopped it: then nothing was written.
 */
export async function writeReport(
  context: Context,
  connectionId: string,
  next: { readonly report: CheckReport; readonly ended?: CheckTest },
): Promise<boolean> {
  const { report, ended } = next;
  return await transaction(context, async (context) => {
    const { numUpdatedRows } = await context.db
      .updateTable('connections')
      .set({ checks: JSON.stringify(report) })
      .where('id', '=', connectionId)
      .where(sql`checks->>'id'`, '=', report.id)
      .where(sql`checks->>'state'`, '=', 'running')
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    const data =
      ended === undefined
        ? { checkId: report.id, state: report.state }
        : { checkId: report.id, test: ended.test, outcome: ended.outcome, problem: ended.problem?.code ?? null };
    await record(context, 'connection-tested', { subjectId: connectionId, data });
    return true;
  });
}

/** Stops the check that runs, on whichever node; its runner notices at the next test. */
export async function stopReport(context: Context, connectionId: string): Promise<void> {
  const row = await getRow(context, connectionId);
  const report = readReport(context, row.checks);
  if (report?.state !== 'running') return;
  const finishedAt = context.clock.now().toISOString();
  await writeReport(context, connectionId, { report: { ...report, state: 'stopped', finishedAt } });
}

/** A kept report. One that has been running for too long was cut off with its process. */
export function readReport(context: Context, kept: unknown): CheckReport | undefined {
  if (kept === null || kept === undefined) return undefined;
  const report = kept as CheckReport;
  const ageMs = context.clock.now().getTime() - Date.parse(report.startedAt);
  if (report.state === 'running' && ageMs > LONGEST_CHECK_MS) return { ...report, state: 'stopped' };
  return report;
}
