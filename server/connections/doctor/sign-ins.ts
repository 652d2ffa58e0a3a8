/** Sign-ins with the token of a check: what one protocol refuses is told apart by what another one takes. */
import { connectImap } from '../../protocols/imap/client.ts';
import { ImapFailure } from '../../protocols/imap/failure.ts';
import { connectPop3 } from '../../protocols/pop3/client.ts';
import { Pop3Failure } from '../../protocols/pop3/failure.ts';
import { connectSmtp } from '../../protocols/smtp/client.ts';
import type { Use } from '../../store/schema.ts';
import { type Check, namesOf } from './probe.ts';

/** A name is enough for a hello that nobody looks at. */
export const CLIENT_NAME = 'platen.invalid';

/** Causes that earlier tests of the same check exclude: the token was renewed and read before any mail server was asked. */
export const RULED_OUT = 'account-blocked token-ended token-of-other-service';

type Mailbox = { readonly mailbox: string };

/** Signs in over IMAP and opens INBOX: a sign-in that is accepted proves nothing yet. */
export async function openInbox(check: Check, { mailbox }: Mailbox, folders: readonly string[] = []): Promise<number> {
  const { cloud, signal, seen } = check;
  const credentials = { kind: 'token', username: mailbox, accessToken: seen.accessToken ?? '' } as const;
  await using session = await connectImap({ ...cloud.imap, credentials }, signal);
  const { exists } = await session.select('INBOX');
  for (const folder of folders) await session.ensureFolder(folder);
  return exists;
}

/** Signs in over POP3 and counts the messages. */
export async function countOverPop3(check: Check): Promise<number> {
  const { cloud, signal, seen } = check;
  const credentials = { kind: 'token', username: namesOf(check).mailbox, accessToken: seen.accessToken ?? '' } as const;
  await using session = await connectPop3({ ...cloud.pop3, credentials }, signal);
  return (await session.stat()).count;
}

export async function signInToSmtp(check: Check) {
  const { cloud, signal, seen } = check;
  const username = namesOf(check).mailbox;
  const credentials = { kind: 'token', username, accessToken: seen.accessToken ?? '' } as const;
  const target = { ...cloud.smtp, verifyCertificate: true, clientName: CLIENT_NAME, credentials };
  return await connectSmtp(target, signal);
}

/** Our own first session is closed by now: where that was one too many, the next one opens. */
export async function opensInbox(check: Check): Promise<boolean> {
  return await succeeds(openInbox(check, namesOf(check)));
}

async function succeeds(signIn: Promise<unknown>): Promise<boolean> {
  return await signIn.then(
    () => true,
    (error) => {
      if (error instanceof ImapFailure || error instanceof Pop3Failure) return false;
      throw error;
    },
  );
}

/** The first of these protocols, as far as they were granted, that lets the account in; and what SMTP said if it did not. */
export async function signInElsewhere(
  check: Check,
  uses: readonly Use[],
): Promise<{ readonly opened?: Use; readonly words?: string }> {
  let words: string | undefined;
  for (const use of uses) {
    if (!check.granted.includes(use)) continue;
    if (use === 'smtp') {
      const opened = await signInToSmtp(check);
      if (opened.kind === 'refused') words = opened.reply.words;
      if (opened.kind !== 'open') continue;
      await opened.session[Symbol.asyncDispose]();
      return { opened: use };
    }
    if (await succeeds(use === 'imap' ? openInbox(check, namesOf(check)) : countOverPop3(check)))
      return { opened: use };
  }
  return words === undefined ? {} : { words };
}
