/**
 * Faults of the identity endpoints, chosen by the control surface: the next N answers of an endpoint are spoiled.
 * Some spoil the answer before the endpoint acts (429, reset), some after it (a lost answer, wrong types), because
 * a client must survive both and they leave different states behind.
 */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, htmlAnswer, jsonAnswer, Refusal } from './answers.ts';

export const FAULT_KINDS = [
  'status', // {status, retryAfter?, body: "json" | "html" | "empty"}
  'html', // 200 with a page instead of JSON
  'aadsts', // {aadsts?, error?, status?, text?, suberror?, retryAfter?}: an error body of the platform
  'reset', // the socket is reset before the endpoint acts
  'hang', // accepted, never answered
  'lost-answer', // the endpoint acts, then the socket is reset
  'truncated', // the endpoint acts, then half of the body is sent and the socket reset
  'slow', // {delayMs?, chunkBytes?}: the body drips
  'huge', // {bytes?}: a body that begins as JSON and does not end, 100 MB by default
  'patch', // {set?, remove?}: the JSON answer with wrong types, values or missing fields
  'replace', // {body, status?, contentType?}: any other body
  'redirect', // {location}
  'other-user', // the id_token names somebody else
  'other-tenant', // the id_token comes from another tenant
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export type Fault = {
  readonly endpoint: string;
  readonly grant?: string | undefined;
  readonly kind: FaultKind;
  readonly status?: number;
  readonly retryAfter?: number | string; // seconds or an HTTP date
  readonly body?: unknown;
  readonly contentType?: string;
  readonly aadsts?: number;
  readonly error?: string;
  readonly text?: string;
  readonly suberror?: string;
  readonly delayMs?: number;
  readonly chunkBytes?: number;
  readonly bytes?: number;
  readonly set?: Record<string, unknown>;
  readonly remove?: readonly string[];
  readonly location?: string;
};

const HUGE_BYTES = 100 * 1024 * 1024;

export class Faults {
  #queue: { fault: Fault; left: number }[] = [];

  /** Spoils the next `times` matching answers; `Infinity` until cleared. */
  add(fault: Fault, times = 1): void {
    this.#queue.push({ fault, left: times });
  }

  /** Takes the oldest fault that matches this request, and counts it. */
  take(endpoint: string, grant: string | undefined): Fault | undefined {
    const entry = this.#queue.find(
      ({ fault }) => fault.endpoint === endpoint && (fault.grant === undefined || fault.grant === grant),
    );
    if (!entry) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.#queue = this.#queue.filter((other) => other !== entry);
    return entry.fault;
  }

  /** Faults still to come; a test ends with none, else an expectation was not used. */
  pending(): { fault: Fault; left: number | 'always' }[] {
    return this.#queue.map(({ fault, left }) => ({ fault, left: Number.isFinite(left) ? left : 'always' }));
  }

  clear(): void {
    this.#queue = [];
  }
}

/** The answer that a fault gives instead of the endpoint's own, without the endpoint acting; else undefined. */
export function answerInstead(fault: Fault): Answer | undefined {
  if (fault.kind === 'aadsts') {
    throw new Refusal(fault.aadsts, {
      ...(fault.error ? { error: fault.error } : {}),
      ...(fault.status ? { status: fault.status } : {}),
      ...(fault.text ? { text: fault.text } : {}),
      ...(fault.suberror ? { suberror: fault.suberror } : {}),
    });
  }
  if (fault.kind === 'html') return htmlAnswer('<!DOCTYPE html><title>Sorry</title><p>Something went wrong.</p>');
  if (fault.kind === 'redirect') return { status: 302, headers: { location: fault.location ?? '/' }, body: '' };
  if (fault.kind === 'replace') {
    const body = typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body ?? null);
    const type = fault.contentType ?? 'application/json; charset=utf-8';
    return { status: fault.status ?? 200, headers: { 'content-type': type }, body };
  }
  if (fault.kind === 'huge') return jsonAnswer({});
  if (fault.kind !== 'status') return undefined;
  const status = fault.status ?? 503;
  if (fault.body === 'html') return htmlAnswer(`<!DOCTYPE html><title>${status}</title><h1>Unavailable</h1>`, status);
  if (fault.body === 'empty') return { status, headers: {}, body: '' };
  return jsonAnswer({ error: 'temporarily_unavailable', error_description: 'The service is busy.' }, { status });
}

/** The endpoint's own answer with fields set and removed. */
export function patchAnswer(answer: Answer, fault: Fault): Answer {
  const body = JSON.parse(answer.body) as Record<string, unknown>;
  Object.assign(body, fault.set);
  for (const name of fault.remove ?? []) delete body[name];
  return { ...answer, body: JSON.stringify(body) };
}

/** Writes an answer the way the fault demands. */
export async function sendSpoiled(response: ServerResponse, answer: Answer, fault: Fault): Promise<void> {
  switch (fault.kind) {
    case 'lost-answer':
      resetSocket(response);
      return;
    case 'truncated': {
      const body = Buffer.from(answer.body);
      response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
      // The reset must not overtake the half that was written.
      await new Promise<void>((resolve) => response.write(body.subarray(0, body.length >> 1), () => resolve()));
      response.socket?.destroySoon();
      return;
    }
    case 'slow':
      await drip(response, answer, fault);
      return;
    case 'huge':
      await flood(response, answer, fault.bytes ?? HUGE_BYTES);
      return;
    default:
      response.writeHead(answer.status, { ...answer.headers, ...retryAfterOf(fault) });
      response.end(answer.body);
  }
}

/** Ends the TCP connection with RST. A TLS socket cannot do it, the socket below it can. */
export function resetSocket(response: ServerResponse): void {
  const socket = response.socket as (Socket & { _parent?: Socket }) | null;
  const plain = socket?._parent ?? socket;
  plain?.resetAndDestroy();
  socket?.destroy();
}

function retryAfterOf(fault: Fault): Record<string, string> {
  return fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
}

async function drip(response: ServerResponse, answer: Answer, fault: Fault): Promise<void> {
  const body = Buffer.from(answer.body);
  const step = fault.chunkBytes ?? 16;
  response.writeHead(answer.status, answer.headers);
  for (let at = 0; at < body.length && !response.destroyed; at += step) {
    response.write(body.subarray(at, at + step));
    await sleep(fault.delayMs ?? 100);
  }
  response.end();
}

async function flood(response: ServerResponse, answer: Answer, bytes: number): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024, 'a');
  response.writeHead(answer.status, { 'content-type': 'application/json; charset=utf-8' });
  response.write('{"filler":"');
  for (let sent = 0; sent < bytes && !response.destroyed; sent += chunk.length) {
    if (response.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      const done = () => {
        response.off('drain', done);
        response.off('close', done);
        resolve();
      };
      response.on('drain', done);
      response.on('close', done);
    });
  }
  response.end('"}');
}
