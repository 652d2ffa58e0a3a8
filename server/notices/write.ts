/**
 * From the journal to the outbox, a batch of events at a time: which notices are written, that they were written, the
 * messages themselves and how far the journal has been read commit together. A crash anywhere leaves all of it or
 * nothing, and the unique row (subject, event, receiver) refuses what another node has already written.
 */
import { sql } from 'kysely';
import { DAY_MS, HOUR_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { makeStamp, STAMP_FIELD } from '../base/hop-stamp.ts';
import { newId } from '../base/secrets.ts';
import { getNetworkSettings } from '../connections/connections.ts';
import { makeJobLinks, makeReleasePin } from '../jobs/jobs.ts';
import { type JournalEvent, journalEnd, readJournal, record } from '../journal/journal.ts';
import { submitInTransaction } from '../outbox/outbox.ts';
import { composeMessage } from '../protocols/smtp/compose.ts';
import type { Context } from '../store/database.ts';
import { checkFence, type Lease } from '../store/leases.ts';
import { transaction } from '../store/transaction.ts';
import { createLink } from '../users/users.ts';
import { type Notice, variantOf, type Written, writeNotice } from './compose.ts';
import { Facts, type Story } from './facts.ts';
import { alikeOf, countAlike, MOST_ALIKE, noteAlike } from './letters/alike.ts';
import { answersLetter } from './letters/answered.ts';
import { writeReply } from './letters/reply.ts';
import { planTellings } from './letters/second-way.ts';
import { type NoticeSettings, type Receiver, readSettings } from './notice.ts';
import { ECHO, findOccurrence, isToldOnce, isWithinLimits, type Occurrence, REPLY } from './rules.ts';

/** Events of one transaction. */
export const BATCH_EVENTS = 200;
/** A printer whose paper runs out again and again is told of once in this time. */
const QUIET_MS = HOUR_MS;
/** As long as intake keeps a message that nobody has confirmed. */
const CONFIRMATION_MS = 7 * DAY_MS;

type Sender = { readonly email: string; readonly name: string | undefined };
type Reading = { readonly settings: NoticeSettings; readonly sender: Sender | undefined };

/**
 * Reads the next events and writes what is due, in one transaction under the fence of `lease`. Returns how many events
 * were passed. Throws `lease-lost`, and what the database throws; then nothing was written.
 */
export async function writeNotices(context: Context, lease: Lease): Promise<number> {
  const settings = await readSettings(context);
  if (settings.cursor === null) {
    // What happened before Platen learnt to write is history.
    await keepCursor(context, lease, await journalEnd(context));
    return 0;
  }
  const events = await readJournal(context, { since: settings.cursor, limit: BATCH_EVENTS });
  if (events.length === 0) return 0;
  const reading = { settings, sender: await findSender(context) };
  try {
    await passEvents(context, lease, { ...reading, events });
  } catch (error) {
    if (!isAboutContent(error)) throw error;
    await passOneByOne(context, lease, { ...reading, events });
  }
  return events.length;
}

/**
 * Whom notices are from, in their envelope too. RFC 3834 section 3.3 asks automatic responses to have the null reverse-path
 * or one that nothing answers; Exchange Online takes a submission only from the mailbox itself or one that it may send as.
 * So what bounces comes back to this address. Nothing becomes of it: where Platen reads it, a report is never printed,
 * never answered, and only noted at the message that it is about; whoever writes without saying that it is a machine is
 * stopped by the limits of a day.
 *
 * While there is nobody to write as or no server to write over, nothing is written, and nothing piles up.
 */
async function findSender(context: Context): Promise<Sender | undefined> {
  const { senderEmail, senderName, outgoing } = await getNetworkSettings(context);
  if (senderEmail === undefined || outgoing === undefined) return undefined;
  return { email: senderEmail, name: senderName };
}

type Batch = Reading & { readonly events: readonly JournalEvent[] };

async function passEvents(context: Context, lease: Lease, { settings, sender, events }: Batch): Promise<void> {
  const { notices, tellings } = await collect(context, settings, events);
  const last = events.at(-1);
  if (last === undefined) return;
  await transaction(context, async (context) => {
    await checkFence(context, lease);
    for (const notice of sender === undefined ? [] : notices) await deliver(context, notice, { settings, sender });
    await planTellings(context, tellings, settings);
    await setCursor(context, last.cursor);
  });
}

/** One event that cannot be told must not keep the others from being told. */
async function passOneByOne(context: Context, lease: Lease, batch: Batch): Promise<void> {
  for (const event of batch.events) {
    try {
      await passEvents(context, lease, { ...batch, events: [event] });
    } catch (error) {
      if (!isAboutContent(error)) throw error;
      context.log.error({ event: event.type, subjectId: event.subjectId, error }, 'a notice could not be written');
      await keepCursor(context, lease, event.cursor);
    }
  }
}

/** SQLSTATE classes 22, 23 and 54, a mistake of ours, or a refusal that waiting does not cure. */
function isAboutContent(error: unknown): boolean {
  if (error instanceof PlatenError) return !error.temporary;
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return error instanceof TypeError || error instanceof RangeError || /^(22|23|54)[0-9A-Z]{3}$/.test(String(code));
}

type Collected = { readonly notices: readonly Notice[]; readonly tellings: readonly Story[] };

async function collect(
  context: Context,
  settings: NoticeSettings,
  events: readonly JournalEvent[],
): Promise<Collected> {
  const facts = new Facts(context, settings.rules);
  const tellings: Story[] = [];
  const groups = new Map<string, { readonly receiver: Receiver; readonly stories: [Story, ...Story[]] }>();
  for (const event of events) {
    const occurrence = findOccurrence(event, settings.rules);
    const story = occurrence === undefined ? undefined : await facts.findStory(occurrence);
    if (story === undefined) continue;
    if (isToldOnce(story.occurrence.event, settings.rules)) tellings.push(story);
    for (const receiver of story.receivers) {
      const key = [variantOf(story), receiver.address, story.groupId, story.problem?.code ?? ''].join(' ');
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { receiver, stories: [story] });
      else if (!group.stories.some(({ subjectId }) => subjectId === story.subjectId)) group.stories.push(story);
    }
  }
  return { notices: [...groups.values()], tellings };
}

