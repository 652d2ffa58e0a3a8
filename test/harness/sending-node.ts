/** A node that sends through a confirmed connection to the practice tenant, its worker running. */
import { setNetworkSettings } from '../../server/connections/connections.ts';
import { submitMessage } from '../../server/outbox/outbox.ts';
import { startOutboxWorker } from '../../server/outbox/worker.ts';
import type { Context } from '../../server/store/database.ts';
import type { TestContext } from './database.ts';
import { aMessage } from './outbox.ts';
import { connectPractice, openPracticeContext, PRINT_ROOM, type Practice } from './practice-connection.ts';

export type SendingNode = TestContext & { readonly practice: Practice; readonly connectionId: string };

export async function openSendingNode(practice: Practice): Promise<SendingNode> {
  await using undo = new AsyncDisposableStack();
  const node = undo.use(await openPracticeContext(practice));
  const connectionId = await connectPractice(node, practice);
  const outgoing = { kind: 'connection', connectionId } as const;
  await setNetworkSettings(node.context, { senderEmail: PRINT_ROOM, senderName: undefined, outgoing }, 'test');
  undo.use(await startOutboxWorker(node.context));
  const opened = undo.move();
  return { ...node, practice, connectionId, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Submits messages of the print room that no other messages equal. */
export async function submitSome(
  context: Context,
  count: number,
  recipients: readonly string[] = ['archive@practice.example'],
): Promise<string[]> {
  const one = () => submitMessage(context, aMessage({ sender: PRINT_ROOM, recipients }));
  return await Promise.all(Array.from({ length: count }, one));
}
