/** What the steps of printing end in. Words are the printer's own, or ours where it said nothing that can be used. */
import type { Readable } from 'node:stream';
import type { IppAnswer, IppJob } from '../protocols/ipp/client.ts';
import type { IppDocument } from '../protocols/ipp/transport.ts';
import type { IppTransportError } from '../protocols/ipp/transport-error.ts';
import type { PrinterJob } from './printer.ts';
import { wordsOf } from './talk.ts';

/** Refused without effect, for good or, with a server-error status, for now; `status` is of IPP, or of HTTP where the answer was no IPP. */
export type Refused = { readonly kind: 'refused'; readonly words: string; readonly status: number };
export type Busy = { readonly kind: 'busy'; readonly words: string };
export type Unreachable = { readonly kind: 'unreachable'; readonly words: string };
/** No byte of the request can have reached the printer. */
export type NotSent = { readonly kind: 'not-sent'; readonly words: string };
/** The printer may have all, some or nothing of it. */
export type Unknown = { readonly kind: 'unknown'; readonly words: string };

export type CreateOutcome =
  | { readonly kind: 'created'; readonly printerJobId: number; readonly ignored: readonly string[] }
  | Refused
  | Busy
  | Unreachable;
export type SendOutcome = { readonly kind: 'accepted' } | Refused | Busy | NotSent | Unknown;
export type WholeOutcome =
  | { readonly kind: 'accepted'; readonly printerJobId: number }
  | Refused
  | Busy
  | NotSent
  | Unknown;
export type FoundJob = { readonly kind: 'found'; readonly job: PrinterJob } | { readonly kind: 'gone' } | Unreachable;
export type FoundJobs = { readonly kind: 'found'; readonly jobs: PrinterJob[] } | Unreachable;
export type CancelOutcome =
  | { readonly kind: 'canceled' }
  | { readonly kind: 'not-possible'; readonly words: string }
  | { readonly kind: 'gone' }
  | Unreachable;

/** A document on its way to a printer. The stream is read to its end or destroyed. */
export type PrinterDocument = {
  /** document-name at the printer. */
  readonly jobName?: string;
  readonly userName: string;
  readonly documentFormat: string;
  readonly document: Readable;
  readonly bytes: number;
  /** Throws when this node may no longer feed the printer. */
  readonly assertFresh: () => void;
};

export function toDocument({ document, bytes }: PrinterDocument): IppDocument {
  // A file that cannot be read may say so before the sending has begun to listen; the reading fails again there.
  document.on('error', () => undefined);
  // The size is known, and there are printers that answer a chunked request with 411 Length Required.
  return { bytes: document as AsyncIterable<Uint8Array>, size: bytes, framing: 'length' };
}

export function refusalOf(answer: IppAnswer): Refused {
  return { kind: 'refused', words: wordsOf(answer), status: answer.status };
}

/** A failure while a document is sent. An HTTP refusal stands before IPP, so the printer has not begun. */
export function outcomeOfFailure(failure: IppTransportError): Refused | NotSent | Unknown {
  const { message: words, httpStatus = 0 } = failure;
  if (failure.sent === 'nothing') return { kind: 'not-sent', words };
  if (failure.kind === 'http' && httpStatus >= 300 && httpStatus < 500) {
    return { kind: 'refused', words, status: httpStatus };
  }
  return { kind: 'unknown', words };
}

/** A job without a valid job-state is no answer. */
export function toPrinterJob(job: IppJob): PrinterJob | undefined {
  const { id, name, state, reasons, impressionsCompleted, message } = job;
  if (state === undefined) return undefined;
  return { id, name, state, reasons: reasons.filter((reason) => reason !== 'none'), impressionsCompleted, message };
}
