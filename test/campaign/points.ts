/** Moments of the way from the mailbox to paper and to the reply, seen from outside the server: right there it is killed. */
import pg from 'pg';
import type { Stage } from '../harness/stage.ts';
import { type GatedPoint, isGated, REPLY_GATES, StepGate } from './gates.ts';

export const POINTS = [
  'a message was fetched',
  'a message and its jobs were committed',
  'a message was moved',
  'an attempt was written',
  'a printer job was made',
  'a document is about to be sent',
  'a document was taken by the printer',
  'the attempt says that it was sent',
  'paper came out',
] as const;
export type Point = (typeof POINTS)[number];

/** What comes after paper, where senders are answered (`answerSenders`). */
const REPLY_POINTS = [
  'a message was finished',
  'a reply was written',
  'a reply was tried',
  'a reply was accepted',
] as const;
type ReplyPoint = (typeof REPLY_POINTS)[number];

/** All steps from FETCH to the reply; at those of `REPLY_GATES` the server stands still, so that the blow cannot miss. */
export const STEPS = [...POINTS, ...REPLY_POINTS, ...REPLY_GATES] as const;
export type Step = (typeof STEPS)[number];

export function isAfterPaper(step: Step): boolean {
  return !(POINTS as readonly string[]).includes(step);
}

export type Watch = { readonly look: () => number | Promise<number>; readonly close?: () => Promise<void> };

/** Resolves at the next occurrence of a point, or when `signal` aborts; answers whether it was reached. */
export async function reachPoint(stage: Stage, point: Point | ReplyPoint, signal: AbortSignal): Promise<boolean> {
  return await growth(await watchPoint(stage, point), signal);
}

/** Waits for a step, strikes, and ends what stood there; answers whether the step was reached. */
export async function strikeAt(
  stage: Stage,
  step: Step | GatedPoint,
  { signal, blow }: { readonly signal: AbortSignal; readonly blow: () => Promise<void> },
): Promise<boolean> {
  if (!isGated(step)) {
    const isReached = await reachPoint(stage, step, signal);
    await blow();
    return isReached;
  }
  await using gate = await StepGate.close(stage, step satisfies GatedPoint);
  const isReached = await gate.waitFor(signal);
  await blow();
  await gate.endWaiting();
  return isReached;
}

/** Resolves when what is watched becomes more, or when `signal` aborts; answers whether it became more. */
export async function growth(watch: Watch, signal: AbortSignal): Promise<boolean> {
  try {
    const before = await watch.look();
    while (!signal.aborted) {
      if ((await watch.look()) > before) return true;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return false;
  } catch {
    // The database went away with the server: nothing more is to be seen there.
    return false;
  } finally {
    await watch.close?.();
  }
}

async function watchPoint(stage: Stage, point: Point | ReplyPoint): Promise<Watch> {
  const { practice } = stage.peers;
  const printer = practice.printers[0];
  const count = (claim: () => number | undefined): Watch => ({ look: () => claim() ?? 0 });
  switch (point) {
    case 'a message was fetched':
      return count(() => practice.imap.counters.bodiesFetched);
    case 'a message was moved':
      return count(() => practice.imap.mailboxes.counters.moved);
    case 'a printer job was made':
      return count(() => printer?.control.jobs().length);
    case 'a document was taken by the printer':
      return count(() => printer?.control.jobs().filter(({ state }) => state !== 'pending-held').length);
    case 'paper came out':
      return count(() => printer?.printed().length);
    case 'a reply was accepted':
      return count(() => practice.smtp.counters.accepted);
    case 'a message was finished':
      return await watchTable(stage, `SELECT count(*)::int AS count FROM journal WHERE type = 'message-finished'`);
    case 'a reply was written':
      return await watchTable(stage, 'SELECT count(*)::int AS count FROM outbox_messages');
    case 'a reply was tried':
      return await watchTable(stage, 'SELECT count(*)::int AS count FROM outbox_attempts');
    case 'a message and its jobs were committed':
      return await watchTable(stage, 'SELECT count(*)::int AS count FROM incoming_messages');
    case 'an attempt was written':
      return await watchTable(stage, 'SELECT count(*)::int AS count FROM print_attempts');
    case 'a document is about to be sent':
      return await watchTable(
        stage,
        `SELECT count(*)::int AS count FROM print_attempts WHERE phase <> 'creating' AND printer_job_id IS NOT NULL`,
      );
    case 'the attempt says that it was sent':
      return await watchTable(
        stage,
        `SELECT count(*)::int AS count FROM print_attempts WHERE phase NOT IN ('creating', 'sending')`,
      );
  }
}

/** Watches a number in the database: the query answers it as `count`. */
export async function watchTable(stage: Stage, query: string): Promise<Watch> {
  const client = new pg.Client(stage.databaseOptions());
  client.on('error', () => undefined);
  await client.connect();
  return {
    look: async () => Number((await client.query<{ count: number }>(query)).rows[0]?.count ?? 0),
    close: () => client.end().catch(() => undefined),
  };
}
