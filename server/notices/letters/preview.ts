/** What a notice of each event looks like, with a person, a document and a printer that do not exist. Pure; nothing is sent. */
import { textFor } from '../../../locales/locales.ts';
import { DAY_MS } from '../../base/clock.ts';
import type { JournalEvent } from '../../journal/journal.ts';
import type { Language } from '../../store/schema.ts';
import { type Written, writeNotice } from '../compose.ts';
import type { Story } from '../facts.ts';
import type { NoticeEvent } from '../notice.ts';
import type { Occurrence } from '../rules.ts';

export type PreviewWish = {
  readonly event: NoticeEvent;
  readonly language: Language;
  readonly publicUrl: string;
  readonly now: Date;
};

/** Stands where a real notice has the key of its link, so that the example opens nothing. */
const NO_KEY = 'EXAMPLE';
const EXAMPLE_ADDRESS = 'anna.rossi@example.org';
/** The printer, the connection: what has no sender is told to whoever looks after it. */
const OF_THE_HOUSE: readonly NoticeEvent[] = [
  'printer-needs-attention',
  'mailbox-needs-attention',
  'message-not-sent',
  'connection-needs-confirmation',
  'connection-may-end',
];

/** Writes the notice as its first reader gets it: the sender, or for a thing of the house an administrator. */
export function previewNotice({ event, language, publicUrl, now }: PreviewWish): Written {
  const isOwner = !OF_THE_HOUSE.includes(event);
  const person = example(language, 'person');
  const receiver = { address: EXAMPLE_ADDRESS, name: person, language, isOwner };
  const story: Story = {
    occurrence: occurrenceOf(event, language, now),
    subjectId: NO_KEY,
    groupId: NO_KEY,
    ownerName: person,
    received: undefined,
    receivers: [receiver],
    ...tellingOf(event, language, now),
  };
  const deed = event === 'sender-confirmation' ? `${publicUrl}/links#${NO_KEY}` : undefined;
  return writeNotice({ receiver, stories: [story] }, publicUrl, deed);
}

function example(language: Language, name: string): string {
  return textFor(language, `notices.example.${name}`);
}

function occurrenceOf(event: NoticeEvent, language: Language, at: Date): Occurrence {
  const source: JournalEvent = {
    ...{ cursor: '0-0', at, type: 'message-received', subjectKind: 'message', subjectId: NO_KEY },
    ...{ actor: null, ownerId: null, data: {} },
  };
  switch (event) {
    case 'job-refused':
    case 'sender-confirmation':
      return { kind: 'message', event, source, at };
    case 'sender-welcome':
      return { kind: 'welcome', event, source, at };
    case 'printer-needs-attention': {
      const [name, words] = [example(language, 'printer'), example(language, 'printerWords')];
      return { kind: 'printer', event, printerId: NO_KEY, cursor: '0-0', name, words, at };
    }
    case 'mailbox-needs-attention':
    case 'message-not-sent':
      return { kind: 'thing', event, thingId: NO_KEY, cursor: '0-0', title: undefined, at };
    case 'connection-needs-confirmation':
    case 'connection-may-end':
      return { kind: 'connection', event, connectionId: NO_KEY, cursor: '0-0', at };
    default:
      return { kind: 'job', event, jobId: NO_KEY, at };
  }
}

/** What it is about, and why. */
function tellingOf(event: NoticeEvent, language: Language, now: Date): Pick<Story, 'title'> & Partial<Story> {
  const document = example(language, 'document');
  switch (event) {
    case 'job-failed':
      return {
        title: document,
        problem: {
          code: 'printer-refused',
          detail: '',
          remote: 'client-error-document-format-not-supported',
          at: now.toISOString(),
        },
      };
    case 'job-refused':
      return {
        title: example(language, 'subject'),
        reason: 'no-printable-document',
        refused: [{ title: document, reason: 'document-encrypted' }],
      };
    case 'sender-confirmation':
      return { title: example(language, 'subject'), reason: 'unknown-sender' };
    case 'sender-welcome':
      return { title: EXAMPLE_ADDRESS };
    case 'printer-needs-attention':
      return { title: example(language, 'printer') };
    case 'mailbox-needs-attention':
      return {
        title: example(language, 'mailbox'),
        problem: {
          code: 'mailbox-refused',
          detail: '',
          remote: 'NO AUTHENTICATE failed.',
          values: { address: example(language, 'account'), folder: 'INBOX' },
          at: now.toISOString(),
        },
      };
    case 'message-not-sent':
      return {
        title: document,
        problem: {
          code: 'recipient-refused',
          detail: '',
          remote: '550 5.1.10 RecipientNotFound',
          at: now.toISOString(),
        },
      };
    case 'connection-needs-confirmation':
      return { title: example(language, 'connection'), account: example(language, 'account') };
    case 'connection-may-end': {
      const expiry = {
        at: new Date(now.getTime() + 7 * DAY_MS),
        reason: 'second-factor',
        values: { count: 2, days: 90, aadsts: 50078 },
      };
      return { title: example(language, 'connection'), account: example(language, 'account'), expiry };
    }
    default:
      return { title: document };
  }
}
