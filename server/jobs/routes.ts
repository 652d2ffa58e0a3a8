import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { PlatenError } from '../base/errors.ts';
import { readJournal } from '../journal/journal.ts';
import { openSpoolFile } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import { decodeIdCursor, encodeCursor, limitOf, pageOf, pageQuery } from '../store/pages.ts';
import { cancelJob, changeJobOptions, getJob, holdJob, type Job, listJobs, releaseJob } from './jobs.ts';
import { queueRoutes } from './keeping/routes.ts';
import { idParams, optionsChange, optionsChangeOf } from './keeping/shapes.ts';
import { openPreview } from './preparation/previews.ts';
import { releaseRoutes } from './release/routes.ts';

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
  number: z.number(),
  ownerId: z.string(),
  ownerName: z.string(),
  queueId: z.string(),
  printerId: z.string().nullable(),
  title: z.string(),
  state: z.enum(JOB_STATES),
  reasons: z.array(z.string()),
  problem: problemShape,
  options: z.record(z.string(), z.unknown()),
  ignoredOptions: z.array(z.string()),
  heldUntil: z.string().nullable(),
  hasDocument: z.boolean(),
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

const eventShape = z.object({
  at: z.string(),
  type: z.string(),
  subjectKind: z.string(),
  subjectId: z.string(),
  actor: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});

const PDF = 'application/pdf';

function showJob(job: Job): z.infer<typeof jobShape> {
  return {
    ...job,
    reasons: [...job.reasons],
    ignoredOptions: [...job.ignoredOptions],
    heldUntil: job.heldUntil?.toISOString() ?? null,
    hasDocument: job.documentId !== null,
    options: { ...job.options },
    problem: job.problem as z.infer<typeof problemShape>,
    cancelAskedAt: job.cancelAskedAt?.toISOString() ?? null,
    createdAt: job.createdAt.toISOString(),
    processingAt: job.processingAt?.toISOString() ?? null,
    endedAt: job.endedAt?.toISOString() ?? null,
  };
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
  queueRoutes(app, context);
  releaseRoutes(app, context);
}

const listQuery = z.object({
  state: z.enum(JOB_STATES).optional(),
  owner: z.uuid().optional(),
  message: z.uuid().optional(),
  printer: z.uuid().optional(),
  queue: z.uuid().optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  q: z.string().max(200).optional(),
  ...pageQuery,
});

function addJobRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
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
        printerId: query.printer,
        queueId: query.queue,
        since: query.since === undefined ? undefined : new Date(query.since),
        until: query.until === undefined ? undefined : new Date(query.until),
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
      if (job.documentId === null) throw new PlatenError('document-removed', 'the document of this job was removed');
      const document = await openSpoolFile(context, job.documentId);
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
      body: z.object({ printerId: z.uuid().optional(), options: optionsChange.optional() }).nullish(),
      response: { 200: jobShape },
    },
    handler: async (request) => {
      const { printerId, options } = request.body ?? {};
      const ask = { ...askOf(request), printerId, options: options && optionsChangeOf(options) };
      return showJob(await releaseJob(context, request.params.id, ask));
    },
  });
  routes.patch('/jobs/:id', {
    config: { role: 'user' },
    schema: { params: idParams, body: z.object({ options: optionsChange.optional() }), response: { 200: jobShape } },
    handler: async (request) => {
      const ask = { ...askOf(request), options: optionsChangeOf(request.body.options ?? {}) };
      return showJob(await changeJobOptions(context, request.params.id, ask));
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
