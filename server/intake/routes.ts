/** Routes of mailboxes and of the messages that came in. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { adviceOnReason, reasonFor } from '../../locales/locales.ts';
import { type AboutConnection, aboutConnections, answerKept, problemAnswer } from '../connections/connections.ts';
import { listJobs } from '../jobs/jobs.ts';
import type { Context } from '../store/database.ts';
import { decodeIdCursor, encodeCursor, limitOf, pageOf, pageQuery } from '../store/pages.ts';
import type { Language } from '../store/schema.ts';
import { addressRoutes } from './addresses/routes.ts';
import { listDocuments, type MessageDocument } from './documents/list.ts';
import {
  addMailbox,
  getMailbox,
  getMessage,
  type IncomingMessage,
  listMailboxes,
  listMessages,
  type Mailbox,
  removeMailbox,
  updateMailbox,
} from './intake.ts';
import { intakeLimits } from './limits.ts';
import { linkRoutes } from './links/routes.ts';
import { lookRoutes } from './looks/routes.ts';
import { line, password, place, server } from './looks/shapes.ts';
import { countToday, type Today } from './looks/today.ts';
import { policyAnswer, policyBody, showPolicy } from './senders/shapes.ts';
import { ownOnly, storyRoutes } from './story/routes.ts';

const reading = { role: 'operator' } as const;
const writing = { role: 'administrator' } as const;
const tags = ['intake'];

const fields = {
  title: line(200),
  ...place,
  pollSeconds: z.number().int().min(30).max(3600),
  queueId: z.uuid(),
  enabled: z.boolean(),
};

const mailboxBody = z
  .object({
    title: fields.title,
    protocol: fields.protocol,
    connectionId: fields.connectionId.optional(),
    server: server.extend({ password }).optional(),
    address: fields.address,
    folder: fields.folder.optional(),
    pollSeconds: fields.pollSeconds.optional(),
    afterIntake: fields.afterIntake.optional(),
    queueId: fields.queueId,
    enabled: fields.enabled.optional(),
    ...policyBody,
  })
  .refine((body) => (body.connectionId === undefined) !== (body.server === undefined), {
    message: 'needs either connectionId or server',
  });

const changeBody = z
  .object({
    title: fields.title.optional(),
    protocol: fields.protocol.optional(),
    connectionId: fields.connectionId.optional(),
    server: server.extend({ password: password.optional() }).optional(),
    address: fields.address.optional(),
    folder: fields.folder.optional(),
    pollSeconds: fields.pollSeconds.optional(),
    afterIntake: fields.afterIntake.optional(),
    queueId: fields.queueId.optional(),
    enabled: fields.enabled.optional(),
    ...policyBody,
  })
  .refine((body) => body.connectionId === undefined || body.server === undefined, {
    message: 'takes connectionId or server, not both',
  });

const mailboxAnswer = z.object({
  id: z.string(),
  title: z.string(),
  protocol: z.enum(['imap', 'pop3']),
  connectionId: z.string().nullable(),
  server: server.nullable(),
  address: z.string(),
  folder: z.string(),
  pollSeconds: z.number(),
  afterIntake: fields.afterIntake,
  queueId: z.string(),
  enabled: z.boolean(),
  ...policyAnswer,
  state: z.enum(['waiting', 'connected', 'failing']),
  stateSince: z.string(),
  /** When it was seen to the end last. */
  lookedAt: z.string().nullable(),
  /** Since midnight where the server stands. */
  today: z.object({ messages: z.number(), jobs: z.number() }),
  problem: problemAnswer.nullable(),
  createdAt: z.string(),
});

const outcomes = z.enum(['done', 'refused', 'failed', 'ignored', 'held']);

