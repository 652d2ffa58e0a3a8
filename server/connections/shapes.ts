/** What the routes of connections take and give. */
import { z } from 'zod';
import { textFor } from '../../locales/locales.ts';
import { isTenantName } from '../protocols/oauth/discovery.ts';
import { isGuid } from '../protocols/oauth/id-token.ts';
import type { Language } from '../store/schema.ts';
import type { Connection } from './connection.ts';
import { type Because, type CheckReport, TESTS, type TestName } from './doctor/report.ts';
import { DEFAULT_CLOUD } from './exchange-online.ts';
import type { About } from './explain/explain.ts';
import { answerProblem, problemAnswer } from './explain/kept.ts';

export const line = (maxCharacters: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxCharacters)
    .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'must not hold control characters');

export const mailAddress = z
  .string()
  .trim()
  .max(320)
  .regex(/^[^\s@<>()[\]\\,;:"\p{Cc}\p{Cf}]+@[^\s@<>()[\]\\,;:"\p{Cc}\p{Cf}]+$/u, 'must be an e-mail address');

const uses = z
  .array(z.enum(['imap', 'pop3', 'smtp']))
  .min(1)
  .max(3);

const fields = {
  title: line(200),
  clientId: z.string().trim().refine(isGuid, 'must be the application (client) ID, a GUID'),
  tenantId: z.string().trim().refine(isTenantName, 'must be the directory (tenant) ID or a domain of the tenant'),
  cloud: line(60),
};

export const idParams = z.object({ id: z.uuid() });

export const connectionBody = z.object({
  kind: z.literal('exchange-online'),
  ...fields,
  cloud: fields.cloud.default(DEFAULT_CLOUD),
  expectedAccount: mailAddress.optional(),
  uses: uses.default(['imap', 'pop3', 'smtp']),
});

export const connectionChangeBody = z.object({
  title: fields.title.optional(),
  clientId: fields.clientId.optional(),
  tenantId: fields.tenantId.optional(),
  cloud: fields.cloud.optional(),
  expectedAccount: mailAddress.nullable().optional(),
  uses: uses.optional(),
});

export const checkAnswer = z.object({
  id: z.string(),
  state: z.enum(['running', 'finished', 'stopped']),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  tests: z.array(
    z.object({
      test: z.enum(TESTS),
      title: z.string(),
      outcome: z.enum(['passed', 'failed', 'skipped']),
      /** Why it did not run, as a code and in words. */
      because: z.string().optional(),
      becauseText: z.string().optional(),
      problem: problemAnswer.optional(),
      facts: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
      durationMs: z.number().optional(),
    }),
  ),
  /** Tests that are still to come. */
  waiting: z.array(z.object({ test: z.enum(TESTS), title: z.string() })),
});

