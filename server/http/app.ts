/** The Fastify app: its limits, its guards in their order, and the routes behind them. */
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server } from 'node:net';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyInstance, type FastifyServerFactory, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { MINUTE_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import type { Context } from '../store/database.ts';
import { EventStreams, eventRoutes } from './events.ts';
import { guardRoutes, type RouteEntry } from './guard.ts';
import { healthRoutes, type Readiness } from './health.ts';
import * as limits from './limits.ts';
import { type Measures, metricsRoutes } from './metrics.ts';
import type { RouteModule } from './mount.ts';
import { describeRoutes, openapiRoutes } from './openapi.ts';
import { assertOwnHost, assertOwnOrigin } from './origin.ts';
import { guideRoutes } from './pages/guide.ts';
import { pageRoutes } from './pages/pages.ts';
import { answerProblems, sendProblem } from './problems.ts';
import { decorateRequests } from './request.ts';

export type AppOptions = {
  readonly routes: readonly RouteModule[];
  readonly readiness: Readiness;
  readonly measures: Measures;
  /** PEM texts; without them plain HTTP. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly patience: limits.Patience;
};

export type App = { readonly app: FastifyInstance; readonly routeTable: readonly RouteEntry[] };

/** What Node's parser refuses, when it is more than nonsense. */
const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Builds the app without listening. Throws when a route declares no role. */
export async function buildApp(context: Context, options: AppOptions): Promise<App> {
  const app = makeFastify(context, options);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  // JSON is what forms of other sites cannot send without asking first.
  app.removeContentTypeParser('text/plain');
  decorateRequests(app);

  await app.register(cookie);
  await addHeaders(app, context);
  app.addHook('onRequest', async (request) => {
    assertOwnHost(request, context);
    assertOwnOrigin(request, context);
  });
  await limitRequests(app);
  const routeTable = guardRoutes(app, context);
  logRequests(app);
  await describeRoutes(app);
  answerProblems(app, await pageRoutes(app));
  guideRoutes(app);

  const streams = new EventStreams(context);
  app.addHook('preClose', async () => await streams[Symbol.asyncDispose]());
  healthRoutes(app, context, options.readiness);
  metricsRoutes(app, context, { measures: options.measures, streamCount: () => streams.count });
  openapiRoutes(app);
  await app.register(
    async (api) => {
      api.addHook('onSend', async (_request, reply) => {
        reply.header('cache-control', 'no-store');
      });
      eventRoutes(api, context, streams);
      for (const addRoutes of options.routes) await addRoutes(api, context);
    },
    { prefix: '/api/v1' },
  );
  await app.ready();
  return { app, routeTable };
}

function makeFastify(context: Context, options: AppOptions): FastifyInstance {
  return Fastify({
    serverFactory: (handler) => makeServer(handler, options),
    loggerInstance: context.log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: newId,
    requestIdHeader: false,
    // A proxy on this machine tells who is behind it; anybody else would tell what suits them.
    trustProxy: 'loopback',
    bodyLimit: limits.MAX_BODY_BYTES,
    routerOptions: { maxParamLength: limits.MAX_PARAM_CHARS },
    exposeHeadRoutes: false,
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => {
      sendProblem(request, reply, error);
    },
    clientErrorHandler: (error, socket) => {
      // What is not HTTP gets no more than that; nothing of it goes into an answer or the log. Over a connection whose
      // handshake has failed nothing can be said at all.
      const code = error.code ?? '';
      if (!/^(HPE|ERR_HTTP)_/.test(code) || !socket.writable) {
        socket.destroy();
        return;
      }
      const status = CLIENT_ERRORS[code] ?? '400 Bad Request';
      socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      // Nobody keeps a connection by leaving the other side open.
      socket.destroySoon();
    },
  }) as unknown as FastifyInstance;
}

function makeServer(handler: Parameters<FastifyServerFactory>[0], { tls, patience }: AppOptions) {
  const options = {
    headersTimeout: patience.headersMs,
    requestTimeout: patience.requestMs,
    keepAliveTimeout: patience.keepAliveMs,
    connectionsCheckingInterval: patience.checkMs,
    maxHeaderSize: limits.MAX_HEADER_BYTES,
  };
  const handshake = { minVersion: 'TLSv1.2', handshakeTimeout: patience.headersMs } as const;
  const server =
    tls === undefined ? createServer(options, handler) : createTlsServer({ ...options, ...tls, ...handshake }, handler);
  server.timeout = patience.silenceMs;
  server.maxConnections = limits.MAX_CONNECTIONS;
  server.maxHeadersCount = limits.MAX_HEADERS;
  limitConnections(server, patience.connectionsPerAddress);
  return server;
}

/** One address never takes the connections of all. */
function limitConnections(server: Server, atMost: number): void {
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (open.get(address) ?? 0) + 1;
    if (count > atMost) {
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}

async function addHeaders(app: FastifyInstance, context: Context): Promise<void> {
  const secure = context.settings.publicUrl.startsWith('https:');
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
      },
    },
    hsts: secure ? { maxAge: 180 * 24 * 60 * 60, includeSubDomains: false } : false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  });
}

async function limitRequests(app: FastifyInstance): Promise<void> {
  await app.register(rateLimit, {
    max: limits.MAX_REQUESTS_PER_MINUTE,
    timeWindow: MINUTE_MS,
    cache: 10_000,
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: (_request, { ttl }) =>
      new PlatenError('too-many-requests', 'too many requests from this address', {
        retryAfterSeconds: Math.ceil(ttl / 1000),
      }),
  });
}

function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    // Never the query or a header: both can hold what nobody should read.
    const line = {
      method: request.method,
      path: request.url.split('?', 1)[0]?.slice(0, 200),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      actor: request.actor,
    };
    if (reply.statusCode >= 400) request.log.info(line, 'a request was refused');
    else request.log.debug(line, 'a request was answered');
  });
}
