/**
 * Which event of the journal is worth a notice, and who gets it. Pure: nothing is read and nothing is sent here.
 *
 * Nobody is answered whom Platen does not know, and no message that a machine wrote is answered at all (RFC 3834
 * section 2): otherwise a forged sender would make Platen write to strangers, and two such programs to each other.
 */
import type { JournalEvent } from '../journal/journal.ts';
import type { Problem } from '../store/schema.ts';
import { isWanted, readReply } from './letters/reply.ts';
import {
  NOTICE_EVENTS,
  type NoticeEvent,
  type NoticeRule,
  type NoticeSettings,
  type Receiver,
  TOLD_ONCE,
} from './notice.ts';

/** What happened, with what the event itself tells about it. */
export type Occurrence =
  | {
      readonly kind: 'job';
      readonly event: NoticeEvent;
      readonly jobId: string;
      readonly printerId?: string;
      readonly problem?: Problem;
      readonly at: Date;
    }
  | { readonly kind: 'message'; readonly event: NoticeEvent; readonly source: JournalEvent; readonly at: Date }
  /** All that became of a message: whether its sender is told is a matter of the mailbox, and of no rule. */
  | { readonly kind: 'reply'; readonly event: typeof REPLY; readonly source: JournalEvent; readonly at: Date }
  | { readonly kind: 'welcome'; readonly event: NoticeEvent; readonly source: JournalEvent; readonly at: Date }
  | {
      readonly kind: 'printer';
      readonly event: NoticeEvent;
      readonly printerId: string;
      readonly cursor: string;
      readonly name: string;
      readonly words: string;
      readonly at: Date;
    }
  | {
      /** A mailbox that is not read, an outgoing message that will not arrive. */
      readonly kind: 'thing';
      readonly event: 'mailbox-needs-attention' | 'message-not-sent';
      readonly thingId: string;
      readonly cursor: string;
      readonly title: string | undefined;
      readonly problem?: Problem;
      readonly at: Date;
    }
  | {
      readonly kind: 'connection';
      readonly event: NoticeEvent;
      readonly connectionId: string;
      readonly cursor: string;
      readonly at: Date;
    };

export const REPLY = 'message-reply';
/** Stands beside a reply to what itself answers a letter of ours: so much of that a day looks like two machines. */
export const ECHO = 'message-echo';
const OUTCOME_UNKNOWN = 'outcome-unknown';
const SENDER_UNCONFIRMED = 'sender-unconfirmed';
const NEVER_CONFIRMED = 'never-confirmed';

/** Reads what an event means for notices; `undefined` when no rule that is switched on is about it. */
export function findOccurrence(event: JournalEvent, rules: NoticeSettings['rules']): Occurrence | undefined {
  return occurrencesOf(event).find(
    (one) => one.event === REPLY || isMailed(rules[one.event]) || isToldOnce(one.event, rules),
  );
}

function isMailed(rule: NoticeRule): boolean {
  return rule.enabled && (rule.owner || rule.operators || rule.administrators || rule.addresses.length > 0);
}

/** Whether the event is told over a second way each time that it happens. */
export function isToldOnce(event: Occurrence['event'], rules: NoticeSettings['rules']): boolean {
  return event !== REPLY && TOLD_ONCE.includes(event) && rules[event].ways.length > 0;
}

/** The most telling one first: of a document that is held at once it is not also said that it was received. */
function occurrencesOf(event: JournalEvent): readonly Occurrence[] {
  const { at } = event;
  switch (event.type) {
    case 'job-created': {
      // Nobody knows yet whose it is: the message asks its sender, and nothing else is said to anybody.
      if (textsOf(event.data.reasons).includes(SENDER_UNCONFIRMED)) return [];
      const job = { kind: 'job', jobId: event.subjectId, at } as const;
      const received = { ...job, event: 'job-received' } as const;
      return event.data.state === 'pending-held' ? [{ ...job, event: 'job-held' }, received] : [received];
    }
    case 'job-state-changed':
      return jobOccurrences(event);
    case 'message-refused':
      return [{ kind: 'message', event: 'job-refused', source: event, at }];
    case 'message-finished': {
      const reply = readReply(event.data);
      return reply !== undefined && isWanted(reply) ? [{ kind: 'reply', event: REPLY, source: event, at }] : [];
    }
    case 'message-held':
      return [{ kind: 'message', event: 'sender-confirmation', source: event, at }];
    case 'sender-registered':
      return [{ kind: 'welcome', event: 'sender-welcome', source: event, at }];
    case 'message-failed':
      return [{ kind: 'message', event: 'job-failed', source: event, at }];
    case 'printer-state-changed':
      return printerOccurrences(event);
    case 'mailbox-state-changed':
      return mailboxOccurrences(event);
    case 'outbox-message-state-changed': {
      if (event.data.to !== 'failed') return [];
      const { subjectId: thingId, cursor } = event;
      return [{ kind: 'thing', event: 'message-not-sent', thingId, cursor, title: undefined, at }];
    }
    case 'connection-state-changed': {
      if (event.data.to !== 'needs-confirmation') return [];
      const { subjectId: connectionId, cursor } = event;
      return [{ kind: 'connection', event: 'connection-needs-confirmation', connectionId, cursor, at }];
    }
    case 'connection-expiry-near': {
      const { subjectId: connectionId, cursor } = event;
      return [{ kind: 'connection', event: 'connection-may-end', connectionId, cursor, at }];
    }
    default:
      return [];
  }
}

