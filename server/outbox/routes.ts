/** Routes of the outbox, and the test message of the network settings. */
import { domainToASCII } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { textFor } from '../../locales/locales.ts';
import { SECOND_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import {
  type AboutConnection,
  aboutOutgoing,
  answerKept,
  getNetworkSettings,
  problemAnswer,
} from '../connections/connections.ts';
import { composeMessage } from '../protocols/smtp/compose.ts';
import type { Context } from '../store/database.ts';
import { decodeIdCursor, encodeCursor, limitOf, pageOf, pageQuery } from '../store/pages.ts';
import type { Language, Problem } from '../store/schema.ts';
import { type Attempt, isEnvelopeAddress, OUTBOX_STATES, type OutboxMessage } from './message.ts';
import {
  countOutbox,
  dropMessage,
  findReasonToWait,
  findStandstill,
  getMessage,
  headroom,
  holdMessage,
  listAttempts,
  listMessages,
  outsidePause,
  releaseMessage,
  submitMessage,
} from './outbox.ts';

const reading = { role: 'operator' } as const;
const writing = { role: 'operator' } as const;
const administering = { role: 'administrator' } as const;
const tags = ['outbox'];
const idParams = z.object({ id: z.uuid() });

const messageAnswer = z.object({
  id: z.string(),
  kind: z.enum(['scan', 'notice', 'test']),
  deviceId: z.string().nullable(),
  sender: z.string(),
  subject: z.string(),
  messageIdHeader: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  state: z.enum(OUTBOX_STATES),
  holdReason: z.enum(['administrator', 'connection', 'mailbox', 'message']).nullable(),
  problem: problemAnswer.nullable(),
  possiblyTwice: z.boolean(),
  attempts: z.number(),
  dueAt: z.string().nullable(),
  createdAt: z.string(),
  sentAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  remoteAnswer: z.string().nullable(),
  recipients: z.array(
    z.object({
      address: z.string(),
      state: z.enum(['queued', 'sent', 'failed', 'uncertain']),
      problem: problemAnswer.nullable(),
    }),
  ),
});

const attemptAnswer = z.object({
  id: z.string(),
  verdict: z.string().nullable(),
  code: z.number().nullable(),
  enhanced: z.string().nullable(),
  words: z.string().nullable(),
  /** The session that it went over: `tls` as `TLS 1.3`. */
  session: z.object({ host: z.string(), tls: z.string().nullable(), isSignedIn: z.boolean() }).nullable(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
});

const summaryAnswer = z.object({
  states: z.record(z.enum(OUTBOX_STATES), z.number()),
  oldestWaitingSeconds: z.number(),
  /** Why nothing can leave, told here once for all that is held by it. */
  problem: problemAnswer.nullable(),
  headroom: z
    .object({
      mailbox: z.string(),
      /** Submissions at once, now and at most. */
      sessionsOpen: z.number(),
      sessions: z.number(),
      triesLastMinute: z.number(),
      messagesNow: z.number().nullable(),
      messagesPerMinute: z.number().nullable(),
      recipientsLeftToday: z.number().nullable(),
      recipientsPerDay: z.number().nullable(),
      pausedForSeconds: z.number().nullable(),
      /** While nothing may leave: when the next message may. */
      nextAt: z.string().nullable(),
      problem: problemAnswer.nullable(),
      /** Mail to recipients outside the company waits for the limit of the tenant; one message tries again then. */
      outside: z.object({ nextAt: z.string(), problem: problemAnswer }).nullable(),
    })
    .nullable(),
});

export async function outboxRoutes(app: FastifyInstance, context: Context): Promise<void> {
  readingRoutes(app, context);
  changingRoutes(app, context);
  testMessageRoute(app, context);
}

function readingRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const listQuery = z.object({
    state: z.enum(OUTBOX_STATES).optional(),
    device: z.uuid().optional(),
    q: z.string().max(200).optional(),
    ...pageQuery,
  });
  const page = z.object({ items: z.array(messageAnswer), nextCursor: z.string().nullable() });

  routes.get(
    '/outbox',
    { config: reading, schema: { tags, querystring: listQuery, response: { 200: page } } },
    async ({ query, language }) => {
      const limit = limitOf(query.limit);
      const before = decodeIdCursor(query.cursor);
      const found = await listMessages(context, {
        state: query.state,
        deviceId: query.device,
        text: query.q,
        before,
        limit: limit + 1,
      });
      const { items, nextCursor } = pageOf(found, limit, (message) => encodeCursor([message.id]));
      const reader = await readerOf(context, language);
      return { items: items.map((message) => answerMessage(message, reader)), nextCursor };
    },
  );

  routes.get(
    '/outbox/summary',
    { config: reading, schema: { tags, response: { 200: summaryAnswer } } },
    async ({ language }) => await answerSummary(context, language),
  );

  routes.get(
    '/outbox/:id',
    {
      config: reading,
      schema: {
        tags,
        params: idParams,
        response: { 200: messageAnswer.extend({ tries: z.array(attemptAnswer) }) },
      },
    },
    async ({ params, language }) => {
      const message = await getMessage(context, params.id);
      const tries = await listAttempts(context, params.id);
      const problem = message.problem ?? (await findReasonToWait(context, message));
      const shown = problem === undefined ? message : { ...message, problem };
      return { ...answerMessage(shown, await readerOf(context, language)), tries: tries.map(answerAttempt) };
    },
  );
}

async function answerSummary(context: Context, language: Language): Promise<z.infer<typeof summaryAnswer>> {
  const { states, oldestWaitingSeconds } = await countOutbox(context);
  const [room, outside, standstill, reader] = await Promise.all([
    headroom(context),
    outsidePause(context),
    findStandstill(context),
    readerOf(context, language),
  ]);
  const counted = { states: { ...states }, oldestWaitingSeconds, problem: answerProblem(standstill ?? null, reader) };
  if (room === undefined) return { ...counted, headroom: null };
  const soon = (ms: number) => new Date(context.clock.now().getTime() + ms).toISOString();
  const shown = {
    mailbox: room.mailbox,
    sessionsOpen: room.sessionsOpen,
    sessions: room.sessions,
    triesLastMinute: room.triesLastMinute,
    messagesNow: room.messagesNow ?? null,
    messagesPerMinute: room.messagesPerMinute ?? null,
    recipientsLeftToday: room.recipientsLeftToday ?? null,
    recipientsPerDay: room.recipientsPerDay ?? null,
    pausedForSeconds: room.pausedForMs === undefined ? null : Math.ceil(room.pausedForMs / SECOND_MS),
    nextAt: room.nextInMs === undefined ? null : soon(room.nextInMs),
    problem: answerProblem(room.problem ?? null, reader),
    outside:
      outside === undefined
        ? null
        : { nextAt: soon(outside.nextInMs), problem: answerKept(outside.problem, reader.language, reader.about) },
  };
  return { ...counted, headroom: shown };
}

function changingRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const schema = { tags, params: idParams, response: { 200: messageAnswer } };

  routes.post('/outbox/:id/retry', { config: writing, schema }, async ({ params, actor, language }) =>
    answerMessage(await releaseMessage(context, params.id, actor), await readerOf(context, language)),
  );

  routes.post('/outbox/:id/hold', { config: writing, schema }, async ({ params, actor, language }) =>
    answerMessage(await holdMessage(context, params.id, actor), await readerOf(context, language)),
  );

  routes.post(
    '/outbox/:id/drop',
    { config: writing, schema: { tags, params: idParams, response: { 204: z.null() } } },
    async ({ params, actor }, reply) => {
      await dropMessage(context, params.id, actor);
      return reply.code(204).send(null);
    },
  );
}