export const connectionAnswer = z.object({
  id: z.string(),
  kind: z.literal('exchange-online'),
  title: z.string(),
  clientId: z.string(),
  tenantId: z.string(),
  cloud: z.string(),
  expectedAccount: z.string().nullable(),
  uses: z.array(z.string()),
  grantedUses: z.array(z.string()),
  /** When each use worked last: a message was accepted, a mailbox was looked through. */
  lastUses: z.array(z.object({ use: z.enum(['imap', 'pop3', 'smtp']), at: z.string() })),
  state: z.enum(['awaiting-confirmation', 'connected', 'degraded', 'needs-confirmation']),
  stateSince: z.string(),
  problem: problemAnswer.nullable(),
  account: z.object({ username: z.string(), name: z.string(), tenantId: z.string(), objectId: z.string() }).nullable(),
  login: z
    .object({
      kind: z.enum(['device-code', 'link']),
      state: z.enum(['pending', 'granted', 'declined', 'expired', 'wrong-account', 'refused', 'canceled']),
      expiresAt: z.string(),
      problem: problemAnswer.optional(),
      /** The account of the same tenant that confirmed in place of the one that was expected. */
      tried: z.string().nullable(),
      endedAt: z.string().nullable(),
      /** A user or a token that canceled it or asked for a newer code; `null` when it ended by itself. */
      endedBy: z.string().nullable(),
      /** The code was blocked or timed out: offer the sign-in by link first. */
      offersLink: z.boolean(),
    })
    .nullable(),
  checks: checkAnswer.nullable(),
  expiry: z.object({
    signedInAt: z.string().nullable(),
    renewedAt: z.string().nullable(),
    accessExpiresAt: z.string().nullable(),
    /** When Microsoft is asked for the next access. */
    nextRenewalAt: z.string().nullable(),
    /** How sure the forecast is; `unknown`: not enough has been seen. */
    kind: z.enum(['known', 'likely', 'none', 'unknown']),
    /** When the permission is expected to end. */
    at: z.string().nullable(),
    /** When it dies of idleness if it is never used again. */
    latestAt: z.string().nullable(),
    reason: z.string(),
    reasonText: z.string(),
    /** What may end it on any day. */
    risks: z.array(z.object({ code: z.string(), text: z.string() })),
    method: z.enum(['device-code', 'link']).nullable(),
    /** The permissions of this connection, the latest first. */
    history: z.array(
      z.object({
        signedInAt: z.string(),
        endedAt: z.string().nullable(),
        method: z.enum(['device-code', 'link']),
        aadsts: z.number().nullable(),
      }),
    ),
  }),
  clockSkewSeconds: z.number().nullable(),
  createdAt: z.string(),
});

export const tenantParams = z.object({ idOrDomain: fields.tenantId });
export const tenantQuery = z.object({ cloud: fields.cloud.default(DEFAULT_CLOUD) });
export const tenantAnswer = z.object({
  exists: z.boolean(),
  tenantId: z.string().nullable(),
  cloud: z.string(),
  /** The cloud that the tenant lives in, where it is not the one that was asked for. */
  otherCloud: z.string().nullable(),
});

export const deviceCodeAnswer = z.object({
  userCode: z.string(),
  verificationUri: z.string(),
  expiresAt: z.string(),
  intervalSeconds: z.number(),
});

const host = z
  .string()
  .trim()
  .min(1)
  .max(253)
  .regex(/^[\p{L}\p{N}._:-]+$/u, 'must be a host name or an address');

/** A confirmed connection, or a classic server; its password is taken and never given. */
const outgoingServer = z.union([
  z.strictObject({ connectionId: z.uuid() }),
  z.strictObject({
    host,
    port: z.number().int().min(1).max(65_535),
    security: z.enum(['tls', 'starttls', 'none']),
    verifyCertificate: z.boolean().default(true),
    username: line(320).nullable().default(null),
    password: z
      .string()
      .min(1)
      .max(1000)
      .regex(/^\P{Cc}*$/u, 'must not hold control characters')
      .nullable()
      .optional(),
  }),
]);

const outgoingAnswer = z.union([
  z.object({ connectionId: z.string() }),
  z.object({
    host: z.string(),
    port: z.number(),
    security: z.enum(['tls', 'starttls', 'none']),
    verifyCertificate: z.boolean(),
    username: z.string().nullable(),
    hasPassword: z.boolean(),
  }),
]);

export const networkBody = z.object({
  outgoingServer: outgoingServer.nullable().optional(),
  senderEmail: mailAddress.nullable().optional(),
  senderName: line(200).nullable().optional(),
});

export const networkAnswer = z.object({
  outgoingServer: outgoingAnswer.nullable(),
  senderEmail: z.string().nullable(),
  senderName: z.string().nullable(),
  /** Why nothing can be sent with these settings yet. */
  problem: problemAnswer.nullable(),
});

function aboutOf({ cloud, clientId, account, expectedAccount }: Connection): Omit<About, 'language'> {
  const named = account?.username ?? expectedAccount;
  return { cloud, clientId, ...(named === undefined ? {} : { account: named }) };
}

