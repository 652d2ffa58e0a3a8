/**
 * The second way, for when mail is what fails: a webhook, and a classic SMTP server that is used for nothing else.
 *
 * A telling that was cut off is made again with the same id, so that whoever receives it can tell the copy. What comes
 * back is never shown: of a webhook its status alone, of a server its reply.
 */
import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { PlatenError } from '../base/errors.ts';
import { makeStamp, STAMP_FIELD } from '../base/hop-stamp.ts';
import { newId } from '../base/secrets.ts';
import { connectSmtp, type SmtpTarget } from '../protocols/smtp/client.ts';
import { composeMessage } from '../protocols/smtp/compose.ts';
import type { SmtpTrouble } from '../protocols/smtp/outcome.ts';
import { findWebhookUrl, postWebhook } from '../protocols/webhook/post.ts';
import type { Context } from '../store/database.ts';
import type { AlarmServer, Language } from '../store/schema.ts';
import { findUserByAddress, listUsersWithRole } from '../users/users.ts';
import { type Alarm, type AlarmPhase, pageOf, writeAlarm } from './alarm-text.ts';
import type { Way } from './notice.ts';

export type Ways = {
  readonly webhook: { readonly url: string; readonly secret: string } | undefined;
  readonly server: (AlarmServer & { readonly password: string | undefined }) | undefined;
};

/** One telling of an alarm; the id stays the same when it is tried again. */
export type Telling = { readonly id: string; readonly alarm: Alarm; readonly phase: AlarmPhase };

export const SECRET_BINDING = 'notice_settings/1/sealed_webhook_secret';
export const PASSWORD_BINDING = 'notice_settings/1/sealed_alarm_password';

/** The ways that an administrator has set up, with their secrets opened. */
export async function readWays(context: Context): Promise<Ways> {
  const row = await context.db
    .selectFrom('notice_settings')
    .select(['webhook_url', 'sealed_webhook_secret', 'alarm_server', 'sealed_alarm_password'])
    .where('id', '=', 1)
    .executeTakeFirstOrThrow();
  const { webhook_url: url, sealed_webhook_secret: secret, alarm_server: server, sealed_alarm_password: sealed } = row;
  return {
    webhook:
      url === null || secret === null ? undefined : { url, secret: context.secrets.open(secret, SECRET_BINDING) },
    server:
      server === null
        ? undefined
        : { ...server, password: sealed === null ? undefined : context.secrets.open(sealed, PASSWORD_BINDING) },
  };
}

/** Notes that something has arrived over a way: that it works is proved. */
export async function noteProved(context: Context, way: Way): Promise<void> {
  const proof = JSON.stringify({ [way]: context.clock.now().toISOString() });
  await context.db
    .updateTable('notice_settings')
    .set({ ways_proved: sql<string>`ways_proved || ${proof}::jsonb` })
    .where('id', '=', 1)
    .execute();
}

/** What can still be called off: `assertFresh` is asked right before something leaves. */
export type Permit = { readonly signal: AbortSignal; readonly assertFresh: () => void };

/** Tells an alarm over one way. Returns when it was taken; throws a `PlatenError` that says why it was not. */
export async function tell(
  context: Context,
  { ways, way, telling }: { readonly ways: Ways; readonly way: Way; readonly telling: Telling },
  permit: Permit,
): Promise<void> {
  if (way === 'webhook' && ways.webhook !== undefined) {
    return await tellOverWebhook(context, { webhook: ways.webhook, telling }, permit);
  }
  if (way === 'server' && ways.server !== undefined) {
    return await tellOverServer(context, { server: ways.server, telling }, permit);
  }
  throw new PlatenError('alarm-way-missing', `no ${way} is set up for alarms`);
}

async function tellOverWebhook(
  context: Context,
  { webhook, telling }: { readonly webhook: NonNullable<Ways['webhook']>; readonly telling: Telling },
  permit: Permit,
): Promise<void> {
  const url = findWebhookUrl(webhook.url);
  if (url === undefined) throw new PlatenError('webhook-address-refused', 'the address of the webhook is not usable');
  const body = JSON.stringify(await bodyOf(context, telling));
  const seconds = Math.floor(context.clock.now().getTime() / 1000);
  permit.assertFresh();
  const headers = {
    'user-agent': 'Platen',
    'platen-alarm-id': telling.id,
    'platen-timestamp': String(seconds),
    'platen-signature': signatureOf(webhook.secret, seconds, body),
  };
  const outcome = await postWebhook(url, { body, headers }, permit.signal);
  if (outcome.kind === 'accepted') return;
  const values = { host: url.host };
  if (outcome.kind === 'unreachable') throw new PlatenError('webhook-unreachable', outcome.words, { values });
  const { status } = outcome;
  throw new PlatenError('webhook-refused', `${url.host} answered ${status}`, { values: { ...values, status } });
}

