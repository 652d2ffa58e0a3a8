/** What Platen writes about, to whom, and at most how often. */
import type { Context } from '../store/database.ts';
import type { Language } from '../store/schema.ts';

export const NOTICE_EVENTS = [
  'job-received',
  'job-held',
  'job-printed',
  'job-refused',
  'sender-confirmation',
  'sender-welcome',
  'job-failed',
  'printer-needs-attention',
  'mailbox-needs-attention',
  'message-not-sent',
  'connection-needs-confirmation',
  'connection-may-end',
] as const;

export type NoticeEvent = (typeof NOTICE_EVENTS)[number];

export type NoticeRule = {
  readonly enabled: boolean;
  /** Whoever sent the document; nobody for a printer or a connection. */
  readonly owner: boolean;
  readonly operators: boolean;
  readonly administrators: boolean;
  readonly addresses: readonly string[];
  /** Over which second ways the event is told, whether the notice by mail is switched on or not. */
  readonly ways: readonly Way[];
};

/** The second ways, for when mail is what fails: a webhook, and a mail server of its own. */
export const WAYS = ['webhook', 'server'] as const;
export type Way = (typeof WAYS)[number];

/** What is an alarm: it is told over the second way for as long as it lasts, and once more when it is solved. */
export const ALARM_EVENTS: readonly NoticeEvent[] = ['connection-needs-confirmation', 'connection-may-end'];
/** What can be told over the second way besides, once for each time that it happens. */
export const TOLD_ONCE: readonly NoticeEvent[] = [
  'job-failed',
  'printer-needs-attention',
  'mailbox-needs-attention',
  'message-not-sent',
];

export type NoticeLimits = {
  /** Answers to one person within 24 hours that tell of no job, and so may be what a loop of machines is made of. */
  readonly repliesPerPersonAndDay: number;
  /** Replies to one person within 24 hours about messages that became jobs: they bring the PIN of what is held. */
  readonly jobRepliesPerPersonAndDay: number;
  /** Notices to one person who looks after Platen, within 24 hours. */
  readonly noticesPerPersonAndDay: number;
  /** All notices together: what stops a storm that no other rule has seen coming. */
  readonly perHour: number;
};

export type NoticeSettings = {
  readonly rules: Readonly<Record<NoticeEvent, NoticeRule>>;
  readonly limits: NoticeLimits;
};

/** Who gets a notice; `isOwner` where it is an answer to what this person sent. */
export type Receiver = {
  readonly address: string;
  readonly name: string | undefined;
  readonly language: Language;
  readonly isOwner: boolean;
};

const nobody: NoticeRule = {
  enabled: true,
  owner: false,
  operators: false,
  administrators: false,
  addresses: [],
  ways: [],
};
const toOwner: NoticeRule = { ...nobody, owner: true };
const toStaff: NoticeRule = { ...nobody, operators: true, administrators: true };

/** Whoever gets paper in the hand needs no message that says so; what waits, fails or stands still needs one. */
export const DEFAULT_RULES: NoticeSettings['rules'] = {
  'job-received': { ...toOwner, enabled: false },
  'job-held': toOwner,
  'job-printed': { ...toOwner, enabled: false },
  'job-refused': toOwner,
  'sender-confirmation': toOwner,
  'sender-welcome': toOwner,
  'job-failed': toOwner,
  'printer-needs-attention': toStaff,
  'mailbox-needs-attention': { ...toStaff, enabled: false },
  'message-not-sent': { ...toStaff, enabled: false },
  'connection-needs-confirmation': { ...toStaff, operators: false, ways: WAYS },
  'connection-may-end': { ...toStaff, operators: false, ways: WAYS },
};

export const DEFAULT_LIMITS: NoticeLimits = {
  repliesPerPersonAndDay: 5,
  jobRepliesPerPersonAndDay: 100,
  noticesPerPersonAndDay: 20,
  // Exchange Online takes 1,800 an hour of one mailbox; the rest is for scans.
  perHour: 1000,
};

/** The settings with the defaults for what nobody has set. */
export async function readSettings(context: Context): Promise<NoticeSettings & { readonly cursor: string | null }> {
  const row = await context.db
    .selectFrom('notice_settings')
    .select(['rules', 'journal_cursor'])
    .where('id', '=', 1)
    .executeTakeFirstOrThrow();
  const kept = row.rules as { readonly rules?: Partial<NoticeSettings['rules']>; readonly limits?: object };
  const rules = NOTICE_EVENTS.map((event) => [event, { ...DEFAULT_RULES[event], ...kept.rules?.[event] }]);
  return {
    rules: Object.fromEntries(rules),
    limits: { ...DEFAULT_LIMITS, ...kept.limits },
    cursor: row.journal_cursor,
  };
}
