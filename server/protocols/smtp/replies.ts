/** Replies of an SMTP server: code, enhanced status code, words (RFC 5321 section 4.2, RFC 3463). */
import { smtpLimits } from '../limits.ts';

/** Where in the conversation something happened. */
export type SmtpPhase = 'connect' | 'hello' | 'tls' | 'auth' | 'mail' | 'rcpt' | 'data' | 'content' | 'dot';

export type SmtpReply = {
  readonly code: number;
  /** `5.7.139`, where the server tells one. */
  readonly enhanced: string | undefined;
  /** The whole reply as one line, codes included, as it is shown. */
  readonly words: string;
  /** The words without codes. */
  readonly text: string;
  /** What Microsoft's support asks for: server, time and id from the brackets at the end. */
  readonly facts: Readonly<Record<string, string>>;
};

const LINE = /^(\d{3})(?:[ -]|$)(?:([245]\.\d{1,3}\.\d{1,3})(?:[ -]|$))?(.*)$/;

/** Reads a reply of one or more lines; `undefined` when its last line is not a reply. */
export function parseReply(raw: string): SmtpReply | undefined {
  const lines = raw
    .slice(0, smtpLimits.maxReplyBytes)
    .toWellFormed()
    .split(/\r?\n/)
    .map((line) => line.replace(/\p{Cc}+/gu, ' ').trimEnd())
    .filter((line) => line.trim() !== '');
  const last = LINE.exec(lines.at(-1) ?? '');
  if (last === null) return undefined;
  const code = Number(last[1]);
  const parsed = lines.map((line) => LINE.exec(line));
  const enhanced = parsed.find((match) => match?.[2] !== undefined)?.[2];
  const text = cut(parsed.map((match, index) => (match?.[3] ?? lines[index] ?? '').trim()).join(' '));
  const words = cut([code, enhanced, text].filter((part) => part !== undefined && part !== '').join(' '));
  return { code, enhanced, words, text, facts: readTrailer(text) };
}

function cut(text: string): string {
  return text.trim().slice(0, smtpLimits.maxReplyCharacters).toWellFormed();
}

// [AM0PR02CA0134.eurprd02.prod.outlook.com 2024-07-11T11:46:49.042Z 08DCA18218166FB4] or [Hostname=SYBP282MB2635…]
const MARK = /\[(\S{1,255}) (\d{4}-\d\d-\d\dT[\d:.]{8,16}Z) ([0-9A-F]{8,40})\]/;
const HOSTNAME = /\[Hostname=([^\]\s]{1,255})\]/i;

function readTrailer(text: string): Record<string, string> {
  const mark = MARK.exec(text);
  if (mark !== null) return { server: mark[1] ?? '', time: mark[2] ?? '', id: mark[3] ?? '' };
  const hostname = HOSTNAME.exec(text);
  return hostname === null ? {} : { server: hostname[1] ?? '' };
}

// What a server says may repeat what was sent to it.
const SECRETS = /\b(Bearer\s+|auth=Bearer\s+)[\w.~+/=-]+|[A-Za-z0-9+/]{200,}={0,2}/gi;

/** Takes out what looks like a token: some servers repeat the command that they refuse. */
export function withoutSecrets(raw: string): string {
  return raw.replace(SECRETS, '(removed)');
}