function testMessageRoute(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const body = z.object({ to: z.string().trim().refine(isEnvelopeAddress, 'must be an e-mail address') });

  routes.post(
    '/settings/network/test-message',
    { config: administering, schema: { tags, body, response: { 201: z.object({ id: z.string() }) } } },
    async (request, reply) => {
      const id = await submitTestMessage(context, request.body.to, request.language);
      return reply.code(201).send({ id });
    },
  );
}

async function submitTestMessage(context: Context, to: string, language: Language): Promise<string> {
  const { senderEmail, senderName, outgoing } = await getNetworkSettings(context);
  if (outgoing === undefined) throw new PlatenError('outgoing-server-missing', 'no outgoing server has been chosen');
  if (senderEmail === undefined) throw new PlatenError('sender-email-missing', 'the sender e-mail is not set');
  const domain = domainToASCII(senderEmail.slice(senderEmail.lastIndexOf('@') + 1)) || 'platen.invalid';
  const messageIdHeader = `<${newId()}@${domain}>`;
  const date = context.clock.now();
  const subject = textFor(language, 'outbox.testMessage.subject');
  const bytes = await composeMessage({
    from: { address: senderEmail, ...(senderName === undefined ? {} : { name: senderName }) },
    to: [{ address: to }],
    subject,
    text: textFor(language, 'outbox.testMessage.text', { url: context.settings.publicUrl }),
    messageId: messageIdHeader,
    date,
    // RFC 3834 section 5: nothing that answers by itself is to answer this.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  });
  const content = { kind: 'bytes', bytes } as const;
  return await submitMessage(context, {
    kind: 'test',
    sender: senderEmail,
    recipients: [to],
    content,
    subject,
    messageIdHeader,
  });
}

function answerMessage(message: OutboxMessage, reader: Reader): z.infer<typeof messageAnswer> {
  const { ownerId, ...shown } = message;
  return {
    ...shown,
    sha256: message.sha256.toString('hex'),
    problem: answerProblem(message.problem, reader),
    dueAt: message.dueAt?.toISOString() ?? null,
    createdAt: message.createdAt.toISOString(),
    sentAt: message.sentAt?.toISOString() ?? null,
    endedAt: message.endedAt?.toISOString() ?? null,
    recipients: message.recipients.map((one) => ({ ...one, problem: answerProblem(one.problem, reader) })),
  };
}

function answerAttempt(attempt: Attempt): z.infer<typeof attemptAnswer> {
  const { phase, ...shown } = attempt;
  const session = attempt.session === null ? null : { ...attempt.session, tls: attempt.session.tls ?? null };
  return {
    ...shown,
    session,
    startedAt: attempt.startedAt.toISOString(),
    endedAt: attempt.endedAt?.toISOString() ?? null,
  };
}

/** Who reads, and the connection that messages leave through now. */
type Reader = { readonly language: Language; readonly about: AboutConnection | undefined };

async function readerOf(context: Context, language: Language): Promise<Reader> {
  return { language, about: await aboutOutgoing(context) };
}

function answerProblem(problem: Problem | null, { language, about }: Reader) {
  return problem === null ? null : answerKept(problem, language, about);
}
