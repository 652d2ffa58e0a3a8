import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { readJournal } from '../journal/journal.ts';
import { openSpoolFile } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import { decodeIdCursor, encodeCursor, limitOf, pageOf, pageQuery } from '../store/pages.ts';
import { cancelJob, getJob, holdJob, type Job, listJobs, releaseJob } from './jobs.ts';
import { openPreview } from './preparation/previews.ts';
import { addQueue, getQueue, listQueues, type Queue, removeQueue, updateQueue } from './queues.ts';

const JOB_STATES = [
  'pending',
  'pending-held',
  'processing',
  'processing-stopped',
  'canceled',
  'aborted',
  'completed',
] as const;

const problemShape = z
  .object({
    code: z.string(),
    detail: z.string(),
    remote: z.string().optional(),
    facts: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    values: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    at: z.string(),
  })
  .nullable();

const jobShape = z.object({
  id: z.string(),
  ownerId: z.string(),
  ownerName: z.string(),
  queueId: z.string(),
  printerId: z.string().nullable(),
  title: z.string(),
  state: z.enum(JOB_STATES),
  reasons: z.array(z.string()),
  problem: problemShape,
  options: z.record(z.string(), z.unknown()),
  documentFormat: z.string(),
  documentBytes: z.number(),
  preparation: z.enum(['none', 'due', 'printable', 'done', 'failed']),
  originalFormat: z.string(),
  pages: z.number().nullable(),
  isColor: z.boolean().nullable(),
  media: z.string().nullable(),
  messageId: z.string().nullable(),
  cancelAskedAt: z.string().nullable(),
  createdAt: z.string(),
  processingAt: z.string().nullable(),
  endedAt: z.string().nullable(),
});

const queueShape = z.object({
  id: z.string(),
  name: z.string(),
  mode: z.enum(['hold', 'direct']),
  printerIds: z.array(z.string()),
  isDefault: z.boolean(),
  createdAt: z.string(),
});

const eventShape = z.object({
  at: z.string(),
  type: z.string(),
  subjectKind: z.string(),
  subjectId: z.string(),
  actor: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});

const idParams = z.object({ id: z.uuid() });
const PDF = 'application/pdf';
// Names are shown on screens and printers: no control characters.
const name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u);

function showJob(job: Job): z.infer<typeof jobShape> {
  return {
    ...job,
    reasons: [...job.reasons],
    options: { ...job.options },
    problem: job.problem as z.infer<typeof problemShape>,
    cancelAskedAt: job.cancelAskedAt?.toISOString() ?? null,
    createdAt: job.createdAt.toISOString(),
    processingAt: job.processingAt?.toISOString() ?? null,
    endedAt: job.endedAt?.toISOString() ?? null,
  };
}

function showQueue(queue: Queue): z.infer<typeof queueShape> {
  return { ...queue, printerIds: [...queue.printerIds], createdAt: queue.createdAt.toISOString() };
}

type Asker = { readonly principal: { readonly userId: string | null; readonly role: string }; readonly actor: string };

/** Users see and touch only their own jobs; for them a job of somebody else does not exist. */
function askOf(request: Asker): { actor: string; ownerId?: string } {
  if (request.principal.role !== 'user') return { actor: request.actor };
  return { actor: request.actor, ownerId: request.principal.userId ?? '00000000-0000-0000-0000-000000000000' };
}

export async function jobsRoutes(app: FastifyInstance, context: Context): Promise<void> {
  addJobRoutes(app, context);
  addDocumentRoutes(app, context);
  addJobActions(app, context);
  addQueueRoutes(app, context);
}

function addJobRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const listQuery = z.object({
    state: z.enum(JOB_STATES).optional(),
    owner: z.uuid().optional(),
    message: z.uuid().optional(),
    q: z.string().max(200).optional(),
    ...pageQuery,
  });
  routes.get('/jobs', {
    config: { role: 'user' },
    schema: {
      querystring: listQuery,
      response: { 200: z.object({ items: z.array(jobShape), nextCursor: z.string().nullable() }) },
    },
    handler: async (request) => {
      const { query } = request;
      const limit = limitOf(query.limit);
      const jobs = await listJobs(context, {
        state: query.state,
        ownerId: askOf(request).ownerId ?? query.owner,
        messageId: query.message,
        text: query.q,
        before: decodeIdCursor(query.cursor),
        limit: limit + 1,
      });
      const page = pageOf(jobs, limit, (job) => encodeCursor([job.id]));
      return { items: page.items.map(showJob), nextCursor: page.nextCursor };
    },
  });
  routes.get('/jobs/:id', {
    config: { role: 'user' },
    schema: { params: idParams, response: { 200: jobShape } },
    handler: async (request) => showJob(await getJob(context, request.params.id, askOf(request).ownerId)),
  });
  routes.get('/jobs/:id/timeline', {
    config: { role: 'user' },
    schema: { params: idParams, response: { 200: z.object({ items: z.array(eventShape) }) } },
    handler: async (request) => {
      const job = await getJob(context, request.params.id, askOf(request).ownerId);
      return { items: await readTimeline(context, job) };
    },
  });
}