const messageFields = {
  id: z.string(),
  mailboxId: z.string(),
  sender: z.string(),
  senderUserId: z.string().nullable(),
  subject: z.string(),
  messageId: z.string().nullable(),
  /** Where it lay when it was taken. */
  folder: z.string(),
  uidValidity: z.number(),
  uid: z.number(),
  sentAt: z.string().nullable(),
  receivedAt: z.string(),
  movedAt: z.string().nullable(),
  bytes: z.number(),
  outcome: outcomes,
  reason: z.string().nullable(),
  reasonText: z.string().nullable(),
  /** For whoever looks after it. */
  advice: z.string().nullable(),
  /** The exact words of the mail server, where it said anything. */
  remote: z.string().nullable(),
  jobCount: z.number(),
  proof: z.object({ verdict: z.string(), reason: z.string(), hint: z.string().optional() }).nullable(),
};

const messageAnswer = z.object(messageFields);
const documentAnswer = z.object({
  position: z.number(),
  name: z.string(),
  format: z.string(),
  bytes: z.number(),
  outcome: z.enum(['job', 'waiting', 'refused', 'left-out']),
  reason: z.string().nullable(),
  reasonText: z.string().nullable(),
  advice: z.string().nullable(),
  jobId: z.string().nullable(),
});
const oneMessageAnswer = messageAnswer.extend({
  wishes: z
    .object({
      options: z.record(z.string(), z.unknown()),
      ignored: z.array(z.object({ word: z.string(), reason: z.string() })),
    })
    .nullable(),
  documents: z.array(documentAnswer),
  jobs: z.array(z.object({ id: z.string(), title: z.string(), state: z.string() })),
});

const idParams = z.object({ id: z.uuid() });

export async function intakeRoutes(app: FastifyInstance, context: Context): Promise<void> {
  mailboxRoutes(app, context);
  changeRoutes(app, context);
  lookRoutes(app, context);
  messageRoutes(app, context);
  storyRoutes(app, context);
  linkRoutes(app, context);
  addressRoutes(app, context);
}

function mailboxRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/mailboxes',
    {
      config: reading,
      schema: { tags, response: { 200: z.object({ items: z.array(mailboxAnswer), nextCursor: z.null() }) } },
    },
    async (request) => {
      const mailboxes = await listMailboxes(context);
      const reader = await readerOf(context, request.language);
      return { items: mailboxes.map((mailbox) => showMailbox(mailbox, reader)), nextCursor: null };
    },
  );

  routes.post(
    '/mailboxes',
    { config: writing, schema: { tags, body: mailboxBody, response: { 201: mailboxAnswer } } },
    async (request, reply) => {
      const { enabled, ...asked } = request.body;
      const mailbox = await addMailbox(context, { ...asked, isEnabled: enabled }, request.actor);
      return reply.code(201).send(showMailbox(mailbox, await readerOf(context, request.language)));
    },
  );

  routes.get(
    '/mailboxes/:id',
    { config: reading, schema: { tags, params: idParams, response: { 200: mailboxAnswer } } },
    async (request) =>
      showMailbox(await getMailbox(context, request.params.id), await readerOf(context, request.language)),
  );
}

function changeRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.patch(
    '/mailboxes/:id',
    { config: writing, schema: { tags, params: idParams, body: changeBody, response: { 200: mailboxAnswer } } },
    async (request) => {
      const { enabled, ...asked } = request.body;
      const change = { ...asked, isEnabled: enabled };
      const mailbox = await updateMailbox(context, request.params.id, { change, actor: request.actor });
      return showMailbox(mailbox, await readerOf(context, request.language));
    },
  );

  routes.delete(
    '/mailboxes/:id',
    { config: writing, schema: { tags, params: idParams, response: { 204: z.null() } } },
    async (request, reply) => {
      await removeMailbox(context, request.params.id, request.actor);
      return reply.code(204).send(null);
    },
  );
}

function messageRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const query = z.object({
    mailbox: z.uuid().optional(),
    outcome: outcomes.optional(),
    q: z.string().max(200).optional(),
    since: z.iso.datetime().optional(),
    ...pageQuery,
  });

  routes.get(
    '/messages',
    {
      config: { role: 'user' },
      schema: {
        tags,
        querystring: query,
        response: { 200: z.object({ items: z.array(messageAnswer), nextCursor: z.string().nullable() }) },
      },
    },
    async (request) => {
      const limit = limitOf(request.query.limit);
      const messages = await listMessages(context, {
        mailboxId: request.query.mailbox,
        outcome: request.query.outcome,
        text: request.query.q,
        since: request.query.since === undefined ? undefined : new Date(request.query.since),
        senderUserId: ownOnly(request),
        before: decodeIdCursor(request.query.cursor),
        limit: limit + 1,
      });
      const page = pageOf(messages, limit, (message) => encodeCursor([message.id]));
      return {
        items: page.items.map((message) => showMessage(message, request.language)),
        nextCursor: page.nextCursor,
      };
    },
  );

  routes.get(
    '/messages/:id',
    { config: { role: 'user' }, schema: { tags, params: idParams, response: { 200: oneMessageAnswer } } },
    async (request) => {
      const ownerId = ownOnly(request);
      const message = await getMessage(context, request.params.id, ownerId);
      const jobs = await listJobs(context, { messageId: message.id, ownerId, limit: intakeLimits.maxDocuments });
      const shown = jobs.map(({ id, title, state }) => ({ id, title, state }));
      const documents = await listDocuments(context, message.id, ownerId);
      return {
        ...showMessage(message, request.language),
        wishes: showWishes(message),
        documents: documents.map((document) => showDocument(document, request.language)),
        jobs: shown,
      };
    },
  );
}

/** Who reads, what each connection is that a mailbox may be read through, and what came in today. */
type Reader = {
  readonly language: Language;
  readonly connections: ReadonlyMap<string, AboutConnection>;
  readonly today: ReadonlyMap<string, Today>;
};

async function readerOf(context: Context, language: Language): Promise<Reader> {
  return { language, connections: await aboutConnections(context), today: await countToday(context) };
}

function showMailbox(mailbox: Mailbox, { language, connections, today }: Reader): z.infer<typeof mailboxAnswer> {
  const { isEnabled, policy, connectionId, server, stateSince, lookedAt, problem, createdAt, ...plain } = mailbox;
  return {
    ...plain,
    enabled: isEnabled,
    ...showPolicy(policy),
    connectionId: connectionId ?? null,
    server: server ?? null,
    stateSince: stateSince.toISOString(),
    lookedAt: lookedAt?.toISOString() ?? null,
    today: today.get(mailbox.id) ?? { messages: 0, jobs: 0 },
    problem: problem === undefined ? null : answerKept(problem, language, connections.get(connectionId ?? '')),
    createdAt: createdAt.toISOString(),
  };
}

function showWishes({ wishes }: IncomingMessage): z.infer<typeof oneMessageAnswer>['wishes'] {
  if (wishes === undefined) return null;
  return { options: { ...wishes.options }, ignored: wishes.ignored.map(({ word, reason }) => ({ word, reason })) };
}

function showMessage({ wishes: _, ...message }: IncomingMessage, language: Language): z.infer<typeof messageAnswer> {
  return {
    ...message,
    senderUserId: message.senderUserId ?? null,
    messageId: message.messageId ?? null,
    sentAt: message.sentAt?.toISOString() ?? null,
    receivedAt: message.receivedAt.toISOString(),
    movedAt: message.movedAt?.toISOString() ?? null,
    proof: message.proof ?? null,
    reason: message.reason ?? null,
    reasonText: message.reason === undefined ? null : reasonFor(language, message.reason).text,
    advice: message.reason === undefined ? null : (adviceOnReason(language, message.reason) ?? null),
    // What the server gave in place of the message calls itself by what went wrong.
    remote: message.reason === 'substitute-message' ? message.subject : null,
  };
}

function showDocument({ values, ...document }: MessageDocument, language: Language): z.infer<typeof documentAnswer> {
  const { reason } = document;
  const words = reason === undefined ? undefined : reasonFor(language, reason, values);
  return {
    ...document,
    reason: reason ?? null,
    reasonText: words?.text ?? null,
    advice: words?.advice ?? null,
    jobId: document.jobId ?? null,
  };
}
