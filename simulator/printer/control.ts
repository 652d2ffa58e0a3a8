// How a test or a person in front of the practice printer steers it, in the process and over HTTP.

import { type FaultKind, isFaultKind, type PrinterFault, readFault } from './faults.ts';
import { isFinished } from './jobs.ts';
import type { Printer } from './operations.ts';
import type { RunningPrinter, SeenRequest } from './server.ts';
import type { PrinterState } from './vocabulary.ts';

export type JobView = {
  readonly id: number;
  readonly name: string;
  readonly user: string;
  readonly state: string;
  readonly reasons: readonly string[];
  readonly impressions: number;
  readonly impressionsCompleted: number;
};

export type PrinterControl = {
  /** Resolves when the fault is in force, and a port that shall be shut is shut. */
  setFault(fault: PrinterFault): Promise<void>;
  /** Clears one kind of fault, or all: paper is refilled, the printer goes on by itself. */
  clearFault(kind?: FaultKind): Promise<void>;
  faults(): PrinterFault[];
  state(): { state: PrinterState; reasons: string[] };
  jobs(): JobView[];
  /** Cancels a job at the panel; false when it is unknown or already finished. */
  cancelJob(id: number): boolean;
  /** Every IPP request seen so far, with its status, or `lost` where no answer went out. */
  requests(): SeenRequest[];
};

export function createControl(parts: {
  printer: Printer;
  settle: () => Promise<void>;
  requests: () => SeenRequest[];
}): PrinterControl {
  const { faults, engine } = parts.printer;
  return {
    async setFault(fault) {
      faults.set(readFault(fault));
      await parts.settle();
    },
    async clearFault(kind) {
      faults.clear(kind);
      await parts.settle();
    },
    faults: () => faults.list(),
    state: () => engine.state(),
    jobs: () =>
      engine.listJobs().map(({ id, name, user, state, reasons, impressions, impressionsCompleted }) => {
        return { id, name, user, state, reasons, impressions, impressionsCompleted };
      }),
    cancelJob(id) {
      const job = engine.findJob(id);
      return job !== undefined && !isFinished(job) && engine.cancelJob(job, 'job-canceled-at-device');
    },
    requests: parts.requests,
  };
}

export type ControlRoute = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly handler: (body: unknown) => unknown;
};

function fieldOf(body: unknown, field: string): unknown {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[field] : undefined;
}

/**
 * The printer's part of the simulator's control surface. POST /printer/fault takes a fault, or
 * {"clear": "<kind>"} or {"clear": "all"}; a handler throws a TypeError for a body that it cannot read.
 */
export function printerControlRoutes(printer: RunningPrinter): ControlRoute[] {
  const { control } = printer;
  const describe = () => ({ name: printer.name, uri: printer.uri, ...control.state(), faults: control.faults() });
  const changeFault = async (body: unknown) => {
    const clear = fieldOf(body, 'clear');
    if (clear === undefined) await control.setFault(readFault(body));
    else if (clear === 'all') await control.clearFault();
    else if (isFaultKind(clear)) await control.clearFault(clear);
    else throw new TypeError('clear names a kind of fault, or "all"');
    return describe();
  };
  const cancel = (body: unknown) => {
    const jobId = fieldOf(body, 'jobId');
    if (typeof jobId !== 'number') throw new TypeError('jobId is a number');
    return { canceled: control.cancelJob(jobId) };
  };
  return [
    { method: 'GET', path: '/printer', handler: describe },
    { method: 'POST', path: '/printer/fault', handler: changeFault },
    { method: 'POST', path: '/printer/cancel', handler: cancel },
    { method: 'GET', path: '/printer/printed', handler: () => printer.printed() },
    { method: 'GET', path: '/printer/jobs', handler: () => control.jobs() },
    { method: 'GET', path: '/printer/requests', handler: () => control.requests() },
  ];
}
