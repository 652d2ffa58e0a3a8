/** The real server as a process of its own: started, asked over HTTP, killed, frozen and woken. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_OPTIONS, nodeEnvironment } from '../../setup/node-options.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const NODE = join(ROOT, 'node_modules', '.bin', 'node');
// A campaign runs with the lowest priority beside other work, and a start is seconds of computing.
const START_TIMEOUT_MS = 300_000;

export type ServerOptions = {
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Programs and their options that the server runs under, such as strace. */
  readonly under?: readonly string[];
  /** Kills the server when it aborts, also while it is still starting; starting then throws. */
  readonly killSignal?: AbortSignal;
};

export type Answer = {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly text: string;
  readonly headers: Headers;
};

export type CallOptions = {
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export type PlatenProcess = AsyncDisposable & {
  readonly pid: number;
  readonly url: string;
  readonly setupToken: string;
  /** Everything it printed, for leak checks and for showing what went wrong. */
  output(): string;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  readonly hasEnded: () => boolean;
  /** Resolves when the process has ended, however it did. */
  readonly ended: Promise<unknown>;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL to the server alone: its embedded database stays behind, as after a crash. */
  kill(): Promise<void>;
  stop(): Promise<number | null>;
};

/** Starts the server and returns when it says that it is ready; throws with its output when it ends instead. */
export async function startPlatenProcess(options: ServerOptions): Promise<PlatenProcess> {
  const setupToken = options.env?.PLATEN_SETUP_TOKEN ?? randomBytes(18).toString('base64url');
  const [program, ...before] = [...(options.under ?? []), NODE];
  const inside = [...NODE_OPTIONS, join(ROOT, 'cli/main.ts'), 'serve'];
  const child = spawn(program ?? NODE, [...before, ...inside], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '/',
      ...nodeEnvironment(ROOT),
      PLATEN_DATA_DIR: options.dataDir,
      PLATEN_PORT: '0',
      PLATEN_RELAY_PORT: '0',
      // No test speaks to the network of whoever runs it.
      PLATEN_DISCOVERY: 'off',
      PLATEN_SETUP_TOKEN: setupToken,
      PLATEN_LOG_LEVEL: 'info',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const killNow = () => void child.kill('SIGKILL');
  if (options.killSignal?.aborted) killNow();
  options.killSignal?.addEventListener('abort', killNow, { once: true });
  const url = await readyUrl(child, () => output);
  return {
    pid: child.pid ?? 0,
    url,
    setupToken,
    output: () => output,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    ended,
    call: (method, path, more = {}) => call(url, { method, path, ...more }),
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      child.kill('SIGTERM');
      return await ended;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

async function readyUrl(child: ChildProcess, output: () => string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(new Error(`not ready in time:\n${output()}`)), START_TIMEOUT_MS);
    const look = () => {
      const url = /^Platen is ready at (\S+)$/m.exec(output())?.[1];
      if (url !== undefined) finish(undefined, url);
    };
    const ended = () => setImmediate(() => finish(new Error(`Platen ended while starting:\n${output()}`)));
    const finish = (error?: Error, url?: string) => {
      clearTimeout(timer);
      child.stdout?.off('data', look);
      child.off('exit', ended);
      if (error !== undefined) {
        child.kill('SIGKILL');
        reject(error);
      } else resolve(url ?? '');
    };
    child.stdout?.on('data', look);
    child.once('exit', ended);
  });
}

async function call(
  url: string,
  request: CallOptions & { readonly method: string; readonly path: string },
): Promise<Answer> {
  const answer = await fetch(new URL(request.path.startsWith('/') ? `/api/v1${request.path}` : request.path, url), {
    method: request.method,
    headers: {
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(request.token === undefined ? {} : { authorization: `Bearer ${request.token}` }),
      ...request.headers,
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await answer.text();
  let body: Record<string, unknown> = {};
  try {
    body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  } catch {
    // Metrics and documents are not JSON; the caller reads the text.
  }
  return { status: answer.status, body, text, headers: answer.headers };
}