async function deliver(context: Context, { receiver, stories }: Notice, reading: Reading): Promise<void> {
  const { settings, sender } = reading;
  if (sender === undefined || (await isQuiet(context, receiver, stories[0]))) return;
  const [first, ...rest] = await claim(context, { receiver, stories });
  if (first === undefined) return;
  const { event } = first.occurrence;
  const isEcho = event === REPLY && (await isAnswerToUs(context, receiver, first));
  const written = await countWritten(context, receiver, isEcho ? ECHO : event);
  const alike = await readAlike(context, receiver, first);
  const isPaused = alike !== undefined && alike.written >= alike.most;
  if (isPaused || !isWithinLimits(settings, { receiver, event, isEcho }, written)) {
    return await tellSuppressed(context, receiver, first);
  }
  if (alike !== undefined) await noteAlike(context, first.subjectId, alike.of);
  const isLast = alike !== undefined && alike.written + 1 === alike.most;
  const outboxMessageId = await submit(context, { receiver, stories: [first, ...rest] }, { sender, isLast });
  if (isEcho) await markEcho(context, { receiver, stories: [first] }, outboxMessageId);
  await context.db
    .updateTable('notices_sent')
    .set({ outbox_message_id: outboxMessageId })
    .where('event', '=', first.occurrence.event)
    .where('recipient', '=', receiver.address)
    .where(
      'subject_id',
      'in',
      [first, ...rest].map(({ subjectId }) => subjectId),
    )
    .execute();
}

/** How many replies like this one its receiver has had, and how many there are at most. */
async function readAlike(context: Context, receiver: Receiver, { reply, received }: Story) {
  if (reply === undefined || received === undefined) return undefined;
  const of = alikeOf({ subject: received.subject, told: reply }, receiver.address);
  const hasKeys = reply.jobs.some(({ outcome }) => outcome === 'held');
  const most = hasKeys ? MOST_ALIKE.withKeys : MOST_ALIKE.withoutKeys;
  return { of, most, written: await countAlike(context, of) };
}

