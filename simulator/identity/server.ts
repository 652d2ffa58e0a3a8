/** The HTTPS listener of the practice identity platform: routes, limits, faults and the wire log. */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { rehearsalsPage } from '../rehearsals/page.ts';
import type { PracticeTenant } from '../tenant.ts';
import { type Answer, htmlAnswer, Refusal, refusalAnswer } from './answers.ts';
import { accountStep, adminConsent, authorize, confirmStep, enterCode } from './browser.ts';
import { answerInstead, type Fault, Faults, patchAnswer, resetSocket, sendSpoiled } from './faults.ts';
import {
  type Endpoint,
  type Identity,
  type IdentityRequest,
  type Language,
  RequestLog,
  SigningKey,
} from './identity.ts';
import { indexPage, nativeClientPage } from './pages.ts';
import { graphMe, introspect, openidConfiguration, signingKeys, userinfo } from './resources.ts';
import { deviceCodeEndpoint, grantName, tokenEndpoint } from './token.ts';
import { foreignIdToken } from './tokens.ts';

const MAX_BODY_BYTES = 256 * 1024;

type EndpointFunction = (identity: Identity, request: IdentityRequest) => Answer;
type Route = { readonly pattern: RegExp; readonly endpoint: Endpoint; readonly answer: EndpointFunction };

const ROUTES: readonly Route[] = [
  { pattern: /^\/([^/]+)\/oauth2\/v2\.0\/devicecode$/, endpoint: 'devicecode', answer: deviceCodeEndpoint },
  { pattern: /^\/([^/]+)\/oauth2\/v2\.0\/token$/, endpoint: 'token', answer: tokenEndpoint },
  { pattern: /^\/([^/]+)\/oauth2\/v2\.0\/authorize$/, endpoint: 'authorize', answer: authorize },
  { pattern: /^\/([^/]+)\/v2\.0\/adminconsent$/, endpoint: 'adminconsent', answer: adminConsent },
  {
    pattern: /^\/([^/]+)\/v2\.0\/\.well-known\/openid-configuration$/,
    endpoint: 'openid-configuration',
    answer: openidConfiguration,
  },
  { pattern: /^\/([^/]+)\/discovery\/v2\.0\/keys$/, endpoint: 'keys', answer: signingKeys },
  { pattern: /^\/(?:common\/oauth2\/)?(?:devicelogin|link)$/, endpoint: 'device-login', answer: enterCode },
  { pattern: /^\/sign-in\/account$/, endpoint: 'device-login', answer: accountStep },
  { pattern: /^\/sign-in\/confirm$/, endpoint: 'device-login', answer: confirmStep },
  {
    pattern: /^\/common\/oauth2\/nativeclient$/,
    endpoint: 'other',
    answer: (_, { language }) => nativeClientPage(language),
  },
  { pattern: /^\/v1\.0\/me$/, endpoint: 'me', answer: graphMe },
  { pattern: /^\/oidc\/userinfo$/, endpoint: 'other', answer: userinfo },
  { pattern: /^\/rehearsals$/, endpoint: 'other', answer: rehearsalsPage },
  { pattern: /^\/introspect$/, endpoint: 'introspect', answer: introspect },
  { pattern: /^\/$/, endpoint: 'other', answer: (_, { language }) => indexPage(language) },
];

export type StartIdentityOptions = {
  tenant: PracticeTenant;
  tls: { key: string; cert: string };
  host?: string;
  port?: number;
  key?: SigningKey;
  /** Called before the answer to each request that may have changed the tenant leaves. */
  changed?: () => void;
};

export type RunningIdentity = {
  readonly identity: Identity;
  readonly authority: string;
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
};