/** What is printed, and pictures of it. */
function addDocumentRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.get('/jobs/:id/document', {
    config: { role: 'user' },
    schema: { params: idParams },
    handler: async (request, reply) => {
      const job = await getJob(context, request.params.id, askOf(request).ownerId);
      const document = await openSpoolFile(context, job.documentId ?? '');
      // Bytes of a stranger: never shown in our own page, only saved.
      return reply
        .header('content-type', 'application/octet-stream')
        .header('content-disposition', `attachment; filename="${job.id}.${job.documentFormat === PDF ? 'pdf' : 'bin'}"`)
        .header('content-security-policy', 'sandbox')
        .send(document);
    },
  });
  routes.get('/jobs/:id/preview/:page', {
    config: { role: 'user' },
    schema: { params: idParams.extend({ page: z.string().max(100) }) },
    handler: async (request, reply) => {
      const job = await getJob(context, request.params.id, askOf(request).ownerId);
      const picture = await openPreview(context, job, Number(request.params.page));
      return reply
        .header('content-type', 'image/png')
        .header('cache-control', 'private, max-age=3600')
        .header('content-security-policy', 'sandbox')
        .send(picture);
    },
  });
}

const TIMELINE_EVENTS = 500;

/** The whole story of one document: what happened to its message, then to the job. */
async function readTimeline(context: Context, job: Job): Promise<z.infer<typeof eventShape>[]> {
  const ofJob = await readJournal(context, { subjectId: job.id, limit: TIMELINE_EVENTS });
  const ofMessage =
    job.messageId === null ? [] : await readJournal(context, { subjectId: job.messageId, limit: TIMELINE_EVENTS });
  return [...ofMessage, ...ofJob]
    .sort((left, right) => left.at.getTime() - right.at.getTime())
    .map((event) => ({
      at: event.at.toISOString(),
      type: event.type,
      subjectKind: event.subjectKind,
      subjectId: event.subjectId,
      actor: event.actor,
      data: { ...event.data },
    }));
}

function addJobActions(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.post('/jobs/:id/release', {
    config: { role: 'user' },
    schema: {
      params: idParams,
      body: z.object({ printerId: z.uuid().optional() }).nullish(),
      response: { 200: jobShape },
    },
    handler: async (request) => {
      const printerId = request.body?.printerId;
      const ask = { ...askOf(request), ...(printerId === undefined ? {} : { printerId }) };
      return showJob(await releaseJob(context, request.params.id, ask));
    },
  });
  routes.post('/jobs/:id/hold', {
    config: { role: 'user' },
    schema: { params: idParams, response: { 200: jobShape } },
    handler: async (request) => showJob(await holdJob(context, request.params.id, askOf(request))),
  });
  routes.post('/jobs/:id/cancel', {
    config: { role: 'user' },
    schema: { params: idParams, response: { 200: jobShape } },
    handler: async (request) => showJob(await cancelJob(context, request.params.id, askOf(request))),
  });
}

function addQueueRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const newQueue = z.object({
    name,
    mode: z.enum(['hold', 'direct']),
    printerIds: z.array(z.uuid()).max(50).optional(),
  });
  routes.get('/queues', {
    config: { role: 'user' },
    schema: { response: { 200: z.object({ items: z.array(queueShape), nextCursor: z.null() }) } },
    handler: async () => ({ items: (await listQueues(context)).map(showQueue), nextCursor: null }),
  });
  routes.post('/queues', {
    config: { role: 'administrator' },
    schema: { body: newQueue, response: { 201: queueShape } },
    handler: async (request, reply) => {
      const queue = await addQueue(context, request.body, request.actor);
      return reply.code(201).send(showQueue(queue));
    },
  });
  routes.get('/queues/:id', {
    config: { role: 'user' },
    schema: { params: idParams, response: { 200: queueShape } },
    handler: async (request) => showQueue(await getQueue(context, request.params.id)),
  });
  routes.patch('/queues/:id', {
    config: { role: 'administrator' },
    schema: { params: idParams, body: newQueue.partial(), response: { 200: queueShape } },
    handler: async (request) => {
      const change = Object.fromEntries(Object.entries(request.body).filter(([, value]) => value !== undefined));
      return showQueue(await updateQueue(context, request.params.id, { ...change, actor: request.actor }));
    },
  });
  routes.delete('/queues/:id', {
    config: { role: 'administrator' },
    schema: { params: idParams, response: { 204: z.null() } },
    handler: async (request, reply) => {
      await removeQueue(context, request.params.id, request.actor);
      return reply.code(204).send(null);
    },
  });
}