async function isAnswerToUs(context: Context, receiver: Receiver, { received }: Story): Promise<boolean> {
  if (received === undefined) return false;
  return await answersLetter(context, received, { address: receiver.address, since: before(context, DAY_MS) });
}

/** Counts with the answers of which there are few. */
async function markEcho(context: Context, { receiver, stories }: Notice, outboxMessageId: string): Promise<void> {
  await context.db
    .insertInto('notices_sent')
    .values({
      subject_id: stories[0].subjectId,
      event: ECHO,
      recipient: receiver.address,
      is_reply: receiver.isOwner,
      outbox_message_id: outboxMessageId,
      at: context.clock.now(),
    })
    .onConflict((conflict) => conflict.columns(['subject_id', 'event', 'recipient']).doNothing())
    .execute();
}

/** Takes the right to tell these stories; those that were told before are left out. */
async function claim(context: Context, { receiver, stories }: Notice): Promise<Story[]> {
  const now = context.clock.now();
  const rows = await context.db
    .insertInto('notices_sent')
    .values(
      stories.map(({ subjectId, occurrence }) => ({
        subject_id: subjectId,
        event: occurrence.event,
        recipient: receiver.address,
        is_reply: receiver.isOwner,
        outbox_message_id: null,
        at: now,
      })),
    )
    .onConflict((conflict) => conflict.columns(['subject_id', 'event', 'recipient']).doNothing())
    .returning('subject_id')
    .execute();
  const claimed = new Set(rows.map((row) => row.subject_id));
  return stories.filter(({ subjectId }) => claimed.has(subjectId));
}