/** HMAC-SHA256 over the time and the body, so that neither can be changed, and an old one be told from a new one. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

async function bodyOf(context: Context, { id, alarm, phase }: Telling): Promise<Record<string, unknown>> {
  const { publicUrl } = context.settings;
  const { facts, kind, subjectId } = alarm;
  const languages = await languagesOf(context, []);
  const texts = languages.map((language) => writeAlarm(language, alarm, { phase, publicUrl }));
  return {
    id,
    alarm: alarm.id,
    kind,
    phase,
    subject: subjectId,
    raisedAt: alarm.raisedAt.toISOString(),
    // What was told once has no end that anybody waits for.
    solvedAt: kind === 'notice' ? null : (alarm.solvedAt?.toISOString() ?? null),
    url: pageOf(alarm, publicUrl),
    facts: {
      title: facts.title ?? null,
      account: facts.account ?? null,
      held: facts.held ?? null,
      problem: facts.problem?.code ?? null,
      remote: facts.problem?.remote ?? null,
    },
    title: texts.map(({ subject }) => subject).join(' · '),
    text: texts.map(({ subject, text }) => `${subject}\n\n${text}`).join('\n'),
    event: facts.event ?? null,
  };
}

async function tellOverServer(
  context: Context,
  { server, telling }: { readonly server: NonNullable<Ways['server']>; readonly telling: Telling },
  permit: Permit,
): Promise<void> {
  const bytes = await messageOf(context, server, telling);
  const { host } = server;
  const opened = await connectSmtp(targetOf(context, server), permit.signal);
  permit.signal.throwIfAborted();
  if (opened.kind !== 'open') throw failed(host, opened);
  await using session = opened.session;
  const { sender, recipients } = server;
  const message = { sender, recipients, bytes: bytes.length, content: bytes, beforeDot: permit.assertFresh };
  const outcome = await session.send(message);
  if (outcome.kind === 'accepted') return;
  permit.signal.throwIfAborted();
  if (outcome.kind === 'not-read' && outcome.cause instanceof PlatenError) throw outcome.cause;
  throw failed(host, outcome);
}

function targetOf(context: Context, server: NonNullable<Ways['server']>): SmtpTarget {
  const { host, port, security, verifyCertificate, username, password } = server;
  const credentials = { kind: 'password', username: username ?? '', password: password ?? '' } as const;
  const clientName = new URL(context.settings.publicUrl).hostname;
  return {
    ...{ host, port, security, verifyCertificate, clientName },
    ...(username === null ? {} : { credentials }),
  };
}

function failed(host: string, trouble: SmtpTrouble): PlatenError {
  const values = { host };
  if (trouble.kind === 'refused') {
    const message = `${host} refuses the alarm`;
    return new PlatenError('alarm-server-failed', message, { values, remote: trouble.reply.words });
  }
  const words = 'words' in trouble ? trouble.words : 'it was called off';
  return new PlatenError('alarm-server-failed', `the alarm could not be sent over ${host}: ${words}`, { values });
}

async function messageOf(context: Context, server: AlarmServer, telling: Telling): Promise<Buffer> {
  const { publicUrl } = context.settings;
  const { alarm, phase, id } = telling;
  const languages = await languagesOf(context, server.recipients);
  const texts = languages.map((language) => writeAlarm(language, alarm, { phase, publicUrl }));
  const text = texts.map((one) => one.text).join(`\n${'-'.repeat(72)}\n\n`);
  const messageId = `<platen-alarm.${id}@${server.sender.split('@').at(-1)}>`;
  return await composeMessage({
    from: { address: server.sender, name: 'Platen' },
    to: server.recipients.map((address) => ({ address })),
    subject: texts.map(({ subject }) => subject).join(' · '),
    messageId,
    date: context.clock.now(),
    text,
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      [STAMP_FIELD]: makeStamp(newId(), context.secrets.sign),
    },
  });
}

/** The languages of those who read it; of whoever is not known, those of the administrators. */
async function languagesOf(context: Context, addresses: readonly string[]): Promise<Language[]> {
  const readers = await Promise.all(addresses.map((address) => findUserByAddress(context, address)));
  const known = readers.flatMap((reader) => (reader === undefined ? [] : [reader.language]));
  const isComplete = known.length === addresses.length && known.length > 0;
  const administrators = isComplete ? [] : await listUsersWithRole(context, 'administrator');
  const languages = new Set([...known, ...administrators.map(({ language }) => language)]);
  return languages.size === 0 ? ['en'] : [...languages].sort();
}