/** Starts the identity endpoints; `authority` is the base to which a client appends the tenant. */
export async function startIdentity(options: StartIdentityOptions): Promise<RunningIdentity> {
  const host = options.host ?? '127.0.0.1';
  const sockets = new Set<Socket>();
  let identity: Identity | undefined;
  const server = createServer({ key: options.tls.key, cert: options.tls.cert, minVersion: 'TLSv1.2' });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => {
    if (!identity) return void response.destroy();
    serve(identity, { incoming: request, response, changed: options.changed }).catch((error: unknown) =>
      fail(response, error),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  identity = {
    tenant: options.tenant,
    key: options.key ?? new SigningKey(),
    faults: new Faults(),
    log: new RequestLog(),
    pageSessions: new Map(),
    authority: `https://localhost:${port}`,
  };
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { identity, authority: identity.authority, host, port, close };
}

type Exchange = {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly changed: (() => void) | undefined;
};

async function serve(identity: Identity, { incoming, response, changed }: Exchange): Promise<void> {
  response.setHeader('date', identity.tenant.clock.now().toUTCString());
  const body = await readBody(incoming);
  if (body === undefined) {
    response.writeHead(413, { connection: 'close' });
    response.end();
    return;
  }
  const request = readRequest(incoming, body, identity.authority);
  if (!request) {
    response.writeHead(400, { connection: 'close' });
    response.end();
    return;
  }
  const route = ROUTES.find(({ pattern }) => pattern.test(request.url.pathname));
  const grant = route?.endpoint === 'token' ? grantName(request.form) : undefined;
  const fault = route && identity.faults.take(route.endpoint, grant);
  const account = accountOf(identity, request);
  const isSilent = fault?.kind === 'reset' || fault?.kind === 'hang';
  const answer = isSilent ? undefined : answerRequest(identity, request, { route, fault });
  // Written before the answer leaves, so that whoever has the answer finds it in the log.
  identity.log.add({
    at: identity.tenant.clock.now(),
    endpoint: route?.endpoint ?? 'other',
    grant,
    tenantPath: request.tenantPath,
    clientId: request.form.get('client_id') ?? undefined,
    scope: request.form.get('scope') ?? undefined,
    account,
    status: fault?.kind === 'lost-answer' ? undefined : answer?.status,
    ...errorOf(answer),
    fault: fault?.kind,
  });
  if (request.method === 'POST') changed?.();
  if (fault?.kind === 'reset') resetSocket(response);
  else if (answer && fault) await sendSpoiled(response, answer, fault);
  else if (answer) send(response, answer);
}

/** The endpoint's answer, a refusal in its place, or what a fault makes of either. */
function answerRequest(
  identity: Identity,
  request: IdentityRequest,
  how: { route: Route | undefined; fault: Fault | undefined },
): Answer {
  const { route, fault } = how;
  try {
    const instead = fault && answerInstead(fault);
    if (instead) return instead;
    if (!route) return htmlAnswer('<!DOCTYPE html><title>404</title><p>Not found.</p>', 404);
    const answer = route.answer(identity, request);
    if (fault?.kind === 'patch') return patchAnswer(answer, fault);
    if (fault?.kind === 'other-user' || fault?.kind === 'other-tenant') return foreign(identity, answer, fault.kind);
    return answer;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const refused = refusalAnswer(error, {
      now: identity.tenant.clock.now(),
      correlationId: request.correlationId,
      layout: identity.tenant.settings.descriptionLayout,
      authority: identity.authority,
    });
    return fault?.kind === 'patch' ? patchAnswer(refused, fault) : refused;
  }
}

function foreign(identity: Identity, answer: Answer, whose: 'other-user' | 'other-tenant'): Answer {
  const body = JSON.parse(answer.body) as Record<string, unknown>;
  if (typeof body.id_token !== 'string') return answer;
  return { ...answer, body: JSON.stringify({ ...body, id_token: foreignIdToken(identity, body.id_token, whose) }) };
}

/** A mistake of the simulator itself must be seen by whoever runs the test. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  response.writeHead(500, { 'content-type': 'text/plain' });
  response.end(`the practice tenant failed: ${error instanceof Error ? error.stack : String(error)}`);
}

function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) });
  response.end(answer.body);
}

async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readRequest(incoming: IncomingMessage, body: string, authority: string): IdentityRequest | undefined {
  const target = incoming.url ?? '/';
  if (!target.startsWith('/') || !URL.canParse(`${authority}${target}`)) return undefined;
  const url = new URL(`${authority}${target}`);
  const header = (name: string) => incoming.headers[name]?.toString();
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(header('content-type') ?? '');
  const requestId = header('client-request-id') ?? '';
  return {
    method: incoming.method ?? 'GET',
    url,
    headers: { authorization: header('authorization') },
    form: new URLSearchParams(isForm ? body : ''),
    tenantPath: decodeTenant(url.pathname.split('/')[1] ?? ''),
    correlationId: /^[0-9a-f-]{36}$/i.test(requestId) ? requestId : randomUUID(),
    language: languageOf(url.searchParams.get('mkt') ?? header('accept-language') ?? ''),
  };
}

function decodeTenant(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // a stray percent sign is a malformed tenant, not a failure of ours
  }
}

function languageOf(wanted: string): Language {
  return /^\s*it\b/i.test(wanted) ? 'it' : 'en';
}

/** Whose code or token a request brings, for the log; looked up before the endpoint changes anything. */
function accountOf(identity: Identity, request: IdentityRequest): string | undefined {
  const { tenant } = identity;
  const code = tenant.deviceCodes.get(request.form.get('device_code') ?? '');
  const fromCode = code?.state.kind === 'confirmed' ? code.state.signIn.oid : undefined;
  const oid = fromCode ?? tenant.refreshTokens.get(request.form.get('refresh_token') ?? '')?.signIn.oid;
  return oid === undefined ? undefined : tenant.findAccountByOid(oid)?.upn;
}

function errorOf(answer: Answer | undefined): { error: string | undefined; aadsts: number | undefined } {
  const body = parsedOf(answer);
  const first = Array.isArray(body.error_codes) ? body.error_codes[0] : undefined;
  return {
    error: typeof body.error === 'string' ? body.error : undefined,
    aadsts: typeof first === 'number' ? first : undefined,
  };
}

function parsedOf(answer: Answer | undefined): Record<string, unknown> {
  if (!answer || answer.status < 400) return {};
  try {
    return Object(JSON.parse(answer.body)) as Record<string, unknown>;
  } catch {
    return {}; // a page, or a body that a fault has broken
  }
}
