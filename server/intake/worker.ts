/** Keeps one watch per mailbox that is switched on. Every node runs it; the lease of each mailbox decides who reads. */

import { doubtOf } from '../base/clock.ts';
import type { Context } from '../store/database.ts';
import { keepFinishing } from './finish.ts';
import { intakeTimes } from './limits.ts';
import { expireHeld } from './senders/confirm.ts';
import { watchMailbox } from './watch.ts';

type Watched = { readonly settings: string; readonly stop: AbortController; readonly done: Promise<void> };

/** Starts watching. Disposing ends the sessions, waits for what is being stored, and leaves nothing open. */
export async function startIntakeWorker(context: Context): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const watched = new Map<string, Watched>();
  const loops = [
    keepWatching(context, watched, stop.signal),
    keepExpiring(context, stop.signal),
    keepFinishing(context, stop.signal),
  ];
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('intake stops'));
      await Promise.all(loops);
      await Promise.all([...watched.keys()].map((id) => stopWatching(watched, id)));
    },
  };
}

async function keepExpiring(context: Context, signal: AbortSignal): Promise<void> {
  const doubt = doubtOf(context.clock);
  while (!signal.aborted) {
    if (!doubt.isDoubtful()) {
      await expireHeld(context).catch((error) =>
        context.log.warn({ error }, 'held messages could not be looked through'),
      );
    }
    await context.clock.sleep(intakeTimes.expireEveryMs, signal);
  }
}

async function keepWatching(context: Context, watched: Map<string, Watched>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await compare(context, watched);
    } catch (error) {
      context.log.warn({ error }, 'the list of mailboxes could not be read');
    }
    await context.clock.sleep(intakeTimes.lookEveryMs, signal);
  }
}

/** Starts, restarts and stops watches, so that they are those of the rows. */
async function compare(context: Context, watched: Map<string, Watched>): Promise<void> {
  const rows = await context.db
    .selectFrom('mailboxes')
    .select([
      'id',
      'protocol',
      'connection_id',
      'server',
      'sealed_password',
      'address',
      'folder',
      'poll_seconds',
      'after_intake',
      'queue_id',
      'policy',
    ])
    .where('enabled', '=', true)
    .orderBy('id')
    .execute();
  const wanted = new Map(rows.map((row) => [row.id, JSON.stringify(row)]));
  for (const [id, { settings }] of watched) {
    if (wanted.get(id) !== settings) await stopWatching(watched, id);
  }
  for (const [id, settings] of wanted) {
    if (watched.has(id)) continue;
    const stop = new AbortController();
    watched.set(id, { settings, stop, done: watchMailbox(context, id, stop.signal) });
  }
}

async function stopWatching(watched: Map<string, Watched>, id: string): Promise<void> {
  const watch = watched.get(id);
  watched.delete(id);
  watch?.stop.abort(new Error('the mailbox is no longer watched'));
  await watch?.done;
}
