/** A node with an outbox that sends, and a submission server that a test commands. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { SECOND_MS } from '../../server/base/clock.ts';
import { setNetworkSettings } from '../../server/connections/connections.ts';
import { getMessage, type NewMessage, type OutboxMessage } from '../../server/outbox/outbox.ts';
import { startOutboxWorker } from '../../server/outbox/worker.ts';
import type { Context } from '../../server/store/database.ts';
import type { OutboxState } from '../../server/store/schema.ts';
import { openTestContext, type TestContext } from './database.ts';
import { type SubmissionServer, startSubmissionServer } from './submission-server.ts';
import { eventually } from './time.ts';

export const SCANNER = 'scanner@practice.example';

/** A message of about so many bytes that no other message equals. */
export function aMessage(more: Partial<NewMessage> = {}, size = 200): NewMessage {
  const id = `<${randomUUID()}@practice.example>`;
  const head = `Message-ID: ${id}\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\nSubject: Scan\r\n\r\n`;
  const line = `.${'x'.repeat(70)}\r\n`;
  const bytes = Buffer.from(head + line.repeat(Math.ceil(size / line.length)));
  return {
    kind: 'scan',
    sender: SCANNER,
    recipients: ['archive@practice.example'],
    content: { kind: 'bytes', bytes },
    subject: 'Scan',
    messageIdHeader: id,
    ...more,
  };
}

export function bytesOf({ content }: NewMessage): Buffer {
  assert.equal(content.kind, 'bytes');
  return content.bytes;
}

/** Makes the server the outgoing one, with a user name where it is to be signed in to. */
export async function useSubmissionServer(
  context: Context,
  server: { readonly host: string; readonly port: number },
  username: string | null = null,
): Promise<void> {
  const { host, port } = server;
  const classic = { host, port, security: 'none', verifyCertificate: true, username } as const;
  const outgoing = { kind: 'classic', server: classic, ...(username === null ? {} : { password: 'secret' }) } as const;
  await setNetworkSettings(context, { senderEmail: SCANNER, senderName: undefined, outgoing }, 'test');
}

export type OutboxStage = TestContext & {
  readonly server: SubmissionServer;
  /** Stops sending before the stage ends. */
  stopWorker(): Promise<void>;
};

/** A server, a node that uses it, and the worker that sends. */
export async function openOutboxStage(username: string | null = null): Promise<OutboxStage> {
  await using undo = new AsyncDisposableStack();
  const server = undo.use(await startSubmissionServer());
  const node = undo.use(await openTestContext());
  await useSubmissionServer(node.context, server, username);
  const worker = await startOutboxWorker(node.context);
  const stopping = { called: undefined as Promise<void> | undefined };
  const stopWorker = async (): Promise<void> => {
    stopping.called ??= Promise.resolve(worker[Symbol.asyncDispose]());
    await stopping.called;
  };
  undo.defer(stopWorker);
  const opened = undo.move();
  return { ...node, server, stopWorker, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Waits until a message is in a state. */
export async function reach(context: Context, id: string, state: OutboxState): Promise<OutboxMessage> {
  let last: OutboxMessage | undefined;
  return await eventually(
    async () => {
      last = await getMessage(context, id);
      return last.state === state ? last : undefined;
    },
    { what: `message ${state}`, timeoutMs: 60_000 },
  ).catch((error: unknown) => {
    throw new Error(`it is ${last?.state}`, { cause: error });
  });
}

/** Moves the clock to when a message is due, as often as it takes, until it is in a state. Never while a session is open. */
export async function reachLater(
  stage: Pick<OutboxStage, 'context' | 'clock' | 'server'>,
  id: string,
  state: OutboxState,
): Promise<OutboxMessage> {
  return await eventually(
    async () => {
      const found = await getMessage(stage.context, id);
      if (found.state === state) return found;
      moveToDue(stage, found);
      return undefined;
    },
    { what: `message ${state} later`, timeoutMs: 30_000 },
  );
}

/** Moves the clock to when a message is due, unless a session is open: its lease would not survive that. */
export function moveToDue(stage: Pick<OutboxStage, 'clock' | 'server'>, { dueAt }: OutboxMessage): void {
  if (stage.server.openSessions() > 0) return;
  const leftMs = (dueAt?.getTime() ?? 0) - stage.clock.now().getTime();
  stage.clock.advance(leftMs > 0 ? leftMs + 1 : SECOND_MS);
}

/** Ends the pauses that the database counts, as if their time had passed. */
export async function endPauses(context: Context): Promise<void> {
  await context.db.updateTable('pace_buckets').set({ parked_until: null }).execute();
}