async function isQuiet(context: Context, receiver: Receiver, { occurrence }: Story): Promise<boolean> {
  const id = idOf(occurrence);
  if (id === undefined) return false;
  const row = await context.db
    .selectFrom('notices_sent')
    .select('subject_id')
    .where('recipient', '=', receiver.address)
    .where('event', '=', occurrence.event)
    .where('at', '>', before(context, QUIET_MS))
    .where('subject_id', 'like', `${id}/%`)
    .where('outbox_message_id', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Of a thing that may fail again and again. */
function idOf(occurrence: Occurrence): string | undefined {
  if (occurrence.kind === 'printer') return occurrence.printerId;
  if (occurrence.kind === 'connection') return occurrence.connectionId;
  return occurrence.kind === 'thing' ? occurrence.thingId : undefined;
}

async function countWritten(context: Context, receiver: Receiver, event: string) {
  const messages = sql<number>`count(DISTINCT outbox_message_id)`;
  const own = await context.db
    .selectFrom('notices_sent')
    .select(messages.as('count'))
    .where('recipient', '=', receiver.address)
    .where('is_reply', '=', receiver.isOwner)
    .where('event', event === REPLY ? '=' : '<>', REPLY)
    .where('at', '>', before(context, DAY_MS))
    .executeTakeFirstOrThrow();
  const all = await context.db
    .selectFrom('notices_sent')
    .select(messages.as('count'))
    .where('at', '>', before(context, HOUR_MS))
    .executeTakeFirstOrThrow();
  return { toReceiver: own.count, toEverybody: all.count };
}

/** Once a day for each person: from then on it is known that more has happened than was written. */
async function tellSuppressed(context: Context, receiver: Receiver, story: Story): Promise<void> {
  const today = context.clock.now().toISOString().slice(0, 10);
  const told = await context.db
    .insertInto('notices_sent')
    .values({
      subject_id: `limit/${today}`,
      event: 'notice-suppressed',
      recipient: receiver.address,
      is_reply: receiver.isOwner,
      outbox_message_id: null,
      at: context.clock.now(),
    })
    .onConflict((conflict) => conflict.columns(['subject_id', 'event', 'recipient']).doNothing())
    .returning('subject_id')
    .executeTakeFirst();
  if (told === undefined) return;
  const data = { recipient: receiver.address, event: story.occurrence.event, subject: story.subjectId };
  await record(context, 'notice-suppressed', { subjectId: 'notices', data });
}

type By = { readonly sender: Sender; readonly isLast: boolean };

async function submit(context: Context, notice: Notice, { sender, isLast }: By): Promise<string> {
  const { receiver, stories } = notice;
  const { subject, text, html } = await compose(context, notice, isLast);
  const messageId = `<platen-notice.${newId()}@${sender.email.split('@').at(-1)}>`;
  const answered = receiver.isOwner ? stories[0].received?.messageIdHeader : undefined;
  const isReply = receiver.isOwner && stories[0].received !== undefined;
  const bytes = await composeMessage({
    from: { address: sender.email, ...(sender.name === undefined ? {} : { name: sender.name }) },
    to: [{ address: receiver.address, ...(receiver.name === undefined ? {} : { name: receiver.name }) }],
    subject,
    messageId,
    date: context.clock.now(),
    text,
    html,
    headers: {
      // RFC 3834 section 5: whoever answers by itself says so, and is not answered.
      'Auto-Submitted': isReply ? 'auto-replied' : 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      [STAMP_FIELD]: makeStamp(newId(), context.secrets.sign),
    },
    ...(answered === undefined ? {} : { inReplyTo: answered }),
  });
  const outboxMessageId = await submitInTransaction(context, {
    kind: 'notice',
    sender: sender.email,
    recipients: [receiver.address],
    content: { kind: 'bytes', bytes },
    subject,
    messageIdHeader: messageId,
  });
  const [{ occurrence, received }] = stories;
  if (isReply && received !== undefined && (occurrence.kind === 'reply' || occurrence.kind === 'message')) {
    const { ownerId } = occurrence.source;
    await record(context, 'message-answered', {
      subjectId: received.id,
      ...(ownerId === null ? {} : { ownerId }),
      data: { recipient: receiver.address, outboxMessageId },
    });
  }
  return outboxMessageId;
}

/** The words of a notice. What a reply brings to release held documents is kept with the reply, or not at all. */
async function compose(context: Context, notice: Notice, isLast: boolean): Promise<Written> {
  const { receiver, stories } = notice;
  const [first] = stories;
  const { publicUrl } = context.settings;
  if (first.reply === undefined) return writeNotice(notice, publicUrl, await linkFor(context, first));
  const { reply } = first;
  const idsOf = (...outcomes: readonly string[]) =>
    reply.jobs.filter(({ outcome }) => outcomes.includes(outcome)).map(({ jobId }) => jobId);
  const held = idsOf('held');
  const open = idsOf('held', 'waiting');
  const pin = held.length === 0 ? undefined : await makeReleasePin(context, held);
  const links = open.length === 0 ? undefined : await makeJobLinks(context, open);
  const keys = { pin, print: links?.print, cancel: links?.cancel };
  return writeReply({ reply, receiver, publicUrl, keys, isLast });
}

/** The link of a message that asks its sender to confirm; it is kept with the message that carries it, or not at all. */
async function linkFor(context: Context, { occurrence }: Story): Promise<string | undefined> {
  if (occurrence.kind !== 'message' || occurrence.event !== 'sender-confirmation') return undefined;
  const { subjectId, ownerId } = occurrence.source;
  const userId = ownerId ?? undefined;
  return await createLink(context, {
    purpose: 'confirm-sender',
    subjectIds: [subjectId],
    userId,
    lifetimeMs: CONFIRMATION_MS,
  });
}

async function keepCursor(context: Context, lease: Lease, cursor: string): Promise<void> {
  await transaction(context, async (context) => {
    await checkFence(context, lease);
    await setCursor(context, cursor);
  });
}

async function setCursor(context: Context, cursor: string): Promise<void> {
  await context.db.updateTable('notice_settings').set({ journal_cursor: cursor }).where('id', '=', 1).execute();
}

function before(context: Context, ms: number): Date {
  return new Date(context.clock.now().getTime() - ms);
}
