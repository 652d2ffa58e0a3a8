/** Reads reports about messages that could not be delivered (RFC 3464): what a server found out after it had taken them. */
import type { MessageHead } from '../mime/header-text.ts';
import type { Leaf } from '../mime/leaf.ts';

export type FailedRecipient = {
  /** In lower case. */
  readonly address: string;
  /** The enhanced status code (RFC 3463), `5.1.90`. */
  readonly status: string;
  /** The words of the server that refused it; one line. */
  readonly words: string | undefined;
};

export type DeliveryReport = {
  /** Message-IDs that the reported message may have had, with their brackets. */
  readonly messageIds: readonly string[];
  readonly recipients: readonly FailedRecipient[];
};

export const reportLimits = {
  maxPartBytes: 64 * 1024,
  maxRecipients: 100,
  maxMessageIds: 10,
  maxWordsChars: 500,
} as const;

const STATUS_PART = 'message/delivery-status';
/** Of the message itself: its header alone, or its beginning (RFC 6522 section 3). */
const HEADER_PARTS = ['text/rfc822-headers', 'message/rfc822-headers'];
const MESSAGE_ID = /<[^<>\s]{1,500}>/g;

/** Is this a report of a mail server? Anybody can write such a header: what it says is matched with what was sent. */
export function isDeliveryReport({ fields }: MessageHead): boolean {
  const type = fields.get('content-type')?.[0] ?? '';
  return /^\s*multipart\/report\b/i.test(type) && /report-type\s*=\s*"?delivery-status\b/i.test(type);
}

/** Does a report tell something in a part of this type? */
export const tellsOfDelivery = (declaredType: string): boolean =>
  declaredType === STATUS_PART || HEADER_PARTS.includes(declaredType);

/** Collects what the parts of one report say. */
export class DeliveryReportReader {
  readonly #messageIds = new Set<string>();
  readonly #recipients = new Map<string, FailedRecipient>();

  constructor({ fields }: MessageHead) {
    // Exchange answers the message that it could not deliver; others only enclose its header.
    for (const name of ['in-reply-to', 'references', 'x-ms-exchange-parent-message-id']) {
      for (const value of fields.get(name) ?? []) this.#addIds(value);
    }
  }

  /** Takes a part, or as much of its beginning as is read. */
  take(declaredType: string, content: Buffer): void {
    const text = content.subarray(0, reportLimits.maxPartBytes).toString('utf8').replace(/\r\n/g, '\n');
    if (declaredType === STATUS_PART) this.#takeStatus(text);
    else for (const [, value = ''] of unfold(text).matchAll(/^message-id:(.*)$/gim)) this.#addIds(value);
  }

  /** Takes what is known of a part that lies in the whole message, which some servers enclose (RFC 3464 section 2). */
  enclosed({ embeddedDepth, withinId }: Pick<Leaf, 'embeddedDepth' | 'withinId'>): void {
    if (embeddedDepth === 1 && withinId !== undefined) this.#addIds(withinId);
  }

  /** Undefined when nothing failed, or nothing tells which message it was. */
  finish(): DeliveryReport | undefined {
    if (this.#recipients.size === 0 || this.#messageIds.size === 0) return undefined;
    return { messageIds: [...this.#messageIds], recipients: [...this.#recipients.values()] };
  }

  #addIds(value: string): void {
    for (const [id] of value.matchAll(MESSAGE_ID)) {
      if (this.#messageIds.size < reportLimits.maxMessageIds) this.#messageIds.add(id);
    }
  }

  /** Groups of fields with an empty line between them, the first about the report itself (section 2.1). */
  #takeStatus(text: string): void {
    for (const group of text.split(/\n[ \t]*\n/)) {
      const fields = new Map(
        [...unfold(group).matchAll(/^([a-z-]{1,60}):[ \t]*(.*)$/gim)].map(([, name = '', value = '']) => [
          name.toLowerCase(),
          value.trim(),
        ]),
      );
      const status = /\b[245]\.\d{1,3}\.\d{1,3}\b/.exec(fields.get('status') ?? '')?.[0];
      const isFailed = fields.get('action')?.toLowerCase().startsWith('failed') === true;
      if (!isFailed || status === undefined) continue;
      const words = afterType(fields.get('diagnostic-code'));
      for (const name of ['final-recipient', 'original-recipient']) {
        const address = afterType(fields.get(name))?.replace(/^<|>$/g, '').toLowerCase() ?? '';
        if (address === '' || this.#recipients.size >= reportLimits.maxRecipients) continue;
        this.#recipients.set(address, { address, status, words });
      }
    }
  }
}

const unfold = (text: string): string => text.replace(/\n[ \t]+/g, ' ');

/** `smtp; 550 5.1.1 …` without its type (section 2.3). */
function afterType(value: string | undefined): string | undefined {
  const text = value
    ?.slice(value.indexOf(';') + 1)
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, reportLimits.maxWordsChars)
    .toWellFormed();
  return text === '' ? undefined : text;
}
