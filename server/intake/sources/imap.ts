/** Opens the folder of a mailbox over IMAP, and says what its failures mean to an administrator. */

import { PlatenError } from '../../base/errors.ts';
import { type AccessToken, accessTokenFor, endpointFor } from '../../connections/connections.ts';
import { connectImap, type ImapSession, type ImapTarget } from '../../protocols/imap/client.ts';
import { ImapFailure } from '../../protocols/imap/failure.ts';
import { Pop3Failure } from '../../protocols/pop3/failure.ts';
import type { Context } from '../../store/database.ts';
import { intakeTimes } from '../limits.ts';
import type { MailboxSource } from '../mailbox.ts';

export type OpenFolder = {
  readonly session: ImapSession;
  readonly uidValidity: number;
  /** How many messages are in it. */
  readonly exists: number;
  /** When the session is to be replaced, because its token ends soon after; never for a password. */
  readonly replaceAt: Date | undefined;
};

export type OpenOptions = {
  readonly signal: AbortSignal;
  /** Set when the server called an earlier token bad: one from before this is not tried again. */
  readonly notOlderThan?: Date;
};

/**
 * Signs in and opens the folder. Throws what `accessTokenFor` throws, and `ImapFailure`; the session is closed then.
 */
export async function openFolder(context: Context, mailbox: MailboxSource, options: OpenOptions): Promise<OpenFolder> {
  const { target, replaceAt } = await targetOf(context, mailbox, { ...options, use: 'imap' });
  const session = await connectImap(target, options.signal);
  try {
    const { uidValidity, exists } = await session.select(mailbox.folder);
    return { session, uidValidity, exists, replaceAt };
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

/** Where a mailbox is read and with what, for either protocol. Throws what `accessTokenFor` throws. */
export async function targetOf(
  context: Context,
  mailbox: MailboxSource,
  options: OpenOptions & { readonly use: 'imap' | 'pop3' },
): Promise<{ readonly target: ImapTarget; readonly replaceAt: Date | undefined }> {
  if (mailbox.connection_id !== null) {
    const token = await tokenFor(context, mailbox.connection_id, options);
    const endpoint = await endpointFor(context, mailbox.connection_id, options.use);
    // For a shared mailbox the name is its own address, the token that of its delegate.
    const credentials = { kind: 'token', username: mailbox.address, accessToken: token.accessToken } as const;
    return { target: { ...endpoint, credentials }, replaceAt: replaceAt(context, token.expiresAt) };
  }
  if (mailbox.server === null || mailbox.sealed_password === null) {
    throw new PlatenError('mailbox-refused', `mailbox ${mailbox.title} has no password`, {
      values: valuesOf(mailbox, ''),
    });
  }
  const { host, port, security, username } = mailbox.server;
  const password = context.secrets.open(mailbox.sealed_password, passwordBinding(mailbox.id));
  return {
    target: { host, port, security, credentials: { kind: 'password', username, password } },
    replaceAt: undefined,
  };
}

/** A token that ends soon is replaced first; where Microsoft does not answer just now it still serves. */
async function tokenFor(
  context: Context,
  connectionId: string,
  { use, ...options }: OpenOptions & { readonly use: 'imap' | 'pop3' },
): Promise<AccessToken> {
  const token = await accessTokenFor(context, connectionId, use, options);
  const now = context.clock.now();
  if (token.expiresAt.getTime() - now.getTime() > 2 * intakeTimes.beforeTokenEndMs) return token;
  try {
    return await accessTokenFor(context, connectionId, use, { ...options, notOlderThan: now });
  } catch (error) {
    if (error instanceof PlatenError && error.temporary) return token;
    throw error;
  }
}

/** Five minutes before the end, or, when there are hardly more left, after half of them. */
function replaceAt(context: Context, expiresAt: Date): Date {
  const leftMs = expiresAt.getTime() - context.clock.now().getTime();
  return new Date(expiresAt.getTime() - Math.min(intakeTimes.beforeTokenEndMs, leftMs / 2));
}

/** What the sealed password of a mailbox is bound to, so that it opens nowhere else. */
export function passwordBinding(mailboxId: string): string {
  return `mailbox-password:${mailboxId}`;
}

const REFUSALS: ReadonlySet<string> = new Set([
  'auth-failed',
  'authenticated-but-not-connected',
  'blocked-address',
  'protocol',
]);

/** Turns a failed session into an error with advice. Other errors are returned as they are. */
export function explain(mailbox: MailboxSource, error: unknown): unknown {
  if (!(error instanceof ImapFailure || error instanceof Pop3Failure)) return error;
  const host = mailbox.server?.host ?? 'Exchange Online';
  const code = REFUSALS.has(error.kind) ? 'mailbox-refused' : 'mailbox-unreachable';
  return new PlatenError(code, `the mailbox ${mailbox.address} does not open: ${error.kind}`, {
    cause: error,
    values: valuesOf(mailbox, host),
    facts: { failure: error.kind },
    ...(error.words === undefined ? {} : { remote: error.words }),
    ...(error.backoffMs === undefined ? {} : { retryAfterSeconds: Math.ceil(error.backoffMs / 1000) }),
  });
}

function valuesOf(mailbox: MailboxSource, host: string): Readonly<Record<string, string>> {
  return { address: mailbox.address, folder: mailbox.folder, host };
}
