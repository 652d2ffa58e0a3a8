/** Where a person must act, in numbers: what the entries of the navigation show on every page. */
import { listConnections } from '../connections/connections.ts';
import { countOpenJobs } from '../jobs/jobs.ts';
import { findHeld } from '../outbox/outbox.ts';
import { listPrinterStates } from '../printers/printers.ts';
import type { Context } from '../store/database.ts';

export type Calls = {
  /** Of which nobody knows whether paper came out. */
  readonly jobs: number;
  /** That only an administrator can let go. */
  readonly outbox: number;
  /** That do not print and do not answer. */
  readonly printers: number;
  /** That have to be confirmed. */
  readonly connections: number;
};

/** Counts them as of now; costs the same however many jobs and messages have ended. */
export async function readCalls(context: Context): Promise<Calls> {
  const [jobs, held, printers, connections] = await Promise.all([
    countOpenJobs(context),
    findHeld(context),
    listPrinterStates(context),
    listConnections(context),
  ]);
  return {
    jobs: jobs['processing-stopped'] ?? 0,
    outbox: held?.count ?? 0,
    printers: printers.filter(({ state }) => state === 'stopped' || state === 'unreachable').length,
    connections: connections.filter(({ state }) => state === 'needs-confirmation' || state === 'awaiting-confirmation')
      .length,
  };
}
