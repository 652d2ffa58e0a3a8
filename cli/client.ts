/** The running server over HTTP: bounded answers, one deadline per request, problems as they were told. */
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { z } from 'zod';
import { type Language, textFor } from '../locales/locales.ts';
import { isSystemError } from '../server/base/errors.ts';
import { newId } from '../server/base/secrets.ts';
import { Problem, problemAnswer } from './problem.ts';

export type Query = Readonly<Record<string, string | number | undefined>>;

export type Request = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Under /api/v1. */
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  /** Makes sending it again harmless, where the server knows such keys. */
  readonly key?: string;
  /** Sent in the place of a body. */
  readonly form?: FormData;
  readonly timeoutMs?: number;
};

/** Where the server is and what is shown to it: an API token, or the session that the first run opened. */
export type Target = {
  readonly url: string;
  readonly language: Language;
  readonly token?: string | undefined;
  readonly cookie?: string | undefined;
};

export type Answer = { readonly body: unknown; readonly cookies: readonly string[] };

const TIMEOUT_MS = 30_000;
/** A large document over a slow line. */
const DOWNLOAD_MS = 5 * 60_000;
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/** What is read to the end of a list, so that a list without an end ends. */
const MAX_PAGES = 100;
const PAGE = 200;
/** With a key that makes it harmless. */
const TRIES = 2;

export class Client {
  readonly target: Target;

  constructor(target: Target) {
    this.target = target;
  }

  /** Asks and reads the answer by its shape. Throws `Problem`. */
  async ask<T>(shape: z.ZodType<T>, request: Request): Promise<T> {
    const { body } = await exchange(this.target, request);
    return this.understand(shape, body);
  }

  async get<T>(shape: z.ZodType<T>, path: string, query?: Query): Promise<T> {
    return await this.ask(shape, { method: 'GET', path, ...(query === undefined ? {} : { query }) });
  }

  /** Reads a list to its end, or to `maxItems`. */
  async list<T>(shape: z.ZodType<T>, path: string, query: Query = {}, maxItems = MAX_PAGES * PAGE): Promise<T[]> {
    const page = z.looseObject({ items: z.array(shape), nextCursor: z.string().nullish() });
    const items: T[] = [];
    let cursor: string | undefined;
    for (let count = 0; count < MAX_PAGES && items.length < maxItems; count += 1) {
      const limit = Math.min(PAGE, maxItems - items.length);
      const answer: { items: T[]; nextCursor?: string | null | undefined } = await this.get(page, path, {
        ...query,
        limit,
        cursor,
      });
      items.push(...answer.items);
      if (answer.nextCursor === null || answer.nextCursor === undefined) break;
      cursor = answer.nextCursor;
    }
    return items;
  }

  /**
   * Asks for something that must not be done twice: with a key that the server remembers, so that what arrived although
   * nobody answered is found when it is asked for again.
   */
  async askOnce<T>(shape: z.ZodType<T>, request: Request): Promise<T> {
    const keyed = { ...request, key: newId() };
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.ask(shape, keyed);
      } catch (error) {
        if (attempt >= TRIES || !isPassing(error)) throw error;
      }
    }
  }

  /** Lets `use` read all of the bytes that are at a path. Throws `Problem`, and what `use` throws. */
  async download(path: string, query: Query, use: (bytes: Readable) => Promise<void>): Promise<void> {
    const url = addressOf(this.target, { path, query });
    const request: Request = { method: 'GET', path };
    const ask = { headers: headersOf(this.target, request), redirect: 'manual', signal: timeOut() } as const;
    const response = await fetch(url, ask).catch((error: unknown) => {
      throw unreachable(this.target, error, DOWNLOAD_MS);
    });
    if (!response.ok) throw refusal(this.target, response, parse(await readText(response, this.target)));
    const type = response.headers.get('content-type') ?? '';
    if (response.body === null || !type.startsWith('application/octet-stream')) {
      throw strange(this.target, `HTTP ${response.status} ${type}`);
    }
    await use(Readable.fromWeb(response.body as ReadableStream<Uint8Array>));
  }

  understand<T>(shape: z.ZodType<T>, body: unknown): T {
    const parsed = shape.safeParse(body);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw strange(this.target, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
}

/** One request. Throws `Problem` when the server cannot be asked or does not do it. */
export async function exchange(target: Target, request: Request): Promise<Answer> {
  const timeoutMs = request.timeoutMs ?? TIMEOUT_MS;
  const url = addressOf(target, request);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: request.method,
      headers: headersOf(target, request),
      // A token never follows a redirect to somebody else.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      ...(request.form === undefined ? {} : { body: request.form }),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    text = await readText(response, target);
  } catch (error) {
    throw error instanceof Problem ? error : unreachable(target, error, timeoutMs);
  }
  const body = parse(text);
  if (response.ok && (response.status === 204 || body !== undefined)) {
    return { body: body ?? null, cookies: response.headers.getSetCookie() };
  }
  throw refusal(target, response, body);
}

