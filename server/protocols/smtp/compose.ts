/** Writes a message (RFC 5322) in plain text and, where it is given, HTML. Only this file knows the composer of nodemailer. */
import MailComposer from 'nodemailer/lib/mail-composer';

export type Letter = {
  readonly from: MailboxName;
  readonly to: readonly MailboxName[];
  readonly subject: string;
  /** With its angle brackets. */
  readonly messageId: string;
  readonly date: Date;
  readonly text: string;
  readonly html?: string;
  /** Message-ID of what it answers, with its angle brackets. */
  readonly inReplyTo?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export type MailboxName = { readonly address: string; readonly name?: string };

/**
 * Composes the bytes of a message, with HTML as multipart/alternative; lines are ended by CRLF. Header texts lose their control
 * characters, so that none of them becomes a field of its own; others than ASCII are encoded words (RFC 2047). Throws
 * `TypeError` for an address or id that could not stand in a header.
 */
export async function composeMessage(letter: Letter): Promise<Buffer> {
  const { inReplyTo } = letter;
  for (const id of [letter.messageId, ...(inReplyTo === undefined ? [] : [inReplyTo])]) {
    if (!/^<[!-;=?-~]{1,996}>$/.test(id)) throw new TypeError('a message id cannot be written');
  }
  const composer = new MailComposer({
    from: writable(letter.from),
    to: letter.to.map(writable),
    subject: toLine(letter.subject),
    messageId: letter.messageId,
    date: letter.date,
    text: letter.text,
    ...(letter.html === undefined ? {} : { html: letter.html }),
    headers: Object.entries(letter.headers ?? {}).map(([key, value]) => ({ key, value: toLine(value) })),
    ...(inReplyTo === undefined ? {} : { inReplyTo, references: inReplyTo }),
    textEncoding: 'quoted-printable',
    newline: 'windows',
    // What stands in a message is text: never a file or an address to be fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return await composer.compile().build();
}

function writable({ address, name }: MailboxName): { address: string; name: string } {
  if (!/^[^\s@<>()[\]\\,;:"\p{C}]+@[^\s@<>()[\]\\,;:"\p{C}]+$/u.test(address)) {
    throw new TypeError('an address cannot be written');
  }
  return { address, name: toLine(name ?? '') };
}

function toLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim();
}
