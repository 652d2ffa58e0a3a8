/**
 * What the owner of a held job gets with the reply: a PIN to type at a printer, and links that do one thing once.
 *
 * Of a PIN only a signature with the master key is kept, so a copy of the database alone gives none away. It works until
 * its jobs are no longer held.
 */
import { sql } from 'kysely';
import { DAY_MS } from '../../base/clock.ts';
import { PlatenError } from '../../base/errors.ts';
import { newDigits } from '../../base/secrets.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';
import { createLink } from '../../users/users.ts';

/** With ten guesses in a quarter of an hour, and thirty for a printer, a hit takes years. */
const PIN_DIGITS = 8;

export function digestPin(context: Context, pin: string): string {
  return context.secrets.sign(pin.replaceAll(/[\s-]/g, ''), 'release-pin');
}

export async function makeReleasePin(context: Context, jobIds: readonly string[]): Promise<string | undefined> {
  return await transaction(context, async (context) => {
    // One PIN at a time, so that no two jobs of different owners ever have the same.
    await sql`SELECT pg_advisory_xact_lock(hashtextextended('release-pin', 0))`.execute(context.db);
    const pin = await findFreePin(context);
    const held = await context.db
      .updateTable('jobs')
      .set({ release_pin: digestPin(context, pin) })
      .where('id', 'in', [...jobIds])
      .where('state', '=', 'pending-held')
      .returning('owner_id')
      .execute();
    if (new Set(held.map((row) => row.owner_id)).size > 1) {
      throw new PlatenError('internal-error', 'jobs of several owners cannot share a PIN');
    }
    return held.length === 0 ? undefined : `${pin.slice(0, 4)} ${pin.slice(4)}`;
  });
}

async function findFreePin(context: Context): Promise<string> {
  for (;;) {
    const pin = newDigits(PIN_DIGITS);
    const taken = await context.db
      .selectFrom('jobs')
      .select('id')
      .where('release_pin', '=', digestPin(context, pin))
      .executeTakeFirst();
    if (taken === undefined) return pin;
  }
}

export type JobLinks = {
  /** None when none of the jobs is held. */
  readonly print: string | undefined;
  /** None when all of the jobs have ended. */
  readonly cancel: string | undefined;
};

export async function makeJobLinks(context: Context, jobIds: readonly string[]): Promise<JobLinks> {
  const open = await context.db
    .selectFrom('jobs')
    .select(['id', 'owner_id', 'state', 'held_until'])
    .where('id', 'in', [...jobIds])
    .where('ended_at', 'is', null)
    .orderBy('id')
    .execute();
  const held = open.filter((job) => job.state === 'pending-held');
  const now = context.clock.now().getTime();
  // As long as the last of them is kept; what is not held will have printed within a day, or needs more than a link.
  const lifetimeMs = Math.max(DAY_MS, ...held.map((job) => (job.held_until?.getTime() ?? now) - now));
  const make = async (purpose: 'print-job' | 'cancel-job', jobs: typeof open): Promise<string | undefined> => {
    const [first] = jobs;
    if (first === undefined) return undefined;
    const subjectIds = jobs.map((job) => job.id);
    return await createLink(context, { purpose, subjectIds, userId: first.owner_id, lifetimeMs });
  };
  return { print: await make('print-job', held), cancel: await make('cancel-job', open) };
}
