import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { connect as connectTls, getCACertificates, type TLSSocket } from 'node:tls';
import { ippLimits } from '../limits.ts';
import { type IppTarget, type ResolveHost, resolveTarget } from './target.ts';
import { type IppCertificate, IppTransportError, transportError } from './transport-error.ts';

/** Whom to believe that it is the printer. Which of them holds for a printer is decided by the caller. */
export type IppTrust =
  | { readonly kind: 'authorities'; readonly ca?: readonly string[] }
  /** Exactly this certificate, whoever signed it: printers mostly sign their own. */
  | { readonly kind: 'pin'; readonly sha256: string }
  /** Any certificate; the answer tells which it was. */
  | { readonly kind: 'first-use' };

/** The bounds of one attempt: all of it, and the longest silence within it. */
export interface IppAttempt {
  readonly deadlineMs: number;
  readonly idleMs: number;
  readonly signal?: AbortSignal;
}

export interface IppDocument {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Where it is known, a document that ends before or after it is not completed at the printer. */
  readonly size?: number;
  /** Some printers refuse chunked requests; `length` needs the size. */
  readonly framing?: 'chunked' | 'length';
}

export interface IppPostAnswer {
  readonly body: Buffer;
  readonly certificate?: IppCertificate;
  /** `partly`: the printer answered before it had the whole document; the rest was not sent. */
  readonly documentSent: 'wholly' | 'partly';
}

export interface IppTransportOptions {
  readonly target: IppTarget;
  readonly trust: IppTrust;
  /** Takes an address that would be blocked otherwise. */
  readonly allowAddress?: (address: string) => boolean;
  readonly resolve?: ResolveHost;
}

/**
 * The HTTP connections to one printer (RFC 8010 section 4): kept open between requests, never to another host, no
 * redirects. An attempt ends by answer, deadline, silence or signal, whatever the other side does.
 */
export class IppTransport implements AsyncDisposable {
  readonly #options: IppTransportOptions;
  readonly #agent: Agent;
  #requestId = 0;
  readonly #closing = new AbortController();
  readonly #certificates = new WeakMap<object, IppCertificate>();

