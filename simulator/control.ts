/**
 * The control surface: a plain HTTP server on loopback through which tests and the demo steer the simulator.
 * Each part of the simulator registers its own routes. `GET` hands the query to the handler, `POST` the JSON body.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const LOOPBACK = '127.0.0.1';

// A delivered message of 150 MB is 200 MB as base64.
const MAX_BODY_BYTES = 256 * 1024 * 1024;

export type ControlInput = Record<string, unknown>;

export type ControlRoute = {
  readonly method: string;
  readonly path: string;
  readonly handler: (body: ControlInput) => unknown;
};

/** A refusal with a status of its own; whatever else a handler throws is told to the caller as 400. */
export class ControlProblem extends Error {
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

export type Control = {
  readonly url: string;
  readonly port: number;
  registerControl(route: ControlRoute): void;
  close(): Promise<void>;
};

/** Starts the control surface on loopback; `GET /` lists the routes. */
export async function startControl(options: { port?: number } = {}): Promise<Control> {
  const routes = new Map<string, ControlRoute>();
  const registerControl = (route: ControlRoute) => {
    routes.set(`${route.method} ${route.path}`, route);
  };
  registerControl({ method: 'GET', path: '/', handler: () => ({ routes: [...routes.keys()].sort() }) });
  const server = createServer((request, response) => {
    answer(routes, request)
      .then((value) => reply(response, 200, value ?? {}))
      .catch((error: unknown) => {
        const status = error instanceof ControlProblem ? error.status : 400;
        reply(response, status, { error: error instanceof Error ? error.message : String(error) });
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, LOOPBACK, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://${LOOPBACK}:${port}`, port, registerControl, close };
}

async function answer(routes: ReadonlyMap<string, ControlRoute>, request: IncomingMessage): Promise<unknown> {
  // A page of another site, or a name rebound to loopback, must not steer a simulator that a demo left running.
  const host = request.headers.host?.replace(/:\d+$/, '') ?? '';
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(host)) throw new ControlProblem('unknown host', 421);
  if (request.headers.origin !== undefined) throw new ControlProblem('browsers may not steer the simulator', 403);
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const route = routes.get(`${request.method} ${url.pathname}`);
  if (!route) throw new ControlProblem(`there is no ${request.method} ${url.pathname}; GET / lists the routes`, 404);
  const input = request.method === 'GET' ? Object.fromEntries(url.searchParams) : await readJson(request);
  return route.handler(input);
}

async function readJson(request: IncomingMessage): Promise<ControlInput> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new ControlProblem('the body is too large', 413);
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as ControlInput;
  } catch {
    // Falls through to the one message for every wrong body.
  }
  throw new ControlProblem('the body must be a JSON object');
}

function reply(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(JSON.stringify(value));
}
