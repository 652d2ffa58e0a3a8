/** Makes a user of somebody who is proven to send from an address. */
import { record } from '../../journal/journal.ts';
import type { Context } from '../../store/database.ts';
import { addUser, findUserByAddress, type KnownSender } from '../../users/users.ts';
import type { Newcomer } from '../admission.ts';
import type { MailboxRow } from '../mailbox.ts';
import { policyOf } from './policy.ts';

const MAX_NAME_CHARACTERS = 200;

/**
 * Adds the user in the caller's transaction, or finds the one that there is by now. It has no password: it prints by
 * mail and cannot sign in until an administrator gives it one. Throws `conflict` for the address of a disabled user.
 */
export async function registerSender(context: Context, sender: Newcomer, mailbox: MailboxRow): Promise<KnownSender> {
  const known = await findUserByAddress(context, sender.address);
  if (known !== undefined) return known;
  const user = await addUser(
    context,
    {
      email: sender.address,
      name: nameOf(sender),
      role: 'user',
      language: sender.language ?? policyOf(mailbox).language ?? 'en',
      origin: 'mail',
      group: policyOf(mailbox).senderPolicy.group ?? undefined,
    },
    `mailbox:${mailbox.title}`,
  );
  await record(context, 'sender-registered', {
    subjectId: user.id,
    ownerId: user.id,
    data: {
      email: user.email,
      name: user.name,
      mailboxId: mailbox.id,
      mailbox: mailbox.title,
      address: mailbox.address,
    },
  });
  return user;
}

function nameOf({ name, address }: Newcomer): string {
  const line = name
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, MAX_NAME_CHARACTERS);
  return line === '' ? address : line;
}
