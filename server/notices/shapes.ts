/** What the routes of notices take and give. */
import { z } from 'zod';
import { adviceFor, titleFor } from '../../locales/locales.ts';
import type { Language, Problem } from '../store/schema.ts';
import { NOTICE_EVENTS, type NoticeEvent, WAYS } from './notice.ts';
import type { AlarmSettings, ShownAlarm } from './notices.ts';

const MAX_ADDRESSES = 20;

const mailAddress = z
  .string()
  .trim()
  .toLowerCase()
  .max(320)
  .regex(/^[^\s@<>()[\]\\,;:"\p{C}]+@[^\s@<>()[\]\\,;:"\p{C}]+$/u, 'must be an e-mail address');

const rule = z.object({
  enabled: z.boolean(),
  owner: z.boolean(),
  operators: z.boolean(),
  administrators: z.boolean(),
  addresses: z.array(mailAddress).max(MAX_ADDRESSES),
});
const ways = z.array(z.enum(WAYS)).max(WAYS.length);

const count = z.number().int().min(1).max(10_000);
const limits = z.object({
  repliesPerPersonAndDay: count,
  jobRepliesPerPersonAndDay: count,
  noticesPerPersonAndDay: count,
  perHour: count,
});

function forEachEvent<T extends z.ZodType>(shape: T) {
  return z.object(Object.fromEntries(NOTICE_EVENTS.map((event) => [event, shape])) as Record<NoticeEvent, T>);
}

export const noticesBody = z.strictObject({
  rules: forEachEvent(rule.extend({ ways: ways.nullish() }).optional())
    .strict()
    .optional(),
  limits: limits.partial().strict().optional(),
});

export const noticesAnswer = z.object({
  rules: forEachEvent(
    rule.extend({
      addresses: z.array(z.string()),
      /** Over which second ways it is told; `null` where the event is told by mail alone. */
      ways: ways.nullable(),
      lastSentAt: z.string().nullable(),
    }),
  ),
  limits,
});

/** Without a language it is that of the reader. */
export const previewQuery = z.object({ event: z.enum(NOTICE_EVENTS), language: z.enum(['en', 'it']).optional() });
export const previewAnswer = z.object({ subject: z.string(), text: z.string(), html: z.string() });

const line = (maxCharacters: number) =>
  z
    .string()
    .min(1)
    .max(maxCharacters)
    .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'must not hold control characters');

const server = z.strictObject({
  host: z
    .string()
    .trim()
    .max(253)
    .regex(/^[\p{L}\p{N}._:-]+$/u, 'must be a host name or an address'),
  port: z.number().int().min(1).max(65_535),
  security: z.enum(['tls', 'starttls', 'none']),
  verifyCertificate: z.boolean().default(true),
  username: line(320).nullable().default(null),
  password: line(1024).nullable().optional(),
  sender: mailAddress,
  recipients: z.array(mailAddress).min(1).max(MAX_ADDRESSES),
});

export const alarmBody = z.strictObject({
  // Scheme and address are looked at by the room, which says what is wrong.
  webhook: z
    .strictObject({ url: z.string().trim().min(1).max(2000), secret: line(256).min(16).optional() })
    .nullable()
    .optional(),
  server: server.nullable().optional(),
});

const problemAnswer = z.object({
  code: z.string(),
  title: z.string(),
  detail: z.string(),
  advice: z.string(),
  remote: z.string().optional(),
  at: z.string(),
});

const callAnswer = z.object({
  way: z.enum(WAYS),
  phase: z.enum(['raised', 'reminder', 'solved']),
  state: z.enum(['due', 'delivered', 'given-up']),
  attempts: z.number(),
  problem: problemAnswer.nullable(),
  dueAt: z.string(),
  endedAt: z.string().nullable(),
});

export const alarmAnswer = z.object({
  webhook: z
    .object({
      url: z.string(),
      /** When something last arrived over it; `null` since it was changed. */
      provedAt: z.string().nullable(),
      /** Only in the answer to the request that made it. */
      secret: z.string().optional(),
    })
    .nullable(),
  server: z
    .object({
      host: z.string(),
      port: z.number(),
      security: z.enum(['tls', 'starttls', 'none']),
      verifyCertificate: z.boolean(),
      username: z.string().nullable(),
      hasPassword: z.boolean(),
      sender: z.string(),
      recipients: z.array(z.string()),
      provedAt: z.string().nullable(),
    })
    .nullable(),
  alarms: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      subjectId: z.string(),
      title: z.string().nullable(),
      problem: problemAnswer.nullable(),
      raisedAt: z.string(),
      solvedAt: z.string().nullable(),
      calls: z.array(callAnswer),
    }),
  ),
});

export const testAnswer = z.object({
  ways: z.array(
    z.object({
      way: z.enum(WAYS),
      outcome: z.enum(['delivered', 'failed']),
      problem: problemAnswer.nullable(),
    }),
  ),
});

/** A kept problem with its title and advice in the reader's language. */
export function answerProblem(problem: Problem | null | undefined, language: Language) {
  if (problem === null || problem === undefined) return null;
  const { code, detail, remote, values, at } = problem;
  const shown = {
    code,
    title: titleFor(language, code, values),
    detail,
    advice: adviceFor(language, code, values),
    at,
  };
  return remote === undefined ? shown : { ...shown, remote };
}

export function answerAlarms(
  settings: AlarmSettings,
  alarms: readonly ShownAlarm[],
  language: Language,
): z.infer<typeof alarmAnswer> {
  const { webhook, server: alarmServer } = settings;
  return {
    webhook: webhook ?? null,
    server: alarmServer === undefined ? null : { ...alarmServer, recipients: [...alarmServer.recipients] },
    alarms: alarms.map((alarm) => ({
      id: alarm.id,
      kind: alarm.kind,
      subjectId: alarm.subjectId,
      title: alarm.facts.title ?? null,
      problem: answerProblem(alarm.facts.problem, language),
      raisedAt: alarm.raisedAt.toISOString(),
      solvedAt: alarm.solvedAt?.toISOString() ?? null,
      calls: alarm.calls.map(({ problem, dueAt, endedAt, ...call }) => ({
        ...call,
        problem: answerProblem(problem, language),
        dueAt: dueAt.toISOString(),
        endedAt: endedAt?.toISOString() ?? null,
      })),
    })),
  };
}
