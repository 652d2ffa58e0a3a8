/**
 * The outbox: the durable queue of messages that leave through the outgoing server.
 *
 * What `submitMessage` has returned an id for is on disk and will be sent, or stand visibly as held, failed or
 * uncertain; nothing is dropped but by a person. A message is never in two sessions at once. What was cut off after
 * the final dot is sent again byte for byte the same. It never opens or changes a message.
 */
import { createHash } from 'node:crypto';
import { newId } from '../base/secrets.ts';
import { keep } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import { commitInGroup, insertMessages, type Prepared } from './commit.ts';
import { checkMessage, MAX_MESSAGE_BYTES, MAX_ROW_BYTES, type NewMessage } from './message.ts';

export type { NewMessage };

/**
 * Keeps a message and returns its id. Durable when it returns: bytes, recipients and the alarm for the worker.
 * Throws `invalid-request`, `message-too-large`, `spool-unavailable`, or what the database threw; then nothing was
 * promised. A spooled file is not to be discarded after that: an interrupted commit may have kept it, else it is swept.
 */
export async function submitMessage(context: Context, message: NewMessage): Promise<string> {
  const prepared = await prepare(context, message);
  // After a failure the bytes stay where they are: the commit may have happened, and an orphan is swept.
  await commitInGroup(context, prepared);
  return prepared.id;
}

/** As `submitMessage`, but in the transaction of `context.db`: durable with its commit. */
export async function submitInTransaction(context: Context, message: NewMessage): Promise<string> {
  const prepared = await prepare(context, message);
  await insertMessages(context, [prepared]);
  return prepared.id;
}

async function prepare(context: Context, asked: NewMessage): Promise<Prepared> {
  const message = checkMessage(asked);
  const { content } = message;
  const id = newId();
  if (content.kind === 'spooled') {
    return { id, message, body: undefined, file: content.file, sha256: content.file.sha256 };
  }
  const { bytes } = content;
  if (bytes.length <= MAX_ROW_BYTES) {
    return { id, message, body: bytes, file: undefined, sha256: createHash('sha256').update(bytes).digest() };
  }
  const file = await keep(context, bytes, { mediaType: 'message/rfc822', maxBytes: MAX_MESSAGE_BYTES });
  return { id, message, body: undefined, file, sha256: file.sha256 };
}
