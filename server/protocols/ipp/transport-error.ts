import { IppFormatError } from './message.ts';
import { IppTargetError } from './target.ts';

/** What a printer showed when TLS was set up. */
export interface IppCertificate {
  /** SHA-256 of the certificate in DER, 64 hexadecimal digits. */
  readonly sha256: string;
  /** A known authority signed it for this host. */
  readonly isAuthorized: boolean;
}

/**
 * Why a request has no answer that can be used. `blocked`: its address may not be asked. `unreachable`: no connection. `certificate`: not the printer that was
 * trusted. `interrupted`: the connection broke. `http`: answered, but not by an IPP service. `format`: the answer cannot
 * be read. `document`: our own document could not be read. `canceled`: by the caller's signal.
 */
export type IppTransportFailure =
  | 'blocked'
  | 'unreachable'
  | 'certificate'
  | 'timeout'
  | 'interrupted'
  | 'http'
  | 'format'
  | 'document'
  | 'canceled';

interface Detail {
  readonly sent: 'nothing' | 'something';
  readonly cause?: unknown;
  readonly httpStatus?: number;
  readonly certificate?: IppCertificate;
  readonly wasReused?: boolean;
}

/** `sent` is `nothing` only where the printer cannot have seen the request; otherwise it may have acted on it. */
export class IppTransportError extends Error {
  readonly kind: IppTransportFailure;
  readonly sent: 'nothing' | 'something';
  readonly httpStatus: number | undefined;
  /** What the other side showed, where that is the reason. */
  readonly certificate: IppCertificate | undefined;
  /** A kept connection broke before any answer: most likely the printer had closed it in the meantime. */
  readonly wasReused: boolean;

  constructor(kind: IppTransportFailure, message: string, detail: Detail) {
    super(message, { cause: detail.cause });
    this.name = 'IppTransportError';
    this.kind = kind;
    this.sent = detail.sent;
    this.httpStatus = detail.httpStatus;
    this.certificate = detail.certificate;
    this.wasReused = detail.wasReused ?? false;
  }
}

const CERTIFICATE_CODES = /^(CERT_|ERR_TLS_CERT|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|HOSTNAME_MISMATCH|ERR_SSL)/;

/** Gives every failure of sockets, TLS, HTTP and the decoder its one class. */
export function transportError(failure: {
  cause: unknown;
  signal: AbortSignal;
  sent: 'nothing' | 'something';
  wasReused?: boolean;
}): IppTransportError {
  const { cause, signal, sent, wasReused = false } = failure;
  if (cause instanceof IppTransportError) return cause;
  if (cause instanceof IppTargetError) {
    const kind = cause.reason === 'unknown-host' ? 'unreachable' : 'blocked';
    return new IppTransportError(kind, cause.message, { cause, sent: 'nothing' });
  }
  if (cause instanceof IppFormatError) return new IppTransportError('format', cause.message, { cause, sent });
  if (signal.aborted) return abortedError(signal, sent);
  const code = codeOf(cause);
  if (sent === 'nothing') return connectError(cause, code);
  if (code.startsWith('HPE_')) {
    return new IppTransportError('format', 'the answer is not HTTP', { cause, sent });
  }
  return new IppTransportError('interrupted', `the connection broke (${code || 'closed'})`, { cause, sent, wasReused });
}

function abortedError(signal: AbortSignal, sent: 'nothing' | 'something'): IppTransportError {
  const reason: unknown = signal.reason;
  if (reason instanceof DOMException && reason.name === 'TimeoutError') {
    return new IppTransportError('timeout', 'the printer did not answer in time', { cause: reason, sent });
  }
  return new IppTransportError('canceled', 'the request was given up', { cause: reason, sent });
}

function connectError(cause: unknown, code: string): IppTransportError {
  if (CERTIFICATE_CODES.test(code)) {
    return new IppTransportError('certificate', `the printer's certificate is not trusted (${code})`, {
      cause,
      sent: 'nothing',
    });
  }
  const why = code === 'ABORT_ERR' || code === '' ? 'no connection in time' : code;
  return new IppTransportError('unreachable', `the printer cannot be reached (${why})`, { cause, sent: 'nothing' });
}

function codeOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (typeof code === 'string') return code;
  return cause instanceof AggregateError ? codeOf(cause.errors[0]) : '';
}
