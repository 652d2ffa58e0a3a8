/**
 * Notices: mail that Platen itself writes because of something in the journal, and alarms for when mail is what fails.
 *
 * At most one notice for each job, event and receiver; none to whom Platen does not know, none because of a message that
 * a machine wrote. An alarm is told once for each incident, then once a day. Neither ever holds up what it tells of.
 */

import { sql } from 'kysely';
import { PlatenError } from '../base/errors.ts';
import { newId, newToken } from '../base/secrets.ts';
import { record } from '../journal/journal.ts';
import { findWebhookUrl } from '../protocols/webhook/post.ts';
import type { Context } from '../store/database.ts';
import type { AlarmServer, Problem } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import { toProblem } from './alarm.ts';
import type { Alarm, AlarmPhase } from './alarm-text.ts';
import {
  NOTICE_EVENTS,
  type NoticeEvent,
  type NoticeLimits,
  type NoticeRule,
  type NoticeSettings,
  readSettings,
  WAYS,
  type Way,
} from './notice.ts';
import { isNoticeEvent } from './rules.ts';
import { noteProved, PASSWORD_BINDING, readWays, SECRET_BINDING, tell } from './ways.ts';

export type { NoticeSettings, Way };

/** Reads who is written to about what. */
export async function getNoticeSettings(context: Context): Promise<NoticeSettings> {
  const { rules, limits } = await readSettings(context);
  return { rules, limits };
}

export type NoticeChange = {
  /** A rule that does not name its ways keeps them. */
  readonly rules?: Readonly<
    Partial<Record<NoticeEvent, Omit<NoticeRule, 'ways'> & { readonly ways?: NoticeRule['ways'] | null }>>
  >;
  readonly limits?: Partial<NoticeLimits>;
};

/** Changes rules and limits; what is left out stays. Durable when it returns. */
export async function setNoticeSettings(
  context: Context,
  change: NoticeChange,
  actor: string,
): Promise<NoticeSettings> {
  return await transaction(context, async (context) => {
    await lockSettings(context);
    const old = await getNoticeSettings(context);
    const rules = NOTICE_EVENTS.map((event) => {
      const changed = change.rules?.[event];
      return [event, { ...old.rules[event], ...changed, ways: changed?.ways ?? old.rules[event].ways }];
    });
    const next: NoticeSettings = { rules: Object.fromEntries(rules), limits: { ...old.limits, ...change.limits } };
    await context.db
      .updateTable('notice_settings')
      .set({ rules: JSON.stringify(next) })
      .where('id', '=', 1)
      .execute();
    const changed = [...Object.keys(change.rules ?? {}), ...Object.keys(change.limits ?? {})];
    await record(context, 'notice-settings-changed', { subjectId: 'notices', actor, data: { changed } });
    return next;
  });
}

/** When a notice about each event was last written. */
export async function listLastSent(context: Context): Promise<Readonly<Partial<Record<NoticeEvent, Date>>>> {
  const rows = await context.db
    .selectFrom('notices_sent')
    .select(['event', (select) => select.fn.max('at').as('at')])
    .where('outbox_message_id', 'is not', null)
    .groupBy('event')
    .execute();
  return Object.fromEntries(rows.filter(({ event }) => isNoticeEvent(event)).map(({ event, at }) => [event, at]));
}

export type AlarmSettings = {
  readonly webhook: { readonly url: string; readonly provedAt: string | null } | undefined;
  readonly server: (AlarmServer & { readonly hasPassword: boolean; readonly provedAt: string | null }) | undefined;
};

/** Reads the second way, without its secrets. */
export async function getAlarmSettings(context: Context): Promise<AlarmSettings> {
  const { webhook, server } = await readWays(context);
  const { ways_proved: proved } = await context.db
    .selectFrom('notice_settings')
    .select('ways_proved')
    .where('id', '=', 1)
    .executeTakeFirstOrThrow();
  const shownWebhook = webhook && { url: webhook.url, provedAt: proved.webhook ?? null };
  if (server === undefined) return { webhook: shownWebhook, server };
  const { password, ...shown } = server;
  const provedAt = proved.server ?? null;
  return { webhook: shownWebhook, server: { ...shown, hasPassword: password !== undefined, provedAt } };
}

export type AlarmChange = {
  /** The secret is given, kept (absent) or, where there is none yet, made. `null` takes the webhook away. */
  readonly webhook?: { readonly url: string; readonly secret?: string } | null;
  /** The password is given, taken away (`null`), or kept (absent) for the same server and user. */
  readonly server?: (AlarmServer & { readonly password?: string | null }) | null;
};

/**
 * Changes the second way; what is left out stays. Returns the secret of the webhook if it was made now: it is shown this
 * once. Durable when it returns. Throws `webhook-address-refused`.
 */