function jobOccurrences(event: JournalEvent): readonly Occurrence[] {
  const { data, at } = event;
  const problem = (data.problem ?? undefined) as Problem | undefined;
  const job = {
    kind: 'job',
    jobId: event.subjectId,
    ...(typeof data.printerId === 'string' ? { printerId: data.printerId } : {}),
    ...(problem === undefined ? {} : { problem }),
    at,
  } as const;
  const { problem: why, printerId } = job;
  // A printer that stays busy says so by the job that does not go on: whoever looks after it has to know.
  if (data.to === 'processing' && textsOf(data.waitsFor).length > 0 && why !== undefined && printerId !== undefined) {
    const told = { name: String(why.values?.name ?? printerId), words: why.remote ?? why.detail };
    return [{ kind: 'printer', event: 'printer-needs-attention', printerId, cursor: event.cursor, at, ...told }];
  }
  // Its message tells it, where anybody may be told.
  if (why?.code === NEVER_CONFIRMED) return [];
  const isUnknown = data.to === 'processing-stopped' && textsOf(data.reasons).includes(OUTCOME_UNKNOWN);
  // Whoever holds their own job knows it, and whoever has seen its paper.
  const isOwnDeed = event.actor !== null && event.actor === event.ownerId;
  if (data.to === 'completed') return isOwnDeed ? [] : [{ ...job, event: 'job-printed' }];
  if (data.to === 'aborted' || isUnknown) return [{ ...job, event: 'job-failed' }];
  if (data.to === 'pending-held' && data.from !== 'pending-held' && !isOwnDeed) return [{ ...job, event: 'job-held' }];
  return [];
}

function readValues(values: unknown): Readonly<Record<string, string | number>> {
  const entries = Object.entries(typeof values === 'object' && values !== null ? values : {});
  return Object.fromEntries(entries.filter(([, value]) => typeof value === 'string' || typeof value === 'number'));
}

/** One that waits for a connection is told of with the connection. */
function mailboxOccurrences({ data, at, cursor, subjectId: thingId }: JournalEvent): readonly Occurrence[] {
  if (data.to !== 'failing' || data.from === 'failing') return [];
  const { title, code, detail, remote } = data;
  const problem =
    typeof code === 'string'
      ? {
          code,
          detail: String(detail),
          ...(typeof remote === 'string' ? { remote } : {}),
          values: readValues(data.values),
          at: at.toISOString(),
        }
      : undefined;
  return [
    {
      ...{ kind: 'thing', event: 'mailbox-needs-attention', thingId, cursor, at },
      title: typeof title === 'string' ? title : undefined,
      ...(problem === undefined ? {} : { problem }),
    },
  ];
}

const IN_NEED: readonly unknown[] = ['stopped', 'unreachable'];

function printerOccurrences(event: JournalEvent): readonly Occurrence[] {
  const { data, at, cursor, subjectId: printerId } = event;
  const isInNeed = IN_NEED.includes(data.state) || textsOf(data.waitsFor).length > 0;
  const wasInNeed = IN_NEED.includes(data.from) || textsOf(data.waitedFor).length > 0;
  // One that was never seen at work has somebody standing before it who sets it up.
  if (!isInNeed || wasInNeed || data.from === 'unknown') return [];
  const reasons = textsOf(data.reasons);
  // Somebody paused it, and knows.
  if (reasons.length > 0 && reasons.every((reason) => /paused/.test(reason))) return [];
  const because = reasons.join(', ');
  // What a busy printer says of itself is often only that it prints.
  const said = data.state === 'processing' ? [because] : [data.detail, data.message, because];
  const words = said.find((text) => typeof text === 'string' && text !== '');
  const name = typeof data.name === 'string' ? data.name : printerId;
  const told = { name, words: typeof words === 'string' ? words : String(data.state) };
  return [{ kind: 'printer', event: 'printer-needs-attention', printerId, cursor, at, ...told }];
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

export type People = {
  readonly owner: Receiver | undefined;
  readonly operators: readonly Receiver[];
  readonly administrators: readonly Receiver[];
  readonly addresses: readonly Receiver[];
};

/** Who gets it by the rule, each address once: the owner first, because an answer says more. */
export function chooseReceivers(rule: NoticeRule, people: People): Receiver[] {
  const chosen = new Map<string, Receiver>();
  const asked = [
    ...(rule.owner && people.owner !== undefined ? [people.owner] : []),
    ...(rule.administrators ? people.administrators : []),
    ...(rule.operators ? people.operators : []),
    ...people.addresses,
  ];
  for (const receiver of asked) {
    const address = receiver.address.toLowerCase();
    if (!chosen.has(address)) chosen.set(address, { ...receiver, address });
  }
  return [...chosen.values()];
}

/** What has been written to somebody, and to everybody, when a further notice is due. */
export type Written = { readonly toReceiver: number; readonly toEverybody: number };

export function isWithinLimits(
  { limits }: Pick<NoticeSettings, 'limits'>,
  of: { readonly receiver: Receiver; readonly event: Occurrence['event']; readonly isEcho?: boolean },
  written: Written,
): boolean {
  const { repliesPerPersonAndDay, jobRepliesPerPersonAndDay, noticesPerPersonAndDay, perHour } = limits;
  const isOfJobs = of.event === REPLY && of.isEcho !== true;
  const perAnswer = isOfJobs ? jobRepliesPerPersonAndDay : repliesPerPersonAndDay;
  const perDay = of.receiver.isOwner ? perAnswer : noticesPerPersonAndDay;
  return written.toReceiver < perDay && written.toEverybody < perHour;
}

export function isNoticeEvent(text: string): text is NoticeEvent {
  return (NOTICE_EVENTS as readonly string[]).includes(text);
}
