/** What becomes of an accepted message: the copy in Sent Items, the copies in the practice mailboxes, and the reports of failure. */
import { createHash } from 'node:crypto';
import { type Field, fieldOf, readFields } from './grammar.ts';
import { BACK_END } from './replies.ts';
import type { Session, Shared, Tenant } from './session.ts';

export type Message = {
  readonly content: Buffer;
  readonly sha256: string;
  readonly fields: readonly Field[];
  readonly messageId: string | undefined;
  readonly date: string | undefined;
};

export function describeMessage(content: Buffer): Message {
  const fields = readFields(content);
  return {
    content,
    sha256: createHash('sha256').update(content).digest('hex'),
    fields,
    messageId: fieldOf(fields, 'message-id'),
    date: fieldOf(fields, 'date'),
  };
}

/** The name of the mailbox that this recipient has in the practice tenant; undefined for everybody else in the world. */
export function findInbox(tenant: Tenant, address: string): string | undefined {
  const account = tenant.findAccount(address);
  if (account) return account.hasMailbox ? tenant.addressesOf(address)[0] : undefined;
  const wanted = address.toLowerCase();
  return tenant.sharedMailboxes.has(wanted) ? wanted : undefined;
}

/** The message as the store keeps it. Only a message without a Message-ID, or a setting, makes it differ from what was sent. */
export function storedForm(message: Message, settings: { messageIds: 'kept' | 'rewritten'; number: number }) {
  const { content, fields, messageId } = message;
  const isKept = settings.messageIds === 'kept' && messageId !== undefined;
  if (isKept) return { messageId, content };
  const given = `<${settings.number.toString(36).padStart(6, '0')}.${message.sha256.slice(0, 24)}@${BACK_END}>`;
  const original = messageId === undefined ? '' : `X-Microsoft-Original-Message-ID: ${messageId}\r\n`;
  const rest = withoutFields(content, fields, 'message-id');
  return { messageId: given, content: withHeader(`Message-ID: ${given}\r\n${original}`, rest, fields) };
}

function withHeader(header: string, content: Buffer, fields: readonly Field[]): Buffer {
  // A message that is all body gets the empty line that divides it from the new header.
  const needsEmptyLine = fields.length === 0 && content.subarray(0, 2).toString('latin1') !== '\r\n';
  return Buffer.concat([Buffer.from(`${header}${needsEmptyLine ? '\r\n' : ''}`), content]);
}

function withoutFields(content: Buffer, fields: readonly Field[], name: string): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const field of fields.filter((one) => one.name === name)) {
    pieces.push(content.subarray(from, field.start));
    from = field.end;
  }
  return from === 0 ? content : Buffer.concat([...pieces, content.subarray(from)]);
}

type Shipment = {
  readonly content: Buffer;
  readonly messageId: string;
  readonly recipients: readonly string[];
  readonly isDuplicate: boolean;
};

/** Puts the copies into their mailboxes; when it resolves they are on disk, where there is one. */
export async function deliver(session: Session, shared: Shared, shipment: Shipment): Promise<void> {
  const { mailboxes, tenant, switches, faults } = shared;
  const { content, recipients } = shipment;
  const login = session.login?.mailbox ?? '';
  if (switches.sentItems === 'on') {
    mailboxes.append(mailboxes.getFolder(login, 'Sent Items'), { bytes: content, flags: ['\\Seen'] });
  }
  const bounces = new Map<string, string>();
  if (!shipment.isDuplicate) {
    for (const recipient of recipients) {
      const words = faults.takeBounce(recipient);
      if (words !== undefined) bounces.set(recipient, words);
    }
    const received = recipients.filter((recipient) => !bounces.has(recipient));
    const inboxes = new Set(received.map((recipient) => findInbox(tenant, recipient)));
    inboxes.delete(undefined);
    const copy = inboxes.size === 0 ? content : deliveredForm(session, shared, content);
    for (const inbox of inboxes) if (inbox !== undefined) mailboxes.deliver(inbox, copy);
  }
  report(session, shared, { shipment, bounces });
  await mailboxes.settled();
}

/** Bcc is for nobody's eyes, and each server that took the message has left its line. */
function deliveredForm(session: Session, shared: Shared, content: Buffer): Buffer {
  const fields = readFields(content);
  const trace =
    `Received: from ${session.hello} (${session.ip}) by ${BACK_END}\r\n` +
    ` (Practice) with Microsoft SMTP Server id 15.20.0000.000; ${dateOf(shared.now())}\r\n` +
    'X-MS-Exchange-Organization-AuthAs: Internal\r\n';
  return withHeader(trace, withoutFields(content, fields, 'bcc'), fields);
}

function dateOf(now: Date): string {
  return now.toUTCString().replace('GMT', '+0000');
}

/** Writes one non-delivery report for all recipients that failed (RFC 3464); none goes to the null reverse-path. */
function report(
  session: Session,
  shared: Shared,
  { shipment, bounces }: { shipment: Shipment; bounces: ReadonlyMap<string, string> },
): void {
  const sender = session.transaction?.sender ?? '';
  const inbox = sender === '' ? undefined : findInbox(shared.tenant, sender);
  if (bounces.size === 0 || inbox === undefined) return;
  shared.counters.bounced += bounces.size;
  const fields = readFields(shipment.content);
  const header = shipment.content.subarray(0, fields.at(-1)?.end ?? 0).toString('utf8');
  const boundary = `report-${createHash('sha256').update(shipment.messageId).digest('hex').slice(0, 24)}`;
  const statuses = [...bounces].map(([recipient, words]) => {
    const [, code = '5.0.0'] = /^\d{3} (\d\.\d+\.\d+)/.exec(words) ?? [];
    const diagnosis = `Action: failed\r\nStatus: ${code}\r\nDiagnostic-Code: smtp;${words}\r\n`;
    return `Final-Recipient: rfc822;${recipient}\r\n${diagnosis}`;
  });
  const lines = [
    `From: Microsoft Outlook <postmaster@${sender.slice(sender.lastIndexOf('@') + 1)}>`,
    `To: <${sender}>`,
    `Date: ${dateOf(shared.now())}`,
    `Message-ID: <${boundary}@${BACK_END}>`,
    `In-Reply-To: ${shipment.messageId}`,
    `Subject: Undeliverable: ${fieldOf(fields, 'subject') ?? ''}`,
    'Auto-Submitted: auto-replied',
    'X-MS-Exchange-Message-Is-Ndr:',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    'Your message could not be delivered to:',
    ...[...bounces].map(([recipient, words]) => `${recipient}: ${words}`),
    '',
    `--${boundary}`,
    'Content-Type: message/delivery-status',
    '',
    `Reporting-MTA: dns;${BACK_END}`,
    '',
    statuses.join('\r\n'),
    `--${boundary}`,
    'Content-Type: text/rfc822-headers',
    '',
    header,
    `--${boundary}--`,
    '',
  ];
  shared.mailboxes.deliver(inbox, Buffer.from(lines.join('\r\n')));
}
