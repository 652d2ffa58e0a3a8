/** Moments of the way from the mailbox to paper, seen from outside the server: right there it is killed. */
import pg from 'pg';
import type { Stage } from '../harness/stage.ts';

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

export type Watch = { readonly look: () => number | Promise<number>; readonly close?: () => Promise<void> };

/** Resolves at the next occurrence of a point, or when `signal` aborts; answers whether it was reached. */
export async function reachPoint(stage: Stage, point: Point, signal: AbortSignal): Promise<boolean> {
  return await growth(await watchPoint(stage, point), signal);
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

async function watchPoint(stage: Stage, point: Point): Promise<Watch> {
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
