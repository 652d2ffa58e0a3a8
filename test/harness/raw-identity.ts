import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { makePrivateCertificate } from './private-ca.ts';

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
};

/** Answers one request, as well or as badly as the test wants. */
export type Answering = (asked: Asked, response: ServerResponse, socket: Socket) => void;

export const RAW_TENANT = '7b1c5f0a-3b55-4a52-9f6e-0d5a1f7d2c11';
export const RAW_CLIENT = '2f0c1d52-93f3-4c56-8a37-3b5c1f9e7a02';

/**
 * An HTTPS server on loopback that says exactly what the test tells it to say: unanswered expectations are visible
 * in `asked`, and nothing is understood that the test did not understand.
 */
export async function startRawIdentity(answering: Answering) {
  const { ca, cert, key } = makePrivateCertificate();
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  let current = answering;
  const server = createServer({ cert, key }, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = new URL(request.url ?? '/', 'https://localhost');
    const one: Asked = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      form: new URLSearchParams(Buffer.concat(chunks).toString()),
      headers: request.headers,
    };
    asked.push(one);
    response.on('error', () => undefined);
    current(one, response, request.socket);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const authority = `https://localhost:${port}`;
  const oauth = `${authority}/${RAW_TENANT}/oauth2/v2.0`;
  return {
    authority,
    ca,
    port,
    asked,
    endpoints: {
      issuer: `${authority}/${RAW_TENANT}/v2.0`,
      deviceAuthorizationEndpoint: `${oauth}/devicecode`,
      tokenEndpoint: `${oauth}/token`,
    },
    /** From now on answers differently. */
    answer(next: Answering): void {
      current = next;
    },
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export type RawIdentity = Awaited<ReturnType<typeof startRawIdentity>>;

/** Answers with JSON. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answering {
  return (_asked, response) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(JSON.stringify(body));
  };
}

/** An error body as Microsoft writes it, in the older layout of the description. */
export function refusalBody(error: string, aadsts: number, more: Readonly<Record<string, unknown>> = {}) {
  return {
    error,
    error_description:
      `AADSTS${aadsts}: Something was not right.\r\nTrace ID: 1b2c3d4e-0000-0000-0000-000000000001\r\n` +
      'Correlation ID: 9f8e7d6c-0000-0000-0000-000000000002\r\nTimestamp: 2026-11-22 09:34:07Z',
    error_codes: [aadsts],
    timestamp: '2026-11-22 09:34:07Z',
    trace_id: '1b2c3d4e-0000-0000-0000-000000000001',
    correlation_id: '9f8e7d6c-0000-0000-0000-000000000002',
    ...more,
  };
}

/** An id_token with any claims; nobody verifies its signature, because it comes over TLS from the token endpoint. */
export function makeIdToken(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${Buffer.from('no signature').toString('base64url')}`;
}