  constructor(options: IppTransportOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4, maxFreeSockets: 1, timeout: ippLimits.keepIdleMs });
    // The agent hands out a socket only when address and certificate were found good, so nothing is sent before.
    this.#agent.createConnection = (_options, done) => {
      this.#connect().then(
        (socket) => done?.(null, socket),
        (error: Error) => done?.(error, undefined as unknown as Socket),
      );
      return undefined;
    };
  }

  get target(): IppTarget {
    return this.#options.target;
  }

  /** RFC 8010 section 3.4.2: from 1 to 2^31 - 1; an answer carries the same number. */
  takeRequestId(): number {
    this.#requestId = (this.#requestId % (2 ** 31 - 1)) + 1;
    return this.#requestId;
  }

  /**
   * Sends one request and reads the whole answer; the document is streamed. An answer that comes while the document is
   * still being sent ends the sending. Throws IppTransportError; its `sent` tells whether the printer may have acted.
   */
  async post(message: { head: Buffer; document?: IppDocument; attempt: IppAttempt }): Promise<IppPostAnswer> {
    const { attempt } = message;
    const ends = [AbortSignal.timeout(attempt.deadlineMs), this.#closing.signal];
    const signal = AbortSignal.any(attempt.signal ? [...ends, attempt.signal] : ends);
    if (signal.aborted) throw transportError({ cause: signal.reason, signal, sent: 'nothing' });
    const post = this.#open(message, signal);
    // Its failure shows as the failure of the response, or as what `body` noted; waiting for it could outlast the deadline.
    pipeline(post.body.bytes, post.request).catch(() => post.request.destroy());
    try {
      const response = await nextResponse(post.request, signal);
      requireIpp(response);
      const body = await readBody(response);
      const documentSent = post.request.writableFinished ? 'wholly' : 'partly';
      const certificate = post.certificate();
      return certificate ? { body, certificate, documentSent } : { body, documentSent };
    } catch (failure) {
      const cause = post.body.failure() ?? failure;
      const sent = post.hasSocket() ? 'something' : 'nothing';
      const wasReused = post.request.reusedSocket && post.isUnanswered();
      post.request.destroy();
      throw transportError({ cause, signal, sent, wasReused });
    } finally {
      if (!post.request.writableFinished) post.request.destroy();
    }
  }

  /** Ends what is under way and closes every connection. */
  async close(): Promise<void> {
    this.#closing.abort(
      new IppTransportError('canceled', 'the connection to the printer was closed', { sent: 'nothing' }),
    );
    this.#agent.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #open(message: { head: Buffer; document?: IppDocument; attempt: IppAttempt }, signal: AbortSignal) {
    const { host, port, path } = this.target;
    const post = request({
      agent: this.#agent,
      method: 'POST',
      host,
      port,
      path,
      headers: { host: hostHeader(this.target), 'content-type': 'application/ipp', ...framing(message) },
      maxHeaderSize: ippLimits.maxHttpHeaderBytes,
      timeout: message.attempt.idleMs,
      signal,
    });
    let socket: object | undefined;
    let isUnanswered = true;
    post.on('socket', (assigned) => {
      socket = assigned;
    });
    post.on('response', () => {
      isUnanswered = false;
    });
    post.on('timeout', () => {
      post.destroy(new IppTransportError('timeout', 'the printer was silent for too long', { sent: 'something' }));
    });
    return {
      request: post,
      body: bodyOf(message),
      hasSocket: () => socket !== undefined,
      isUnanswered: () => isUnanswered,
      certificate: () => (socket ? this.#certificates.get(socket) : undefined),
    };
  }

  async #connect(): Promise<Socket> {
    const { target, trust } = this.#options;
    const signal = AbortSignal.any([AbortSignal.timeout(ippLimits.connectMs), this.#closing.signal]);
    const addresses = await resolveTarget(target, this.#options);
    signal.throwIfAborted();
    const lookup: LookupFunction = (_host, options, done) => {
      const [first] = addresses;
      if (options.all) done(null, [...addresses]);
      else done(null, first?.address ?? '', first?.family ?? 4);
    };
    const route = { host: target.host, port: target.port, lookup, autoSelectFamily: true, noDelay: true };
    const socket =
      target.security === 'tls' ? connectTls({ ...route, ...tlsOptions(target, trust) }) : connectTcp(route);
    try {
      await once(socket, target.security === 'tls' ? 'secureConnect' : 'connect', { signal });
      if (target.security === 'tls') this.#certificates.set(socket, requireTrust(socket as TLSSocket, trust));
      return socket;
    } catch (error) {
      // A late error of a socket that is given up has nobody to tell.
      socket.on('error', () => undefined).destroy();
      throw error;
    }
  }
}

function tlsOptions(target: IppTarget, trust: IppTrust) {
  const ca = trust.kind === 'authorities' && trust.ca ? [...getCACertificates('default'), ...trust.ca] : undefined;
  return {
    rejectUnauthorized: trust.kind === 'authorities',
    ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
    ...(ca ? { ca } : {}),
  };
}

function requireTrust(socket: TLSSocket, trust: IppTrust): IppCertificate {
  const { raw } = socket.getPeerX509Certificate() ?? {};
  if (!raw) throw new IppTransportError('certificate', 'the printer showed no certificate', { sent: 'nothing' });
  const certificate = { sha256: createHash('sha256').update(raw).digest('hex'), isAuthorized: socket.authorized };
  if (trust.kind === 'pin' && trust.sha256 !== certificate.sha256) {
    const detail = { sent: 'nothing', certificate } as const;
    throw new IppTransportError('certificate', 'the printer shows another certificate than before', detail);
  }
  return certificate;
}

function hostHeader({ host, port }: IppTarget): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

function framing({ head, document }: { head: Buffer; document?: IppDocument }): Record<string, string> {
  if (!document) return { 'content-length': String(head.length) };
  if (document.framing !== 'length') return { 'transfer-encoding': 'chunked' };
  if (document.size === undefined) {
    throw new IppTransportError('document', 'a document of unknown size cannot be announced', { sent: 'nothing' });
  }
  return { 'content-length': String(head.length + document.size) };
}

interface RequestBody {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Why the document could not be sent, where that is our side's fault. */
  failure(): IppTransportError | undefined;
}

function bodyOf({ head, document }: { head: Buffer; document?: IppDocument }): RequestBody {
  let failure: IppTransportError | undefined;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield head;
    if (!document) return;
    try {
      yield* measured(document);
    } catch (cause) {
      const message = cause instanceof DocumentSizeError ? cause.message : 'the document could not be read to its end';
      failure = new IppTransportError('document', message, { cause, sent: 'something' });
      throw failure;
    }
  }
  return { bytes: bytes(), failure: () => failure };
}

class DocumentSizeError extends Error {}

/** Throws before the last chunk is written, so that the printer sees a request that was cut, not a shorter document. */
async function* measured({ bytes, size }: IppDocument): AsyncGenerator<Uint8Array> {
  let byteCount = 0;
  for await (const chunk of bytes) {
    byteCount += chunk.length;
    if (size !== undefined && byteCount > size) break;
    yield chunk;
  }
  if (size !== undefined && byteCount !== size) {
    throw new DocumentSizeError(`the document has not the ${size} bytes that it should have`);
  }
}

/** The signal is listened to as well: a request that still waits for its connection would not tell of its end. */
function nextResponse(post: ClientRequest, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    post.on('response', resolve);
    post.on('error', reject);
    post.on('close', () => {
      reject(new IppTransportError('interrupted', 'the connection ended without an answer', { sent: 'something' }));
    });
  });
}

/** The body of another kind of answer is not read, and never shown: it could be of a server that is no printer. */
function requireIpp(response: IncomingMessage): void {
  const { statusCode: httpStatus = 0, headers } = response;
  if (httpStatus !== 200) {
    const message = httpStatus >= 300 && httpStatus < 400 ? 'redirects are not followed' : 'this is not an IPP answer';
    throw new IppTransportError('http', `HTTP status ${httpStatus}: ${message}`, { sent: 'something', httpStatus });
  }
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';');
  if (mediaType.trim().toLowerCase() !== 'application/ipp' || headers['content-encoding']) {
    throw new IppTransportError('format', 'the answer is not of type application/ipp', { sent: 'something' });
  }
  if (Number(headers['content-length'] ?? 0) > ippLimits.maxAnswerBytes) throw tooLarge();
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    byteCount += chunk.length;
    if (byteCount > ippLimits.maxAnswerBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, byteCount);
}

const tooLarge = (): IppTransportError =>
  new IppTransportError('format', `the answer is larger than ${ippLimits.maxAnswerBytes} bytes`, { sent: 'something' });
