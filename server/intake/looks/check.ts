/**
 * A look at a mailbox that changes nothing: signs in, opens the folder, counts what is there, and says what is in the
 * way. For one that is watched, and for one as it stands in a form and nowhere else.
 */
import { PlatenError } from '../../base/errors.ts';
import { newId } from '../../base/secrets.ts';
import { connectPop3 } from '../../protocols/pop3/client.ts';
import type { Context } from '../../store/database.ts';
import type { Problem } from '../../store/schema.ts';
import { getMailboxRow, keptPassword, type MailboxServer, type MailboxSource, problemOf } from '../mailbox.ts';
import { FOLDERS } from '../pass.ts';
import { explain, openFolder, passwordBinding, targetOf } from '../sources/imap.ts';

export type MailboxCheck =
  | {
      readonly outcome: 'passed';
      /** How many messages are in the folder. */
      readonly messages: number;
      /** Folders for read messages that are made with the first look. */
      readonly missingFolders: readonly string[];
    }
  | { readonly outcome: 'failed'; readonly problem: Problem };

/** A mailbox as it was typed. */
export type TypedMailbox = {
  /** The one that is being changed: a password that was not typed again is its own. */
  readonly id?: string | undefined;
  readonly protocol: 'imap' | 'pop3';
  readonly connectionId?: string | undefined;
  readonly server?: (MailboxServer & { readonly password?: string | undefined }) | undefined;
  readonly address: string;
  readonly folder?: string | undefined;
  readonly afterIntake?: 'move' | 'delete' | 'keep' | undefined;
};

/** Looks at a mailbox. Throws only what is none of its failures. */
export async function lookAt(context: Context, mailbox: MailboxSource, signal: AbortSignal): Promise<MailboxCheck> {
  try {
    const look = mailbox.protocol === 'pop3' ? lookOverPop3 : lookOverImap;
    return { outcome: 'passed', ...(await look(context, mailbox, signal)) };
  } catch (thrown) {
    const error = explain(mailbox, thrown);
    if (!(error instanceof PlatenError)) throw error;
    return { outcome: 'failed', problem: problemOf(context, error) };
  }
}

type Found = { readonly messages: number; readonly missingFolders: readonly string[] };

async function lookOverImap(context: Context, mailbox: MailboxSource, signal: AbortSignal): Promise<Found> {
  const open = await openFolder(context, mailbox, { signal });
  await using session = open.session;
  const missingFolders = mailbox.after_intake === 'keep' ? [] : await session.findMissing(FOLDERS);
  return { messages: open.exists, missingFolders };
}

async function lookOverPop3(context: Context, mailbox: MailboxSource, signal: AbortSignal): Promise<Found> {
  const { target } = await targetOf(context, mailbox, { signal, use: 'pop3' });
  await using session = await connectPop3(target, signal);
  const entries = await session.list();
  return { messages: entries.length, missingFolders: [] };
}

/** What was typed, as a mailbox that is kept nowhere. Throws `not-found` for the one that is being changed. */
export async function readTyped(context: Context, typed: TypedMailbox): Promise<MailboxSource> {
  const kept = typed.id === undefined ? undefined : await getMailboxRow(context, typed.id);
  const { password, ...server } = typed.server ?? { password: undefined };
  const id = kept?.id ?? newId();
  return {
    id,
    title: typed.address,
    protocol: typed.protocol,
    connection_id: typed.connectionId ?? null,
    server: typed.server === undefined ? null : (server as MailboxServer),
    sealed_password:
      password === undefined
        ? keptPassword(kept, typed.server === undefined ? undefined : (server as MailboxServer))
        : context.secrets.seal(password, passwordBinding(id)),
    address: typed.address.toLowerCase(),
    folder: typed.folder ?? 'INBOX',
    after_intake: typed.afterIntake ?? 'keep',
  };
}
