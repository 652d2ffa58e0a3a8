/**
 * Watches every printer: one loop per printer, on whichever node holds its lease `printer-watch:<id>`.
 * A loop ends when its printer is removed; a failure of the database is waited out, and nothing is lost by it.
 */
import { PlatenError } from '../base/errors.ts';
import type { Context } from '../store/database.ts';
import { checkFence, type Lease, withLease } from '../store/leases.ts';
import { transaction } from '../store/transaction.ts';
import { CAPABILITIES_EVERY_MS, ROUND_MS, SECOND_LOOK_MS, watchIntervalsMs } from './limits.ts';
import type { Printer } from './printer.ts';
import { closePrinterConnections } from './printers.ts';
import { findPrinter, selectPrinterIds } from './rows.ts';
import { keepObservation, type Observation, observePrinter } from './watch.ts';

/** Starts watching; disposing ends what is under way and closes all connections to printers. */
export async function startPrintersWorker(context: Context): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const watches = new Map<string, Promise<void>>();
  const rounds = runRounds(context, watches, stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await rounds;
      await Promise.all(watches.values());
      await closePrinterConnections(context);
    },
  };
}

/** Begins a watch for each printer that has none here: a new one, or one whose watch has ended. */
async function runRounds(context: Context, watches: Map<string, Promise<void>>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const id of await selectPrinterIds(context)) {
        if (signal.aborted || watches.has(id)) continue;
        watches.set(
          id,
          watchPrinter(context, id, signal).finally(() => watches.delete(id)),
        );
      }
    } catch (error) {
      context.log.warn({ error }, 'the list of printers could not be read');
    }
    await context.clock.sleep(ROUND_MS, signal);
  }
}

async function watchPrinter(context: Context, printerId: string, signal: AbortSignal): Promise<void> {
  try {
    await withLease(context, `printer-watch:${printerId}`, { signal }, (lease) => watchOn(context, printerId, lease));
  } catch (error) {
    const isTaken = error instanceof PlatenError && error.code === 'lease-lost';
    if (isTaken) context.log.info({ printerId }, 'another node has taken over the watch of a printer');
    else context.log.warn({ printerId, error }, 'the watch of a printer was interrupted');
  }
}

async function watchOn(context: Context, printerId: string, lease: Lease): Promise<void> {
  let askedAllAtMs = Number.NEGATIVE_INFINITY;
  while (!lease.signal.aborted) {
    const printer = await findPrinter(context, printerId);
    if (printer === undefined) return;
    const asksAll = context.clock.monotonicMs() - askedAllAtMs >= CAPABILITIES_EVERY_MS;
    const observation = await lookAt(context, printer, {
      asks: asksAll ? 'everything' : 'state',
      signal: lease.signal,
    });
    // What ends with the lease says nothing about the printer.
    if (lease.signal.aborted) return;
    const kept = await transaction(context, async (context) => {
      await checkFence(context, lease);
      const current = await findPrinter(context, printerId);
      if (current !== undefined) await keepObservation(context, current, observation);
      return current;
    });
    if (kept === undefined) return;
    if (observation.kind === 'answered' && asksAll) askedAllAtMs = context.clock.monotonicMs();
    // A printer that comes back may have been changed while it was away.
    if (observation.kind === 'silent') askedAllAtMs = Number.NEGATIVE_INFINITY;
    const state = observation.kind === 'silent' ? 'unreachable' : observation.state;
    await context.clock.sleep(watchIntervalsMs[state], lease.signal);
  }
}

/** A printer that answered until now is asked a second time before it counts as unreachable. */
async function lookAt(
  context: Context,
  printer: Printer,
  question: { readonly asks: 'state' | 'everything'; readonly signal: AbortSignal },
): Promise<Observation> {
  const first = await observePrinter(context, printer, question);
  if (first.kind === 'answered' || printer.state === 'unreachable') return first;
  await context.clock.sleep(SECOND_LOOK_MS, question.signal);
  return question.signal.aborted ? first : await observePrinter(context, printer, question);
}