export function answerCheck(
  report: CheckReport,
  connection: Connection,
  language: Language,
): z.infer<typeof checkAnswer> {
  const titleOf = (test: TestName) => textFor(language, `doctor.tests.${test}`);
  const tests = report.tests.map(({ problem, because, ...test }) => ({
    ...test,
    title: titleOf(test.test),
    ...(because === undefined ? {} : { because, becauseText: explainSkipped(because, language) }),
    ...(problem === undefined ? {} : { problem: answerProblem(problem, language, aboutOf(connection)) }),
  }));
  const done = new Set(tests.map(({ test }) => test));
  const waiting = report.state === 'running' ? TESTS.filter((test) => !done.has(test)) : [];
  const { id, state, startedAt, finishedAt = null } = report;
  return { id, state, startedAt, finishedAt, tests, waiting: waiting.map((test) => ({ test, title: titleOf(test) })) };
}

function explainSkipped(because: Because, language: Language): string {
  const needed = /^needs-(.*)$/.exec(because)?.[1];
  if (needed === undefined) return textFor(language, `doctor.because.${because}`);
  return textFor(language, 'doctor.because.needs', { test: textFor(language, `doctor.tests.${needed}`) });
}

function answerExpiry(expiry: Connection['expiry'], language: Language) {
  return {
    signedInAt: expiry.signedInAt?.toISOString() ?? null,
    renewedAt: expiry.renewedAt?.toISOString() ?? null,
    accessExpiresAt: expiry.accessExpiresAt?.toISOString() ?? null,
    nextRenewalAt: expiry.nextRenewalAt?.toISOString() ?? null,
    kind: expiry.kind,
    at: expiry.at?.toISOString() ?? null,
    latestAt: expiry.latestAt?.toISOString() ?? null,
    reason: expiry.reason,
    reasonText: textFor(language, `expiry.reasons.${expiry.reason}`, expiry.values),
    risks: expiry.risks.map((code) => ({ code, text: textFor(language, `expiry.risks.${code}`) })),
    method: expiry.method ?? null,
    history: expiry.history.map(({ signedInAt, endedAt, method, endAadsts }) => ({
      signedInAt: signedInAt.toISOString(),
      endedAt: endedAt?.toISOString() ?? null,
      method,
      aadsts: endAadsts ?? null,
    })),
  };
}

export function answerConnection(connection: Connection, language: Language): z.infer<typeof connectionAnswer> {
  const { account, login, expiry, problem } = connection;
  const about = aboutOf(connection);
  return {
    id: connection.id,
    kind: connection.kind,
    title: connection.title,
    clientId: connection.clientId,
    tenantId: connection.tenantId,
    cloud: connection.cloud,
    expectedAccount: connection.expectedAccount ?? null,
    uses: [...connection.uses],
    grantedUses: [...connection.grantedUses],
    lastUses: connection.lastUses.map(({ use, at }) => ({ use, at: at.toISOString() })),
    state: connection.state,
    stateSince: connection.stateSince.toISOString(),
    problem: problem === undefined ? null : answerProblem(problem, language, about),
    account:
      account === undefined
        ? null
        : {
            username: account.username,
            name: account.name,
            tenantId: account.tenantId,
            objectId: account.objectId,
          },
    login:
      login === undefined
        ? null
        : {
            kind: login.kind,
            state: login.state,
            expiresAt: login.expiresAt.toISOString(),
            tried: login.tried ?? null,
            endedAt: login.ended?.at.toISOString() ?? null,
            endedBy: login.ended?.by ?? null,
            offersLink: login.offersLink,
            ...(login.problem === undefined ? {} : { problem: answerProblem(login.problem, language, about) }),
          },
    checks: connection.checks === undefined ? null : answerCheck(connection.checks, connection, language),
    expiry: answerExpiry(expiry, language),
    clockSkewSeconds: connection.clockSkewSeconds ?? null,
    createdAt: connection.createdAt.toISOString(),
  };
}
