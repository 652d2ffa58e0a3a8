/** What is kept of the documents of a message, in the transaction in which it is settled. */
import type { Context } from '../../store/database.ts';
import type { KnownSender } from '../../users/users.ts';
import type { IncomingDocument } from './collect.ts';

type Recorded = {
  readonly id: string;
  readonly user?: KnownSender;
  readonly documents: readonly IncomingDocument[];
};

/**
 * One row per document: with its job, with its bytes while nobody owns it, or with the reason why it is not printed. The
 * jobs are in the order of the documents.
 */
export async function insertDocuments(
  context: Context,
  messages: readonly Recorded[],
  jobIds: readonly string[],
): Promise<void> {
  let next = 0;
  const keptAs = (message: Recorded, document: IncomingDocument) => {
    if (document.outcome !== 'accepted') return { job_id: null, spool_id: null, reason: document.reason };
    return message.user === undefined
      ? { job_id: null, spool_id: document.file.id, reason: null }
      : { job_id: jobIds[next++] ?? null, spool_id: null, reason: null };
  };
  const rows = messages.flatMap((message) =>
    message.documents.map((document, index) => ({
      message_id: message.id,
      position: index + 1,
      name: document.title,
      format: document.format,
      bytes: document.bytes,
      outcome: document.outcome,
      ...keptAs(message, document),
    })),
  );
  if (rows.length > 0) await context.db.insertInto('incoming_documents').values(rows).execute();
}

/** What of a message is not printed, for the journal: names and reasons. */
export function notPrinted(documents: readonly IncomingDocument[]) {
  const of = (wanted: IncomingDocument['outcome']) =>
    documents.flatMap((each) =>
      each.outcome !== 'accepted' && each.outcome === wanted ? [{ title: each.title, reason: each.reason }] : [],
    );
  const [refused, leftOut] = [of('refused'), of('left-out')];
  return { ...(refused.length === 0 ? {} : { refused }), ...(leftOut.length === 0 ? {} : { leftOut }) };
}
