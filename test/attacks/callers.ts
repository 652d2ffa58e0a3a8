/** A listening server, and people and programs that call it over a real socket with whatever headers they like. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { type Http, type HttpOptions, openHttp } from '../../server/http/http.ts';
import type { Role } from '../../server/store/schema.ts';
import { hashPassword } from '../../server/users/passwords.ts';
import { sessionCookieName, startSession } from '../../server/users/sessions.ts';
import { insertUser } from '../../server/users/user.ts';
import { createLocalToken } from '../../server/users/users.ts';
import { openTestContext, type TestContext, type TestContextOptions } from '../harness/database.ts';

export const PASSWORD = 'seven quiet harbour lanterns';

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; an empty object when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
};

export type Call = {
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly text?: string;
};

export type Server = AsyncDisposable & { readonly test: TestContext; readonly http: Http };

export async function openServer(options: TestContextOptions & HttpOptions = {}): Promise<Server> {
  await using undo = new AsyncDisposableStack();
  const test = undo.use(await openTestContext(options));
  const http = undo.use(await openHttp(test.context, options));
  const opened = undo.move();
  return { test, http, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Sends one request on a connection of its own, with the path and the headers as given. */
export function call(server: Server, method: string, path: string, options: Call = {}): Promise<Answer> {
  const body = options.text ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const headers: Record<string, string | string[] | number> = { ...options.headers };
  if (options.body !== undefined) headers['content-type'] ??= 'application/json';
  if (body !== undefined) headers['content-length'] ??= Buffer.byteLength(body);
  const { port } = server.http.address;
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: parse(text) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Not every answer is JSON; the caller looks at the text then.
    return {};
  }
}

export type Person = {
  readonly id: string;
  readonly email: string;
  /** As a browser on our own page sends it. */
  readonly headers: Readonly<Record<string, string>>;
};

let people = 0;

/** A user with a session. With a password only where a test signs in: making the hash takes its time. */
export async function addPerson(
  server: Server,
  role: Role,
  options: { readonly password?: string } = {},
): Promise<Person> {
  people += 1;
  const { context } = server.test;
  const email = `${role}${people}@contoso.example`;
  const passwordHash = options.password === undefined ? undefined : await hashPassword(options.password);
  const row = { email, name: `${role} ${people}`, role, language: 'en', passwordHash, addresses: [] } as const;
  const id = await insertUser(context, row);
  const { token } = await startSession(context, id, { remoteAddress: '127.0.0.1', userAgent: 'test' });
  return {
    id,
    email,
    headers: { ...browserHeaders(server), cookie: `${sessionCookieName(context.settings)}=${token}` },
  };
}

export function browserHeaders(server: Server): Record<string, string> {
  return { origin: `http://127.0.0.1:${server.http.address.port}`, 'sec-fetch-site': 'same-origin' };
}

export async function addProgram(server: Server, role: Role): Promise<Readonly<Record<string, string>>> {
  const { token } = await createLocalToken(server.test.context, { name: `a ${role} program`, role });
  return { authorization: `Bearer ${token}` };
}

/** The cookie that an answer sets, as the next request sends it back. */
export function cookieOf(answer: Answer): string {
  return (answer.headers['set-cookie']?.[0] ?? '').split(';', 1)[0] ?? '';
}

/** A path that fits the route pattern. */
export function pathOf(url: string, id = '01890000-0000-7000-8000-000000000000'): string {
  return url.replace(/:\w+/g, id);
}
