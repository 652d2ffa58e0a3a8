/**
 * Whether a message answers a letter of ours. Whoever is away has a machine that answers everything; one that does not say
 * that it is a machine is told by what it answers, so that it and Platen do not write to each other all day.
 */
import { listRecognizable, type Recognizable } from '../../outbox/outbox.ts';
import type { Context } from '../../store/database.ts';

/** Of a subject: machines cut long ones. A shorter one is that of anything. */
const COMPARED_CHARACTERS = 60;
const LEAST_CHARACTERS = 8;

export type Incoming = { readonly subject: string; readonly answered: readonly string[] };

/** Looks through what was written to the address since then. */
export async function answersLetter(
  context: Context,
  incoming: Incoming,
  letters: { readonly address: string; readonly since: Date },
): Promise<boolean> {
  const rows = await context.db
    .selectFrom('notices_sent')
    .select('outbox_message_id')
    .distinct()
    .where('recipient', '=', letters.address)
    .where('at', '>', letters.since)
    .where('outbox_message_id', 'is not', null)
    .execute();
  const ids = rows.flatMap(({ outbox_message_id: id }) => (id === null ? [] : [id]));
  return (await listRecognizable(context, ids)).some((letter) => isAnswerTo(letter, incoming));
}

/** By the id that it names, or by the subject that it repeats, with whatever stands before or after it. */
export function isAnswerTo({ subject, messageIdHeader, remoteAnswer }: Recognizable, incoming: Incoming): boolean {
  const isNamed = incoming.answered.some((id) => id === messageIdHeader || remoteAnswer?.includes(id) === true);
  const repeated = plain(subject).slice(0, COMPARED_CHARACTERS);
  return isNamed || (repeated.length >= LEAST_CHARACTERS && plain(incoming.subject).includes(repeated));
}

function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}
