import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, getCACertificates } from 'node:tls';
import { OAUTH_MAX_ANSWER_BYTES, OAUTH_TIMEOUT_MS } from '../limits.ts';
import { isExemptFromProxy, openTunnel, ProxyRefusal } from './proxy.ts';

/** How identity and Graph are reached. */
export type Transport = {
  /** Certificate authorities (PEM) trusted beside the default ones. */
  readonly ca?: readonly string[];
  /** Proxy that is asked to CONNECT, as in HTTPS_PROXY. */
  readonly httpsProxy?: string;
  /** Hosts that are reached without the proxy, as in NO_PROXY. */
  readonly noProxy?: string;
  /** One deadline for the whole attempt. */
  readonly timeoutMs?: number;
};

/** What each call to the identity platform is told: the way there, the time, and when to give up. */
export type Call = {
  readonly transport: Transport;
  /** The caller's clock; protocols read none of their own. */
  readonly now: Date;
  readonly signal?: AbortSignal;
};

export type HttpsRequest = {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** A complete answer; `body` may hold tokens and must never reach a log. */
export type HttpsAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/**
 * There is no usable answer: refused, reset, too slow, too long. Waiting may help.
 * Its message names the host and never anything that was sent or received.
 */
export class HttpsFailure extends Error {
  override readonly name = 'HttpsFailure';
}

/**
 * Sends one request over TLS and reads the whole answer within one deadline and one size cap.
 * Redirects are answers, never followed: a token must not travel to an address that somebody else chose.
 * Throws HttpsFailure when there is no complete answer, and the signal's reason when the caller gave up.
 */
export async function exchangeOverHttps(wanted: HttpsRequest, call: Call): Promise<HttpsAnswer> {
  if (wanted.url.protocol !== 'https:') {
    throw new HttpsFailure(`${wanted.url.protocol}//${wanted.url.host} is not asked: only https is`);
  }
  const deadline = AbortSignal.timeout(call.transport.timeoutMs ?? OAUTH_TIMEOUT_MS);
  const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]);
  let tunnel: Socket | undefined;
  try {
    tunnel = await findWay(wanted.url, call.transport, signal);
    const response = await sendRequest(wanted, {
      ...trust(call.transport),
      ...through(tunnel, wanted.url, call.transport),
      signal,
    });
    const body = await readCapped(response);
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  } catch (error) {
    call.signal?.throwIfAborted();
    throw translateFailure(error, wanted.url.host, deadline.aborted);
  } finally {
    tunnel?.destroy();
  }
}

async function findWay(url: URL, transport: Transport, signal: AbortSignal): Promise<Socket | undefined> {
  if (transport.httpsProxy === undefined || isExemptFromProxy(url, transport.noProxy)) return undefined;
  if (!URL.canParse(transport.httpsProxy)) throw new HttpsFailure('the address of the proxy is not well formed');
  const target = { host: url.hostname, port: url.port === '' ? 443 : Number(url.port) };
  return openTunnel(new URL(transport.httpsProxy), target, signal);
}

function trust(transport: Transport): { ca?: string[] } {
  return transport.ca === undefined ? {} : { ca: [...getCACertificates('default'), ...transport.ca] };
}

function through(tunnel: Socket | undefined, url: URL, transport: Transport): RequestOptions {
  // no agent: a connection lives for one exchange, so that nothing of it can be left over for another tenant
  if (tunnel === undefined) return { agent: false };
  const { hostname: host } = url;
  const name = isIP(host) === 0 ? { servername: host } : {};
  const ca = trust(transport);
  return { agent: false, createConnection: () => connectTls({ socket: tunnel, host, ...name, ...ca }) };
}

function sendRequest(wanted: HttpsRequest, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { ...wanted.headers, 'accept-encoding': 'identity' };
    if (wanted.body !== undefined) headers['content-length'] = String(Buffer.byteLength(wanted.body));
    const sent = request(wanted.url, { ...options, method: wanted.method, headers }, resolve);
    sent.on('error', reject);
    sent.end(wanted.body);
  });
}

async function readCapped(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // leaving the loop destroys the response and its socket, so that nothing more is read
    if (bytes > OAUTH_MAX_ANSWER_BYTES) throw new TooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

class TooLong extends Error {}

function translateFailure(error: unknown, host: string, isLate: boolean): HttpsFailure {
  if (error instanceof HttpsFailure) return error;
  if (error instanceof ProxyRefusal) return new HttpsFailure(`${host} could not be reached: ${error.message}`);
  if (error instanceof TooLong) {
    return new HttpsFailure(`the answer of ${host} is longer than ${OAUTH_MAX_ANSWER_BYTES} bytes`);
  }
  if (isLate) return new HttpsFailure(`${host} did not answer in time`);
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return new HttpsFailure(`${host} could not be reached${code === undefined ? '' : `: ${code}`}`);
}
