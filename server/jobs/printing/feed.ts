/**
 * Feeds one printer: one node at a time, one job at a time, in the order of submission, as long as there is work.
 *
 * The lease `printer:<id>` decides which node does it. An open attempt goes first: what a killed node left is settled
 * before anything new is sent.
 */
import { PlatenError } from '../../base/errors.ts';
import { getPrinter, type Printer } from '../../printers/printers.ts';
import type { Context } from '../../store/database.ts';
import { type Lease, withLease } from '../../store/leases.ts';
import { findDueJob, readJob } from '../rows.ts';
import { lookAhead } from './ahead.ts';
import { findOpenAttempt } from './attempts.ts';
import { followAttempt } from './follow.ts';
import type { Memory, Open, Run, Step } from './outcome.ts';
import { dropParts, sendPart } from './pages.ts';
import { startJob } from './process.ts';

export type Feeder = AsyncDisposable & {
  /** Something is due for the printer: look now. */
  wake(): void;
};

const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 2_000;
const LONGEST_PREPARED_PAUSE_MS = 64;
const OTHER_NODE_PAUSE_MS = 1_000;
const FAILURE_PAUSE_MS = 5_000;

/** Starts a loop that sleeps until it is woken, then works until nothing is due. */
export function startFeeder(context: Context, printerId: string): Feeder {
  const stop = new AbortController();
  let nap = new AbortController();
  const loop = (async () => {
    while (!stop.signal.aborted) {
      const pauseMs = await workOnce(context, printerId, { signal: stop.signal, napSignal: () => nap.signal });
      if (stop.signal.aborted) break;
      if (nap.signal.aborted) {
        nap = new AbortController();
        continue;
      }
      await context.clock.sleep(pauseMs, AbortSignal.any([stop.signal, nap.signal]));
      if (nap.signal.aborted) nap = new AbortController();
    }
  })();
  return {
    wake: () => nap.abort(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await loop;
    },
  };
}

type Signals = { readonly signal: AbortSignal; readonly napSignal: () => AbortSignal };

/** Does what is due and returns how long to sleep afterwards. */
async function workOnce(context: Context, printerId: string, signals: Signals): Promise<number> {
  try {
    if (!(await hasWork(context, printerId))) return 60_000;
    const done = await withLease(context, `printer:${printerId}`, { signal: signals.signal }, async (lease) => {
      await feed(context, printerId, { lease, napSignal: signals.napSignal });
      return true;
    });
    // While another node feeds this printer, stand by to take over.
    return done === undefined ? OTHER_NODE_PAUSE_MS : 0;
  } catch (error) {
    if (signals.signal.aborted) return 0;
    if (error instanceof PlatenError && error.code === 'lease-lost') return OTHER_NODE_PAUSE_MS;
    context.log.error({ printerId, error }, 'feeding a printer failed; it is tried again');
    return FAILURE_PAUSE_MS;
  }
}

async function feed(
  context: Context,
  printerId: string,
  { lease, napSignal }: { readonly lease: Lease; readonly napSignal: () => AbortSignal },
): Promise<void> {
  const memory: Memory = { open: undefined, next: undefined, prepared: undefined, ending: Promise.resolve() };
  const printerNow = remember(context, printerId);
  let hasSettled = false;
  let pauseMs = FIRST_PAUSE_MS;
  try {
    while (!lease.signal.aborted) {
      // A node that died may have left two: the one at the printer, and the next, begun beside the end of the first.
      if (memory.open === undefined && !hasSettled) {
        memory.open = await findLeftOpen(context, printerId, memory);
        hasSettled = memory.open === undefined;
      }
      const { open } = memory;
      const due = open === undefined ? (memory.next ?? (await findDueJob(context, printerId))) : undefined;
      if (open === undefined) memory.next = undefined;
      if (open === undefined && due === undefined) {
        await memory.ending;
        if (!(await hasWork(context, printerId))) return;
      }
      const userName = (open?.job ?? due)?.ownerName ?? '';
      const run = { context, lease, printer: await printerNow(), userName, memory };
      const step =
        open !== undefined ? await goOn(run, open) : due !== undefined ? await startJob(run, due) : 'waiting';
      if (memory.parts !== undefined && memory.open?.attempt.id !== memory.parts.attemptId) await dropParts(run);
      if (step === 'moved') {
        pauseMs = FIRST_PAUSE_MS;
        continue;
      }
      await useThePause(run, pauseMs);
      await context.clock.sleep(pauseMs, AbortSignal.any([lease.signal, napSignal()]));
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  } finally {
    await dropPrepared(memory);
    await dropParts({ context, memory });
    await memory.ending;
  }
}

async function goOn(run: Run, open: Open): Promise<Step> {
  return open.isToBeSent === true ? await sendPart(run, open) : await followAttempt(run, open);
}

async function findLeftOpen(context: Context, printerId: string, memory: Memory): Promise<Open | undefined> {
  await memory.ending;
  const attempt = await findOpenAttempt(context, printerId);
  return attempt === undefined ? undefined : { attempt, job: await readJob(context, attempt.jobId) };
}

/** While the printer works, what comes next is looked up and written ahead; not for long, because that holds rows. */
async function useThePause(run: Run, pauseMs: number): Promise<void> {
  const { memory } = run;
  if (memory.open === undefined || pauseMs > LONGEST_PREPARED_PAUSE_MS) return await dropPrepared(memory);
  await lookAhead(run);
}

async function dropPrepared(memory: Memory): Promise<void> {
  const { prepared } = memory;
  memory.next = undefined;
  memory.prepared = undefined;
  await prepared?.drop();
}

const PRINTER_AGE_MS = 500;

/** Reads the printer again when what is known of it is older than half a second. */
function remember(context: Context, printerId: string): () => Promise<Printer> {
  let known: { readonly printer: Printer; readonly readAtMs: number } | undefined;
  return async () => {
    const nowMs = context.clock.monotonicMs();
    if (known === undefined || nowMs - known.readAtMs > PRINTER_AGE_MS) {
      known = { printer: await getPrinter(context, printerId), readAtMs: nowMs };
    }
    return known.printer;
  };
}

/** Is anything at this printer, or waiting for it, now or later? */
async function hasWork(context: Context, printerId: string): Promise<boolean> {
  const row = await context.db
    .selectFrom('jobs')
    .select('id')
    .where('printer_id', '=', printerId)
    .where('due_at', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
