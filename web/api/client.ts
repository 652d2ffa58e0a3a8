/** The server's API, typed from its own description. Every refusal is a `Problem`, thrown. */
import createClient from 'openapi-fetch';
import { currentLanguage } from '../app/texts.ts';
import type { paths } from './schema.ts';

/** A problem as the server describes it (RFC 9457), or what the browser says when no server answered. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly advice: string;
  readonly remote: string | undefined;
  readonly fields: readonly { readonly field: string; readonly message: string }[];
  readonly reference: string | undefined;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(status: number, body: Readonly<Record<string, unknown>>) {
    super(textOf(body.detail) ?? textOf(body.title) ?? '');
    this.name = 'Problem';
    this.status = status;
    this.code = textOf(body.code) ?? 'no-answer';
    this.title = textOf(body.title) ?? '';
    this.advice = textOf(body.advice) ?? '';
    this.remote = textOf(body.remote);
    this.fields = Array.isArray(body.fields) ? body.fields : [];
    this.reference = textOf(body.instance)?.replace('urn:uuid:', '');
    this.facts = typeof body.facts === 'object' && body.facts !== null ? (body.facts as Record<string, unknown>) : {};
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export const api = createClient<paths>({ baseUrl: '/api/v1' });

let onSessionOver: () => void = () => undefined;
/** Tells who wants to know that the server no longer knows the session. */
export function whenSessionIsOver(tell: () => void): void {
  onSessionOver = tell;
}

let onUse: () => void = () => undefined;
/** Tells who wants to know that the server has answered, and so that the session is in use. */
export function whenUsed(tell: () => void): void {
  onUse = tell;
}

let onSilence: () => void = () => undefined;
/** Tells who wants to know that a question was left without an answer. */
export function whenSilent(tell: () => void): void {
  onSilence = tell;
}

api.use({
  onRequest: ({ request }) => {
    request.headers.set('accept-language', currentLanguage());
    return request;
  },
  onResponse: ({ response, request }) => {
    if (response.status === 401 && !isSessionQuestion(request)) onSessionOver();
    if (response.status < 400) onUse();
    return undefined;
  },
});

/** Signing in, and asking who is signed in: refusals that do not mean that a session has ended. */
function isSessionQuestion({ url, method }: Request): boolean {
  const { pathname } = new URL(url);
  return pathname.endsWith('/sessions') || (pathname.endsWith('/sessions/current') && method === 'GET');
}

/** The refusal of a request that went another way than `api`; it also tells when the session has ended. */
export function refusalOf(status: number, body: Readonly<Record<string, unknown>>): Problem {
  if (status === 401) onSessionOver();
  return new Problem(status, body);
}

type Answer<T> = { readonly data?: T; readonly error?: unknown; readonly response: Response };

/** The data of an answer; throws a `Problem` when the server refused or did not answer. */
export async function need<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch {
    onSilence();
    throw new Problem(0, {});
  }
  if (answer.response.ok) return answer.data as T;
  throw new Problem(answer.response.status, (answer.error ?? {}) as Record<string, unknown>);
}

/** Waits for all of them: one that is refused does not keep the others. The first refusal is thrown in the end. */
export async function needAll(asked: readonly Promise<Answer<unknown>>[]): Promise<void> {
  const ends = await Promise.allSettled(asked.map(need));
  const refused = ends.find(({ status }) => status === 'rejected');
  if (refused?.status === 'rejected') throw refused.reason;
}

export function isProblem(error: unknown): error is Problem {
  return error instanceof Problem;
}
