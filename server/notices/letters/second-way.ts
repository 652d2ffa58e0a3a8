/**
 * Notices that go over the second way as well, where the rule of their event says so: a call each, once, beside what is
 * written by mail and whether mail can leave or not. What lasts and ends, such as a permission, is told by alarms instead.
 */
import { sql } from 'kysely';
import { DAY_MS, HOUR_MS } from '../../base/clock.ts';
import { newId } from '../../base/secrets.ts';
import { record } from '../../journal/journal.ts';
import type { Context } from '../../store/database.ts';
import type { AlarmFacts } from '../../store/schema.ts';
import { pathOf, writeNotice } from '../compose.ts';
import type { Story } from '../facts.ts';
import type { NoticeSettings, Way } from '../notice.ts';
import { readWays } from '../ways.ts';

/** Stands for whoever listens at the second way, in the list of what was told to whom. */
const LISTENER = 'second-way';
/** A thing that fails again and again is told of once in this time. */
const QUIET_MS = HOUR_MS;

/** Plans the calls for these stories, in the transaction of `context.db`, each once for its subject and event. */
export async function planTellings(
  context: Context,
  stories: readonly Story[],
  settings: NoticeSettings,
): Promise<void> {
  if (stories.length === 0) return;
  const ready = await readWays(context);
  for (const story of stories) {
    const ways = settings.rules[eventOf(story)].ways.filter((way) => ready[way] !== undefined);
    if (ways.length > 0 && (await mayTell(context, story, settings))) await planCalls(context, story, ways);
  }
}

function eventOf({ occurrence }: Story): keyof NoticeSettings['rules'] {
  return occurrence.event as keyof NoticeSettings['rules'];
}

/** Whether this is news: neither told before, nor of a thing that was told of a moment ago, nor one too many of the day. */
async function mayTell(context: Context, story: Story, { limits }: NoticeSettings): Promise<boolean> {
  const event = eventOf(story);
  const now = context.clock.now();
  const [thing = ''] = story.subjectId.split('/', 1);
  const counted = await context.db
    .selectFrom('notices_sent')
    .select((of) => of.fn.countAll<number>().as('today'))
    .select(
      sql<number>`count(*) FILTER (WHERE event = ${event} AND split_part(subject_id, '/', 1) = ${thing}
        AND at > ${new Date(now.getTime() - QUIET_MS)})::int`.as('lately'),
    )
    .where('recipient', '=', LISTENER)
    .where('event', '<>', 'notice-suppressed')
    .where('at', '>', new Date(now.getTime() - DAY_MS))
    .executeTakeFirstOrThrow();
  if (counted.lately > 0) return false;
  const isTooMany = counted.today >= limits.noticesPerPersonAndDay;
  const subjectId = isTooMany ? `limit/${now.toISOString().slice(0, 10)}` : story.subjectId;
  const claimed = await context.db
    .insertInto('notices_sent')
    .values({
      subject_id: subjectId,
      event: isTooMany ? 'notice-suppressed' : event,
      recipient: LISTENER,
      is_reply: false,
      outbox_message_id: null,
      at: now,
    })
    .onConflict((conflict) => conflict.columns(['subject_id', 'event', 'recipient']).doNothing())
    .returning('subject_id')
    .executeTakeFirst();
  if (!isTooMany) return claimed !== undefined;
  const data = { recipient: LISTENER, event, subject: story.subjectId };
  if (claimed !== undefined) await record(context, 'notice-suppressed', { subjectId: 'notices', data });
  return false;
}

/** It is over as soon as it is told: nothing reminds of it, and no word says that it was solved. */
async function planCalls(context: Context, story: Story, ways: readonly Way[]): Promise<void> {
  const id = newId();
  const now = context.clock.now();
  await context.db
    .insertInto('alarms')
    .values({
      id,
      kind: 'notice',
      subject_id: story.subjectId,
      facts: JSON.stringify(factsOf(context, story)),
      raised_at: now,
      solved_at: now,
    })
    .execute();
  await context.db
    .insertInto('alarm_calls')
    .values(
      ways.map(
        (way) => ({ id: newId(), alarm_id: id, way, phase: 'raised', round: 0, state: 'due', due_at: now }) as const,
      ),
    )
    .execute();
  await record(context, 'alarm-raised', { subjectId: id, data: { kind: 'notice', subject: story.subjectId } });
}

/** Its words as they are now, in both languages: what they are about may be gone when a call is made. */
function factsOf(context: Context, story: Story): AlarmFacts {
  const { publicUrl } = context.settings;
  const write = (language: 'en' | 'it') => {
    const receiver = { address: LISTENER, name: undefined, language, isOwner: false };
    const { subject, text } = writeNotice({ receiver, stories: [story] }, publicUrl);
    return { subject, text };
  };
  const { title, problem } = story;
  const path = pathOf(story);
  return {
    event: eventOf(story),
    title,
    ...(problem === undefined ? {} : { problem }),
    ...(path === undefined ? {} : { path }),
    words: { en: write('en'), it: write('it') },
  };
}
