/**
 * The routes of the page behind the QR code of a printer. Anybody may open it: it tells the name of the printer, how it is
 * and what it can do, and no more; jobs are shown to their owner who is signed in, and released to whoever signs in or
 * types the PIN of the reply.
 */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { adviceFor, type Language, titleFor } from '../../../locales/locales.ts';
import { PlatenError } from '../../base/errors.ts';
import { getPrinter, type Printer } from '../../printers/printers.ts';
import type { Context } from '../../store/database.ts';
import { JOB_STATES } from '../finding/shown.ts';
import type { Job, JobOptions } from '../job.ts';
import { getJob } from '../jobs.ts';
import { idParams, optionsChange, optionsChangeOf } from '../keeping/shapes.ts';
import { ignoredOptionsOf } from '../preparation/cut.ts';
import {
  type AtPrinter,
  listGiven,
  listReleasable,
  MAX_AT_ONCE,
  type NotReleased,
  otherPaperOf,
  pagesToPrint,
  releaseAtPrinter,
} from './at-printer.ts';
import { isReady, listPlaces } from './places.ts';

const jobAtPrinter = z.object({
  id: z.string(),
  number: z.number(),
  title: z.string(),
  state: z.enum(JOB_STATES),
  pages: z.number().nullable(),
  isColor: z.boolean().nullable(),
  /** What this printer puts it on when that is not the paper it was made for. */
  otherPaper: z.string().nullable(),
  /** With all copies; how many have come out, as far as the printer has told. */
  pagesToPrint: z.number().nullable(),
  pagesPrinted: z.number().nullable(),
  options: z.record(z.string(), z.unknown()),
  createdAt: z.string(),
  heldUntil: z.string().nullable(),
});

const place = z.object({
  id: z.string(),
  name: z.string(),
  state: z.string(),
  reasons: z.array(z.string()),
  isReady: z.boolean(),
  /** What may be asked of it. */
  can: z.object({ copies: z.boolean(), monochrome: z.boolean(), twoSides: z.boolean() }),
});

const releasePage = z.object({
  printer: place,
  isSignedIn: z.boolean(),
  jobs: z.array(jobAtPrinter),
  /** The own jobs that it has been given and has not ended, or ended in the last ten minutes. */
  given: z.array(jobAtPrinter),
  /** While it is not ready: printers that are, and that can print one of the jobs. */
  elsewhere: z.array(place),
});

const releaseBody = z
  .strictObject({
    /** All that this printer can print when it is left out. */
    jobIds: z.array(z.uuid()).min(1).max(MAX_AT_ONCE).optional(),
    /** As it stands in the reply; spaces do not matter. */
    pin: z
      .string()
      .regex(/^[\d\s-]{8,20}$/)
      .optional(),
    options: optionsChange.pick({ copies: true, sides: true, color: true }).optional(),
  })
  .nullish();

const releaseAnswer = z.object({
  released: z.array(jobAtPrinter),
  refused: z.array(
    z.object({ id: z.string(), code: z.string(), title: z.string(), detail: z.string(), advice: z.string() }),
  ),
});

export function releaseRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.get('/printers/:id/release', {
    config: { role: 'public' },
    schema: { tags: ['printers'], params: idParams, response: { 200: releasePage } },
    handler: async (request) => await showPage(context, request.params.id, request.signedIn?.userId ?? undefined),
  });
  routes.post('/printers/:id/release', {
    config: { role: 'public' },
    schema: { tags: ['printers'], params: idParams, body: releaseBody, response: { 200: releaseAnswer } },
    handler: async (request) => {
      const { id } = request.params;
      const { pin, jobIds, options } = request.body ?? {};
      const userId = request.signedIn?.userId ?? undefined;
      const who: AtPrinter = pin === undefined ? { ownerId: needUser(userId) } : { pin, remoteAddress: request.ip };
      const ask = { who, jobIds, options: options && optionsChangeOf(options) };
      const { released, refused } = await releaseAtPrinter(context, id, ask);
      const printer = await getPrinter(context, id);
      return {
        released: released.map((job) => showAt(printer, job)),
        refused: refused.map((one) => showRefused(one, request.language)),
      };
    },
  });
  routes.get('/jobs/:id/printers', {
    config: { role: 'user' },
    schema: { params: idParams, response: { 200: z.object({ items: z.array(place) }) } },
    handler: async (request) => {
      const { role, userId } = request.principal;
      const job = await getJob(context, request.params.id, role === 'user' ? needUser(userId ?? undefined) : undefined);
      return { items: (await listPlaces(context, job)).map(showPlace) };
    },
  });
}

function needUser(userId: string | undefined): string {
  if (userId === undefined) throw new PlatenError('unauthenticated', 'nobody is signed in, and no PIN was given');
  return userId;
}

async function showPage(
  context: Context,
  printerId: string,
  userId: string | undefined,
): Promise<z.infer<typeof releasePage>> {
  const printer = await getPrinter(context, printerId);
  const page = { printer: showPlace(printer), isSignedIn: userId !== undefined };
  if (userId === undefined) return { ...page, jobs: [], given: [], elsewhere: [] };
  const jobs = await listReleasable(context, printer, userId);
  const given = await listGiven(context, printer, userId);
  return {
    ...page,
    jobs: jobs.map((job) => showAt(printer, job)),
    given: given.map((job) => showAt(printer, job)),
    elsewhere: isReady(printer) ? [] : (await findElsewhere(context, printer, jobs)).map(showPlace),
  };
}

/** Printers that could print one of these jobs at once. */
async function findElsewhere(context: Context, printer: Printer, jobs: readonly Job[]): Promise<readonly Printer[]> {
  const byQueue = new Map(jobs.map((job) => [job.queueId, job]));
  const found = new Map<string, Printer>();
  for (const job of byQueue.values()) {
    for (const place of await listPlaces(context, job)) if (isReady(place)) found.set(place.id, place);
  }
  found.delete(printer.id);
  return [...found.values()];
}

function showPlace(printer: Printer): z.infer<typeof place> {
  const { id, name, state, reasons } = printer;
  // With a document of several pages, as most are.
  const can = (options: JobOptions) =>
    ignoredOptionsOf(printer, { options, documentFormat: 'application/pdf', pages: 2 }).length === 0;
  return {
    ...{ id, name, state, reasons: [...reasons], isReady: isReady(printer) },
    can: {
      copies: can({ copies: 2 }),
      // One that has no color prints in black and white anyway.
      monochrome: printer.capabilities?.isColor === true && can({ color: 'monochrome' }),
      twoSides: can({ sides: 'two-sided-long-edge' }),
    },
  };
}

function showAt(printer: Printer, job: Job): z.infer<typeof jobAtPrinter> {
  const { id, number, title, state, pages, pagesPrinted, isColor } = job;
  return {
    ...{ id, number, title, state, pages, pagesPrinted, isColor },
    otherPaper: otherPaperOf(printer, job),
    pagesToPrint: pagesToPrint(job),
    options: { ...job.options },
    createdAt: job.createdAt.toISOString(),
    heldUntil: job.heldUntil?.toISOString() ?? null,
  };
}

function showRefused({ id, error }: NotReleased, language: Language) {
  const { code, message, values } = error;
  return {
    id,
    code,
    title: titleFor(language, code, values),
    detail: message,
    advice: adviceFor(language, code, values),
  };
}
