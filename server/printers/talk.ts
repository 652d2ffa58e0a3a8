/**
 * How Platen speaks with one printer: its kept connections, whom it trusts, and what a failure is called.
 * Connections are kept per process and printer, beside the settings of that process, and end with the worker.
 */
import type { ErrorCode } from '../base/errors.ts';
import type { IppAnswer, IppCaller } from '../protocols/ipp/client.ts';
import { IppFormatError } from '../protocols/ipp/message.ts';
import { ippStatus, isSuccess } from '../protocols/ipp/states.ts';
import { parsePrinterUri } from '../protocols/ipp/target.ts';
import { type IppAttempt, IppTransport, type IppTrust } from '../protocols/ipp/transport.ts';
import { IppTransportError, type IppTransportFailure } from '../protocols/ipp/transport-error.ts';
import type { Context } from '../store/database.ts';
import type { Printer } from './printer.ts';

/** What must be known of a printer to speak with it. */
export type PrinterAddress = Pick<Printer, 'id' | 'uri' | 'certificatePin' | 'capabilities'>;

export const TRUSTED_AUTHORITIES = 'authorities';
/** requesting-user-name where Platen asks for itself. */
const OWN_NAME = 'Platen';

type KeptTransport = { readonly key: string; readonly transport: IppTransport };
const keptTransports = new WeakMap<Context['settings'], Map<string, KeptTransport>>();

/** Speaks with a printer over its kept connections. */
export function callerFor(
  context: Context,
  printer: PrinterAddress,
  talk: { readonly attempt: IppAttempt; readonly userName?: string },
): IppCaller {
  return {
    transport: transportFor(context, printer),
    version: printer.capabilities?.version ?? '2.0',
    userName: talk.userName ?? OWN_NAME,
    attempt: talk.attempt,
  };
}

function transportFor(context: Context, printer: PrinterAddress): IppTransport {
  const transports = keptTransports.get(context.settings) ?? new Map<string, KeptTransport>();
  keptTransports.set(context.settings, transports);
  const key = `${printer.uri} ${printer.certificatePin ?? ''}`;
  const kept = transports.get(printer.id);
  if (kept?.key === key) return kept.transport;
  // What is under way on the old address goes on; its connections end by themselves when they are idle.
  const transport = new IppTransport({ target: parsePrinterUri(printer.uri), trust: trustOf(printer.certificatePin) });
  transports.set(printer.id, { key, transport });
  return transport;
}

function trustOf(pin: string | null): IppTrust {
  if (pin === null) return { kind: 'first-use' };
  return pin === TRUSTED_AUTHORITIES ? { kind: 'authorities' } : { kind: 'pin', sha256: pin };
}

/** Closes the connections to one printer. */
export async function forgetTransport(context: Context, printerId: string): Promise<void> {
  const transports = keptTransports.get(context.settings);
  const kept = transports?.get(printerId);
  transports?.delete(printerId);
  await kept?.transport.close();
}

/** Closes the connections to all printers; the next call opens new ones. */
export async function forgetTransports(context: Context): Promise<void> {
  const transports = keptTransports.get(context.settings);
  keptTransports.delete(context.settings);
  await Promise.all([...(transports?.values() ?? [])].map(({ transport }) => transport.close()));
}

/** The printer's own words where it has any, else the name of its status. */
export function wordsOf(answer: IppAnswer): string {
  return answer.statusMessage ?? answer.statusName;
}

/**
 * Sorts an answer. `busy`: with another job, which passes soon. `unclear`: the printer failed in the middle, so nobody
 * knows what it did; everything else that is no success was refused without effect (RFC 8011 section 4.1.6).
 */
export function verdictOf(status: number): 'done' | 'busy' | 'refused' | 'unclear' {
  if (isSuccess(status)) return 'done';
  if (BUSY.has(status)) return 'busy';
  return UNCLEAR.has(status) || status >= 0x0600 || status < 0x0400 ? 'unclear' : 'refused';
}

const BUSY: ReadonlySet<number> = new Set([
  ippStatus['server-error-busy'],
  ippStatus['server-error-temporary-error'],
  ippStatus['server-error-too-many-jobs'],
]);
const UNCLEAR: ReadonlySet<number> = new Set([
  ippStatus['client-error-timeout'],
  ippStatus['server-error-internal-error'],
  ippStatus['server-error-device-error'],
  ippStatus['server-error-job-canceled'],
]);

/** What went wrong on the way to an answer. Anything that is not of the wire is a mistake of ours and is thrown on. */
export function failureOf(error: unknown): IppTransportError {
  if (error instanceof IppTransportError) return error;
  if (error instanceof IppFormatError) {
    return new IppTransportError('format', error.message, { cause: error, sent: 'nothing' });
  }
  throw error;
}

export const failureCodes: Readonly<Record<IppTransportFailure, ErrorCode>> = {
  blocked: 'printer-address-refused',
  unreachable: 'printer-unreachable',
  certificate: 'printer-certificate-changed',
  timeout: 'printer-unreachable',
  interrupted: 'printer-unreachable',
  http: 'printer-answer-invalid',
  format: 'printer-answer-invalid',
  document: 'document-missing',
  canceled: 'printer-unreachable',
};
