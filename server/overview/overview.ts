/**
 * The start page: does everything work? The verdict, what is wrong, the two ways of a document with their counts, and
 * what the last day brought.
 *
 * Promises: what it says is true at the moment of the question; it costs the same however many jobs have ended.
 */
import { DAY_MS, HOUR_MS } from '../base/clock.ts';
import { listConnections } from '../connections/connections.ts';
import { countPlaces } from '../conversion/conversion.ts';
import { listMailboxes } from '../intake/intake.ts';
import { countEndedJobs, countOpenJobs, type Job, listJobs } from '../jobs/jobs.ts';
import { countSentMessages, countWaiting } from '../outbox/outbox.ts';
import { findPrinterNeeds, listPrinters, type Printer } from '../printers/printers.ts';
import { listDevices } from '../relay/relay.ts';
import type { Context } from '../store/database.ts';
import { type Fault, findFaults } from './faults.ts';

export type { Fault } from './faults.ts';

/** One hour of the last 24: what went well and what did not. */
export type HourOfLane = { readonly at: Date; readonly done: number; readonly failed: number };

export type Overview = {
  readonly verdict: 'well' | 'warning' | 'broken';
  readonly faults: readonly Fault[];
  readonly mailToPaper: {
    readonly mailboxes: {
      readonly watched: number;
      readonly failing: number;
      readonly waiting: number;
      readonly off: number;
    };
    /** Documents that are converted at the same time, at most. */
    readonly converters: number;
    readonly jobs: {
      readonly held: number;
      readonly waiting: number;
      readonly printing: number;
      readonly stopped: number;
    };
    readonly printers: { readonly all: number; readonly ready: number; readonly troubled: number };
    readonly hours: readonly HourOfLane[];
  };
  readonly scanToMail: {
    readonly devices: number;
    readonly outbox: { readonly waiting: number; readonly held: number };
    readonly outgoing: 'ready' | 'waiting' | 'none';
    readonly hours: readonly HourOfLane[];
  };
  readonly lastJobs: readonly Job[];
};

const HOURS = 24;
const LAST_JOBS = 6;
// More printers or devices than this are counted as this many.
const MOST_THINGS = 1000;

/** Reads all of it as of now. */
export async function readOverview(context: Context): Promise<Overview> {
  const since = new Date(Math.floor(context.clock.now().getTime() / HOUR_MS) * HOUR_MS - DAY_MS + HOUR_MS);
  const [connections, mailboxes, { items: printers }, devices, open, ended, sent, outbox, lastJobs] = await Promise.all(
    [
      listConnections(context),
      listMailboxes(context),
      listPrinters(context, { limit: MOST_THINGS }),
      listDevices(context, { limit: MOST_THINGS }),
      countOpenJobs(context),
      countEndedJobs(context, since),
      countSentMessages(context, since),
      countWaiting(context),
      listJobs(context, { limit: LAST_JOBS }),
    ],
  );
  const faults = await findFaults(context, { connections, mailboxes, printers });
  const isReady = ({ state }: { state: string }) => state === 'idle' || state === 'processing';
  const isTroubled = (printer: Printer) =>
    ['stopped', 'unreachable'].includes(printer.state) || findPrinterNeeds(printer).length > 0;
  const watching = mailboxes.filter(({ isEnabled }) => isEnabled);
  const countState = (state: string) => watching.filter((mailbox) => mailbox.state === state).length;
  return {
    verdict: faults.some(({ severity }) => severity === 'broken') ? 'broken' : faults.length > 0 ? 'warning' : 'well',
    faults,
    mailToPaper: {
      mailboxes: {
        watched: countState('connected'),
        failing: countState('failing'),
        waiting: countState('waiting'),
        off: mailboxes.length - watching.length,
      },
      converters: countPlaces(context),
      jobs: {
        held: open['pending-held'] ?? 0,
        waiting: open.pending ?? 0,
        printing: open.processing ?? 0,
        stopped: open['processing-stopped'] ?? 0,
      },
      printers: {
        all: printers.length,
        ready: printers.filter(isReady).length,
        troubled: printers.filter(isTroubled).length,
      },
      hours: toHours(since, ended, { done: ['completed'], failed: ['aborted'] }),
    },
    scanToMail: {
      devices: devices.filter(({ isEnabled }) => isEnabled).length,
      ...outbox,
      hours: toHours(since, sent, { done: ['sent'], failed: ['failed'] }),
    },
    lastJobs,
  };
}

type Counted = { readonly hour: Date; readonly state: string; readonly count: number };

/** All 24 hours, also those in which nothing ended. */
function toHours(
  since: Date,
  counted: readonly Counted[],
  { done, failed }: { readonly done: readonly string[]; readonly failed: readonly string[] },
): HourOfLane[] {
  const sumOf = (at: Date, states: readonly string[]) =>
    counted
      .filter(({ hour, state }) => hour.getTime() === at.getTime() && states.includes(state))
      .reduce((sum, { count }) => sum + count, 0);
  return Array.from({ length: HOURS }, (_, index) => {
    const at = new Date(since.getTime() + index * HOUR_MS);
    return { at, done: sumOf(at, done), failed: sumOf(at, failed) };
  });
}
