import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Language } from '../../locales/locales.ts';
import { type JournalEvent, readJournal } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import { decodeIdCursor, encodeCursor, limitOf, pageOf, pageQuery } from '../store/pages.ts';
import { documentRoutes } from './document/routes.ts';
import { askOf } from './finding/asker.ts';
import { waitingRoutes } from './finding/routes.ts';
import { JOB_STATES, jobShape, showJob } from './finding/shown.ts';
import { namePlaces } from './finding/where.ts';
import { cancelJob, confirmPrinted, getJob, holdJob, type Job, listJobs, releaseJob } from './jobs.ts';
import { queueRoutes } from './keeping/routes.ts';
import { idParams, optionsChange, optionsChangeOf } from './keeping/shapes.ts';
import { leavingRoutes } from './leaving/routes.ts';
import { optionsRoutes } from './options/routes.ts';
import { listTries } from './printing/tries.ts';
import { releaseRoutes } from './release/routes.ts';
import { testPageRoutes } from './test-page/routes.ts';
import { uploadRoutes } from './upload/routes.ts';

const eventShape = z.object({
  at: z.string(),
  type: z.string(),
  subjectKind: z.string(),
  subjectId: z.string(),
  actor: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});

const tryShape = z.object({
  printerName: z.string().nullable(),
  /** The printer's own number and name for it. */
  printerJobId: z.number().nullable(),
  printerJobName: z.string(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  outcome: z.string().nullable(),
  /** What the printer said, in its own words. */
  words: z.string().nullable(),
});

/** Where jobs are read, names stand beside ids; no printer before one is chosen. */
const placedJob = jobShape.extend({ queueName: z.string(), printerName: z.string().nullable() });

export async function jobsRoutes(app: FastifyInstance, context: Context): Promise<void> {
  addJobRoutes(app, context);
  addTryRoutes(app, context);
  addJobActions(app, context);
  optionsRoutes(app, context);
  documentRoutes(app, context);
  queueRoutes(app, context);
  releaseRoutes(app, context);
  uploadRoutes(app, context);
  leavingRoutes(app, context);
  waitingRoutes(app, context);
  testPageRoutes(app, context);
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
      response: { 200: z.object({ items: z.array(placedJob), nextCursor: z.string().nullable() }) },
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
      return { items: await showPlaced(context, page.items, request.language), nextCursor: page.nextCursor };
    },
  });
  routes.get('/jobs/:id', {
    config: { role: 'user' },
    schema: { params: idParams, response: { 200: placedJob } },
    handler: async (request) => {
      const job = await getJob(context, request.params.id, askOf(request).ownerId);
      const [shown] = await showPlaced(context, [job], request.language);
      return shown as z.infer<typeof placedJob>;
    },
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

/** What was tried at printers: part of the technical details, which are read when somebody looks for a cause. */
function addTryRoutes(app: FastifyInstance, context: Context): void {
  app.withTypeProvider<ZodTypeProvider>().get('/jobs/:id/attempts', {
    config: { role: 'user' },
    schema: { params: idParams, response: { 200: z.object({ items: z.array(tryShape) }) } },
    handler: async (request) => {
      const job = await getJob(context, request.params.id, askOf(request).ownerId);
      const tries = await listTries(context, job.id);
      const items = tries.map(({ startedAt, endedAt, ...one }) => ({
        ...one,
        startedAt: startedAt.toISOString(),
        endedAt: endedAt?.toISOString() ?? null,
      }));
      return { items };
    },
  });
}

async function showPlaced(
  context: Context,
  jobs: readonly Job[],
  language: Language,
): Promise<z.infer<typeof placedJob>[]> {
  const places = await namePlaces(context, jobs);
  return jobs.map((job) => {
    const { queueName = '', printerName = null } = places.get(job.id) ?? {};
    return { ...showJob(job, language), queueName, printerName };
  });
}

const TIMELINE_EVENTS = 500;

/** What became of the replies to a message: they leave by the outbox, where they can also wait or fail. */
async function readReplies(context: Context, ofMessage: readonly JournalEvent[]): Promise<readonly JournalEvent[]> {
  const replies = ofMessage.flatMap(({ type, data }) =>
    type === 'message-answered' && typeof data.outboxMessageId === 'string' ? [data.outboxMessageId] : [],
  );
  const stories = await Promise.all(
    replies.map((subjectId) => readJournal(context, { subjectId, limit: TIMELINE_EVENTS })),
  );
  return stories.flat().filter(({ type }) => type !== 'outbox-message-queued');
}

/** The whole story of one document: what happened to its message, then to the job, and to the reply. */
async function readTimeline(context: Context, job: Job): Promise<z.infer<typeof eventShape>[]> {
  const ofJob = await readJournal(context, { subjectId: job.id, limit: TIMELINE_EVENTS });
  const ofMessage =
    job.messageId === null ? [] : await readJournal(context, { subjectId: job.messageId, limit: TIMELINE_EVENTS });
  const ofReply = await readReplies(context, ofMessage);
  return [...ofMessage, ...ofJob, ...ofReply]
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
      return showJob(await releaseJob(context, request.params.id, ask), request.language);
    },
  });
  routes.post('/jobs/:id/hold', {
    config: { role: 'user' },
    schema: { params: idParams, response: { 200: jobShape } },
    handler: async (request) => showJob(await holdJob(context, request.params.id, askOf(request)), request.language),
  });
  routes.post('/jobs/:id/cancel', {
    config: { role: 'user' },
    schema: { params: idParams, response: { 200: jobShape } },
    handler: async (request) => showJob(await cancelJob(context, request.params.id, askOf(request)), request.language),
  });
  routes.post('/jobs/:id/printed', {
    config: { role: 'user' },
    schema: { params: idParams, response: { 200: jobShape } },
    handler: async (request) =>
      showJob(await confirmPrinted(context, request.params.id, askOf(request)), request.language),
  });
}
