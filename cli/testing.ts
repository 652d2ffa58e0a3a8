/** For the tests of the command line: the real process, and a small server that answers what a test has recorded. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
export const TOKEN = 'platen_a-token-for-the-tests-of-the-cli';
const PATIENCE_MS = 60_000;

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type Started = {
  readonly child: ChildProcess;
  stdout(): string;
  readonly ended: Promise<Ended>;
};

export type Surroundings = {
  readonly env?: Readonly<Record<string, string>>;
  /** What is on its standard input. */
  readonly input?: string;
};

/** Starts the command line as a process of its own; nothing of this process's environment reaches it. */
export function startCli(args: readonly string[], { env = {}, input = '' }: Surroundings = {}): Started {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PLATEN_DATA_DIR: '/nonexistent/platen', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: PATIENCE_MS,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  // A command that reads nothing may be gone before the input is.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, stdout: () => stdout, ended };
}

export async function runCli(args: readonly string[], surroundings: Surroundings = {}): Promise<Ended> {
  return await startCli(args, surroundings).ended;
}

export type Recorded = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
};
export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
};
/** `METHOD /path` to what is answered: always the same, or made from the request. */
export type Recording = Readonly<Record<string, Recorded | ((asked: Asked) => Recorded | Promise<Recorded>)>>;

export type RecordedServer = AsyncDisposable & {
  readonly url: string;
  readonly asked: Asked[];
  /** The environment with which a command speaks to it. */
  readonly env: Readonly<Record<string, string>>;
};

export async function startRecordedServer(recording: Recording): Promise<RecordedServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    answer(request, response, { recording, asked }).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    asked,
    env: { PLATEN_URL: url, PLATEN_TOKEN: TOKEN },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { recording, asked }: { readonly recording: Recording; readonly asked: Asked[] },
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const method = request.method ?? 'GET';
  const path = pathname.replace(/^\/api\/v1/, '');
  const one = {
    method,
    path,
    query: searchParams,
    headers: request.headers,
    body: text === '' ? null : JSON.parse(text),
  };
  asked.push(one);
  const entry = recording[`${method} ${path}`] ?? { status: 404, body: notFound };
  const recorded = typeof entry === 'function' ? await entry(one) : entry;
  const isText = typeof recorded.body === 'string';
  response.writeHead(recorded.status ?? 200, {
    'content-type': isText ? 'text/html' : 'application/json',
    ...recorded.headers,
  });
  response.end(isText ? recorded.body : recorded.body === undefined ? '' : JSON.stringify(recorded.body));
}

const notFound = { code: 'not-found', title: 'Not found', status: 404, detail: 'there is nothing at this address' };

export function page(...items: readonly unknown[]): Recorded {
  return { body: { items, nextCursor: null } };
}
