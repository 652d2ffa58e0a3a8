/**
 * Writes notices and tells alarms. Every node runs it; a lease each decides who reads the journal (`notices`) and who
 * looks for troubles and calls (`alarms`), so that a webhook that does not answer holds up no notice.
 */
import { SECOND_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import type { Context } from '../store/database.ts';
import { type Lease, withLease } from '../store/leases.ts';
import { type ClearSince, makeCalls, watchTroubles } from './alarm.ts';
import { BATCH_EVENTS, writeNotices } from './write.ts';

const JOURNAL_EVERY_MS = 1 * SECOND_MS;
const ALARMS_EVERY_MS = 15 * SECOND_MS;
/** How long a node waits that does not hold the lease, or after a failure. */
const STAND_BY_MS = 5 * SECOND_MS;

/** Starts the worker. Disposing it breaks off open calls, waits for the running step and leaves nothing behind. */
export async function startNoticesWorker(context: Context): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const loops = [
    runHolding(context, 'notices', { signal: stop.signal, work: readOn }),
    runHolding(context, 'alarms', { signal: stop.signal, work: watchOn }),
  ];
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the notices worker stops'));
      await Promise.all(loops);
    },
  };
}

type Loop = { readonly signal: AbortSignal; readonly work: (context: Context, lease: Lease) => Promise<void> };

async function runHolding(context: Context, name: string, { signal, work }: Loop): Promise<void> {
  while (!signal.aborted) {
    try {
      await withLease(context, name, { signal }, (lease) => work(context, lease));
    } catch (error) {
      const isTaken = error instanceof PlatenError && error.code === 'lease-lost';
      if (isTaken) context.log.info({ lease: name }, 'another node has taken over');
      else if (!signal.aborted) context.log.warn({ lease: name, error }, 'notices were interrupted and go on soon');
    }
    await context.clock.sleep(STAND_BY_MS, signal);
  }
}

async function readOn(context: Context, lease: Lease): Promise<void> {
  while (!lease.signal.aborted) {
    const passed = await writeNotices(context, lease);
    if (passed < BATCH_EVENTS) await context.clock.sleep(JOURNAL_EVERY_MS, lease.signal);
  }
}

async function watchOn(context: Context, lease: Lease): Promise<void> {
  const clearSince: ClearSince = new Map();
  while (!lease.signal.aborted) {
    await watchTroubles(context, lease, clearSince);
    await makeCalls(context, lease);
    await context.clock.sleep(ALARMS_EVERY_MS, lease.signal);
  }
}