const timeOut = (): AbortSignal => AbortSignal.timeout(DOWNLOAD_MS);

function addressOf(target: Target, { path, query = {} }: Pick<Request, 'path' | 'query'>): URL {
  const url = new URL(`/api/v1${path}`, target.url);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

function headersOf(target: Target, request: Request): Record<string, string> {
  return {
    accept: 'application/json, application/problem+json',
    'accept-language': target.language,
    'user-agent': 'platen-cli',
    ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(request.key === undefined ? {} : { 'idempotency-key': request.key }),
    ...(target.token === undefined ? {} : { authorization: `Bearer ${target.token}` }),
    // A session is only taken from Platen's own pages; the first run speaks as one of them.
    ...(target.cookie === undefined ? {} : { cookie: target.cookie, origin: new URL(target.url).origin }),
  };
}

async function readText(response: Response, target: Target): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw strange(target, `more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the caller says that this is not Platen.
    return undefined;
  }
}

function refusal(target: Target, response: Response, body: unknown): Problem {
  const parsed = problemAnswer.safeParse(body);
  if (!parsed.success) return strange(target, `HTTP ${response.status} ${response.statusText}`);
  const { instance, ...problem } = parsed.data;
  const told = { ...problem, status: response.status, ...(instance === undefined ? {} : { id: instance }) };
  if (told.code !== 'unauthenticated' || target.token === undefined) return new Problem(told);
  return new Problem({ ...told, advice: textFor(target.language, 'cli.problem.token-refused.advice') });
}

/** Something answers there, but not as Platen does. */
function strange(target: Target, detail: string): Problem {
  return problemOf(target, 'not-platen', { detail });
}

function unreachable(target: Target, error: unknown, timeoutMs: number): Problem {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return problemOf(target, 'no-answer', { detail: `${timeoutMs / 1000} s`, cause: error });
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = isSystemError(cause) ? cause.code : undefined;
  const detail = cause instanceof Error ? cause.message || code : String(cause);
  const isCertificate = code !== undefined && /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code);
  return problemOf(target, isCertificate ? 'certificate' : 'not-running', { detail, cause: error });
}

type ClientProblem = 'not-platen' | 'no-answer' | 'certificate' | 'not-running' | 'no-token' | 'first-run-due';

export function problemOf(
  target: Pick<Target, 'url' | 'language'>,
  code: ClientProblem,
  more: { readonly detail?: string | undefined; readonly cause?: unknown } = {},
): Problem {
  const values = { url: target.url };
  const told = {
    code,
    title: textFor(target.language, `cli.problem.${code}.title`, values),
    advice: textFor(target.language, `cli.problem.${code}.advice`, values),
    detail: more.detail,
  };
  return new Problem(told, more.cause);
}

/** Is it a trouble that may be over in a moment: nobody answers, or the server says so itself? */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Problem)) return false;
  const { code, status } = error.told;
  return code === 'not-running' || code === 'no-answer' || status === 503 || status === 429;
}
