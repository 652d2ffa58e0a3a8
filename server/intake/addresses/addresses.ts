/** Where people may mail documents to: told to whoever is signed in, without anything of how the mailbox is read. */
import { getQueue, type Queue } from '../../jobs/jobs.ts';
import type { Context } from '../../store/database.ts';

export type MailAddress = {
  readonly address: string;
  readonly queueName: string;
  /** Does a document wait for its release, or is it printed at once? */
  readonly mode: Queue['mode'];
};

/** The addresses of the mailboxes that are read, one for each; with a printer only those whose queue it serves. */
export async function listAddresses(context: Context, printerId?: string): Promise<MailAddress[]> {
  const mailboxes = await context.db
    .selectFrom('mailboxes')
    .select(['address', 'queue_id'])
    .where('enabled', '=', true)
    .orderBy('created_at')
    .execute();
  const queues = new Map<string, Queue>();
  const found = new Map<string, MailAddress>();
  for (const { address, queue_id: queueId } of mailboxes) {
    const queue = queues.get(queueId) ?? (await getQueue(context, queueId));
    queues.set(queueId, queue);
    if (printerId !== undefined && !queue.printerIds.includes(printerId)) continue;
    // Two folders of one mailbox are one address.
    if (!found.has(address)) found.set(address, { address, queueName: queue.name, mode: queue.mode });
  }
  return [...found.values()];
}
