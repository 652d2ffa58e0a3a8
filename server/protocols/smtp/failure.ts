/** From the errors of nodemailer to values of ours. */
import { describeError } from './connect.ts';
import type { RecipientReply, SmtpTrouble } from './outcome.ts';
import { parseReply, type SmtpPhase, type SmtpReply, withoutSecrets } from './replies.ts';

/** What is read of an error of nodemailer. */
export type Failure = Error & {
  readonly code?: string | undefined;
  readonly originalCode?: string | undefined;
  readonly command?: string | undefined;
  readonly response?: string | undefined;
  readonly recipient?: string | undefined;
  readonly rejectedErrors?: readonly Failure[] | undefined;
};

type Unfinished =
  | { readonly kind: 'failed'; readonly error: Failure }
  | { readonly kind: 'ended'; readonly words: string };

const TLS_CODE = /^(CERT_|ERR_TLS|ERR_SSL|UNABLE_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_|EPROTO|CRL_)/;

/** What went wrong before the first message: no message is in danger yet. */
export function troubleBeforeMail(
  ended: Unfinished,
  where: { readonly phase: 'hello' | 'auth'; readonly isSecure: boolean },
): SmtpTrouble {
  if (ended.kind === 'ended') return { kind: 'lost', phase: where.phase, words: ended.words, isUncertain: false };
  const { error } = ended;
  const reply = replyOf(error);
  const isTls = where.isSecure && (error.code === 'ETLS' || TLS_CODE.test(error.originalCode ?? ''));
  if (isTls && (reply === undefined || reply.code >= 500)) {
    return { kind: 'untrusted', words: reply?.words ?? wordsOf(error) };
  }
  if (reply !== undefined) return { kind: 'refused', phase: phaseOf(error, where.phase), reply };
  return { kind: 'lost', phase: where.phase, words: wordsOf(error), isUncertain: false };
}

/** What went wrong with one message that had got to `phase`. */
export function troubleOf(
  ended: Unfinished,
  phase: SmtpPhase,
): SmtpTrouble & { readonly refused?: readonly RecipientReply[] } {
  const isUncertain = phase === 'dot';
  if (ended.kind === 'ended') return { kind: 'lost', phase, words: ended.words, isUncertain };
  const { error } = ended;
  if (error.code === 'ESTREAM') return { kind: 'not-read', cause: error };
  const reply = replyOf(error);
  if (error.code === 'EMESSAGE' && reply === undefined && error.command === 'MAIL FROM') {
    return { kind: 'too-large', words: error.message };
  }
  if (reply === undefined) return { kind: 'lost', phase, words: wordsOf(error), isUncertain };
  const refused = (error.rejectedErrors ?? []).flatMap((one) => {
    const own = replyOf(one);
    return own === undefined || one.recipient === undefined ? [] : [{ address: one.recipient, reply: own }];
  });
  return { kind: 'refused', phase: phaseOf(error, phase), reply, ...(refused.length === 0 ? {} : { refused }) };
}

function replyOf(error: Failure): SmtpReply | undefined {
  return error.response === undefined ? undefined : parseReply(withoutSecrets(error.response));
}

function wordsOf(error: Failure): string {
  return withoutSecrets(describeError(error)).slice(0, 500);
}

function phaseOf(error: Failure, reached: SmtpPhase): SmtpPhase {
  const command = error.command ?? '';
  if (command.startsWith('AUTH')) return 'auth';
  if (command === 'STARTTLS') return 'tls';
  if (command === 'MAIL FROM') return 'mail';
  if (command === 'RCPT TO') return 'rcpt';
  if (command === 'DATA') return reached === 'mail' ? 'data' : reached;
  if (command === 'CONN' && reached === 'hello') return 'connect';
  return reached;
}
