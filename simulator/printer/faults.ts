// What can be wrong with the practice printer. A fault stays until it is cleared, or until it has
// happened as many `times` as it was asked for.

import { type OperationName, operationCode } from './vocabulary.ts';

export type PrinterFault = {
  readonly times?: number;
} & ( // pages that still come out first; a busy printer does not stop but stays at the job and says why, as many do
  | { readonly kind: 'out-of-paper'; readonly afterPages?: number; readonly staysBusy?: boolean }
  | { readonly kind: 'paused' } // someone pressed stop on the panel
  | { readonly kind: 'offline'; readonly manner: 'refuse' | 'silent' } // nobody listens, or nobody answers
  | { readonly kind: 'slow'; readonly pagesPerSecond: number }
  | { readonly kind: 'slow-answer'; readonly delayMs: number }
  | { readonly kind: 'abort-job'; readonly afterPages?: number }
  | { readonly kind: 'reject-format' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'not-accepting' }
  | { readonly kind: 'drop-answer'; readonly operation: OperationName } // the work is done, the answer is lost
  | { readonly kind: 'drop-upload'; readonly afterBytes: number } // the line is cut inside the document
  | { readonly kind: 'stops-taking' } // it takes no more of a document, and keeps the line open
  | { readonly kind: 'early-refusal' } // refused while the document is still on its way
  | { readonly kind: 'forget-history' } // a finished job vanishes at once
  | { readonly kind: 'no-create-job' } // an old printer that knows Print-Job only
  | { readonly kind: 'raster-only' }
  | { readonly kind: 'pictures-only'; readonly manyDocuments?: boolean } // JPEG alone, one of them for each job or many
  | { readonly kind: 'no-page-ranges' } // it prints whole documents only
  | { readonly kind: 'toner-low' }
  | { readonly kind: 'wrong-types' } // attributes whose types, lengths and characters are wrong
);

export type FaultKind = PrinterFault['kind'];
export type FaultOf<Kind extends FaultKind> = Extract<PrinterFault, { kind: Kind }>;

type FieldRule = { readonly field: string; readonly needed: boolean; readonly accepts: (value: unknown) => boolean };

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

const manners: readonly unknown[] = ['refuse', 'silent'];
const rules: Record<FaultKind, readonly FieldRule[]> = {
  'out-of-paper': [
    { field: 'afterPages', needed: false, accepts: isCount },
    { field: 'staysBusy', needed: false, accepts: (value) => typeof value === 'boolean' },
  ],
  paused: [],
  offline: [{ field: 'manner', needed: true, accepts: (value) => manners.includes(value) }],
  slow: [{ field: 'pagesPerSecond', needed: true, accepts: isPositive }],
  'slow-answer': [{ field: 'delayMs', needed: true, accepts: isCount }],
  'abort-job': [{ field: 'afterPages', needed: false, accepts: isCount }],
  'reject-format': [],
  busy: [],
  'not-accepting': [],
  'drop-answer': [
    { field: 'operation', needed: true, accepts: (value) => typeof value === 'string' && value in operationCode },
  ],
  'drop-upload': [{ field: 'afterBytes', needed: true, accepts: isCount }],
  'stops-taking': [],
  'early-refusal': [],
  'forget-history': [],
  'no-create-job': [],
  'raster-only': [],
  'pictures-only': [{ field: 'manyDocuments', needed: false, accepts: (value) => typeof value === 'boolean' }],
  'no-page-ranges': [],
  'toner-low': [],
  'wrong-types': [],
};

export const faultKinds = Object.keys(rules) as readonly FaultKind[];
const onceByDefault: readonly FaultKind[] = ['abort-job', 'drop-answer', 'drop-upload'];

export function isFaultKind(value: unknown): value is FaultKind {
  return faultKinds.some((kind) => kind === value);
}

/** Reads a fault from the control surface; throws a TypeError that names the field in error. */
export function readFault(body: unknown): PrinterFault {
  if (typeof body !== 'object' || body === null) throw new TypeError('a fault is an object with a kind');
  const fields = body as Record<string, unknown>;
  if (!isFaultKind(fields.kind)) throw new TypeError(`kind is one of ${faultKinds.join(', ')}`);
  const fault: Record<string, unknown> = { kind: fields.kind };
  const allRules = [...rules[fields.kind], { field: 'times', needed: false, accepts: isPositive }];
  for (const { field, needed, accepts } of allRules) {
    const value = fields[field];
    if (value === undefined && !needed) continue;
    if (!accepts(value)) throw new TypeError(`${field} of ${fields.kind} has no acceptable value`);
    fault[field] = value;
  }
  return fault as PrinterFault;
}

/** Finds the fault that a printer's name asks for: "hall-busy" is busy, "out-of-paper" is out of paper. */
export function findFaultInName(printerName: string): PrinterFault | undefined {
  const kind = faultKinds.find((each) => printerName === each || printerName.endsWith(`-${each}`));
  if (!kind) return undefined;
  const defaults = {
    manner: 'refuse',
    pagesPerSecond: 1,
    delayMs: 1_000,
    operation: 'Send-Document',
    afterBytes: 1_024,
  };
  return readFault({ ...defaults, afterPages: 0, kind });
}

/** The faults in force. `changed` is called after each change, with all that was set or cleared done. */
export class FaultBoard {
  readonly #faults = new Map<FaultKind, { fault: PrinterFault; left: number }>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  set(fault: PrinterFault): void {
    const usual = onceByDefault.includes(fault.kind) ? 1 : Number.POSITIVE_INFINITY;
    this.#faults.set(fault.kind, { fault, left: fault.times ?? usual });
    this.#changed();
  }

  clear(kind?: FaultKind): void {
    if (kind) this.#faults.delete(kind);
    else this.#faults.clear();
    this.#changed();
  }

  find<Kind extends FaultKind>(kind: Kind): FaultOf<Kind> | undefined {
    return this.#faults.get(kind)?.fault as FaultOf<Kind> | undefined;
  }

  has(kind: FaultKind): boolean {
    return this.#faults.has(kind);
  }

  /** Finds a fault that happens now and counts it, so that one asked for once happens once. */
  strike<Kind extends FaultKind>(kind: Kind): FaultOf<Kind> | undefined {
    const entry = this.#faults.get(kind);
    if (!entry) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.#faults.delete(kind);
    return entry.fault as FaultOf<Kind>;
  }

  list(): PrinterFault[] {
    return [...this.#faults.values()].map(({ fault }) => fault);
  }
}