export async function setAlarmSettings(
  context: Context,
  change: AlarmChange,
  actor: string,
): Promise<{ readonly madeSecret: string | undefined }> {
  const { webhook, server } = change;
  if (webhook && findWebhookUrl(webhook.url) === undefined) {
    throw new PlatenError('webhook-address-refused', 'the address of the webhook is not usable');
  }
  return await transaction(context, async (context) => {
    await lockSettings(context);
    const old = await readWays(context);
    const madeSecret = webhook && webhook.secret === undefined && old.webhook === undefined ? newToken() : undefined;
    const secret = madeSecret ?? webhook?.secret ?? old.webhook?.secret;
    if (webhook !== undefined) {
      await setRow(context, {
        webhook_url: webhook?.url ?? null,
        sealed_webhook_secret:
          webhook === null || secret === undefined ? null : context.secrets.seal(secret, SECRET_BINDING),
      });
    }
    if (server !== undefined) {
      const { password, ...shown } = server ?? {};
      const kept = server !== null && isSameServer(server, old.server) ? old.server?.password : undefined;
      const next = password === undefined ? kept : (password ?? undefined);
      await setRow(context, {
        alarm_server: server === null ? null : JSON.stringify(shown),
        sealed_alarm_password: next === undefined ? null : context.secrets.seal(next, PASSWORD_BINDING),
      });
    }
    for (const way of WAYS) if (change[way] !== undefined) await forgetProof(context, way);
    // Neither the address nor the secret: of many webhooks the address is the secret.
    await record(context, 'alarm-settings-changed', {
      subjectId: 'notices',
      actor,
      data: { changed: Object.keys(change) },
    });
    return { madeSecret };
  });
}

/** What was changed has to be proved anew. */
async function forgetProof(context: Context, way: Way): Promise<void> {
  await context.db
    .updateTable('notice_settings')
    .set({ ways_proved: sql<string>`ways_proved - ${way}` })
    .where('id', '=', 1)
    .execute();
}

/** A password goes to no other server than the one it was given for. */
function isSameServer(next: AlarmServer, old: AlarmServer | undefined): boolean {
  const keys = ['host', 'port', 'security', 'verifyCertificate', 'username'] as const;
  return old !== undefined && keys.every((key) => next[key] === old[key]);
}

type Row = {
  webhook_url?: string | null;
  sealed_webhook_secret?: Buffer | null;
  alarm_server?: string | null;
  sealed_alarm_password?: Buffer | null;
};

async function setRow(context: Context, row: Row): Promise<void> {
  await context.db.updateTable('notice_settings').set(row).where('id', '=', 1).execute();
}

async function lockSettings(context: Context): Promise<void> {
  await context.db.selectFrom('notice_settings').select('id').where('id', '=', 1).forUpdate().execute();
}

/** Tells a test alarm over each way that is set up, and what came of it. Throws `alarm-way-missing` when none is. */
export async function testAlarm(
  context: Context,
  signal: AbortSignal,
): Promise<readonly { readonly way: Way; readonly problem: Problem | undefined }[]> {
  const ways = await readWays(context);
  const used = WAYS.filter((way) => ways[way] !== undefined);
  if (used.length === 0) throw new PlatenError('alarm-way-missing', 'no second way is set up for alarms');
  const id = newId();
  const raisedAt = context.clock.now();
  const alarm: Alarm = { id, kind: 'test', subjectId: 'test', facts: {}, raisedAt, solvedAt: null };
  const permit = { signal, assertFresh: () => undefined };
  const telling = { id, alarm, phase: 'raised' } as const;
  return await Promise.all(
    used.map(async (way) => {
      try {
        await tell(context, { ways, way, telling }, permit);
        await noteProved(context, way);
        return { way, problem: undefined };
      } catch (error) {
        if (!(error instanceof PlatenError)) throw error;
        return { way, problem: toProblem(context, error) };
      }
    }),
  );
}

export type ShownAlarm = Alarm & {
  readonly calls: readonly {
    readonly way: Way;
    readonly phase: AlarmPhase;
    readonly state: 'due' | 'delivered' | 'given-up';
    readonly attempts: number;
    readonly problem: Problem | null;
    readonly dueAt: Date;
    readonly endedAt: Date | null;
  }[];
};

/** Lists alarms with their calls, newest first. */
export async function listAlarms(context: Context, limit: number): Promise<ShownAlarm[]> {
  const alarms = await context.db.selectFrom('alarms').selectAll().orderBy('id', 'desc').limit(limit).execute();
  if (alarms.length === 0) return [];
  const ids = alarms.map(({ id }) => id);
  const calls = await context.db
    .selectFrom('alarm_calls')
    .selectAll()
    .where('alarm_id', 'in', ids)
    .orderBy('id')
    .execute();
  return alarms.map(({ id, kind, subject_id: subjectId, facts, raised_at: raisedAt, solved_at: solvedAt }) => ({
    ...{ id, kind, subjectId, facts, raisedAt, solvedAt },
    calls: calls
      .filter((call) => call.alarm_id === id)
      .map(({ way, phase, state, attempts, problem, due_at: dueAt, ended_at: endedAt }) => ({
        ...{ way, phase, state, attempts, problem, dueAt, endedAt },
      })),
  }));
}

/** How many alarms are open, for the metrics. */
export async function countOpenAlarms(context: Context): Promise<number> {
  const row = await context.db
    .selectFrom('alarms')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('solved_at', 'is', null)
    .executeTakeFirstOrThrow();
  return row.count;
}

/** After a restore: what happened before it has been told already, or is too old to be told. */
export async function skipNoticesSoFar(context: Context): Promise<void> {
  await context.db.updateTable('notice_settings').set({ journal_cursor: null }).where('id', '=', 1).execute();
}
