/**
 * The routes of the page behind the QR code of a printer. Anybody may open it: it tells the name of the printer and no
 * more; jobs are shown to their owner who is signed in, and released to whoever signs in or types the PIN of the reply.
 */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { adviceFor, type Language, titleFor } from '../../../locales/locales.ts';
import { PlatenError } from '../../base/errors.ts';
import { getPrinter } from '../../printers/printers.ts';
import type { Context } from '../../store/database.ts';
import type { Job } from '../job.ts';
import { idParams } from '../keeping/shapes.ts';
import { type AtPrinter, listReleasable, MAX_AT_ONCE, type NotReleased, releaseAtPrinter } from './at-printer.ts';

const heldJob = z.object({
  id: z.string(),
  number: z.number(),
  title: z.string(),
  state: z.string(),
  pages: z.number().nullable(),
  options: z.record(z.string(), z.unknown()),
  createdAt: z.string(),
  heldUntil: z.string().nullable(),
});

const releasePage = z.object({
  printer: z.object({ id: z.string(), name: z.string(), state: z.string(), reasons: z.array(z.string()) }),
  isSignedIn: z.boolean(),
  jobs: z.array(heldJob),
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
  })
  .nullish();

const releaseAnswer = z.object({
  released: z.array(heldJob),
  refused: z.array(
    z.object({ id: z.string(), code: z.string(), title: z.string(), detail: z.string(), advice: z.string() }),
  ),
});

export function releaseRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.get('/printers/:id/release', {
    config: { role: 'public' },
    schema: { tags: ['printers'], params: idParams, response: { 200: releasePage } },
    handler: async (request) => {
      const printer = await getPrinter(context, request.params.id);
      const { id, name, state, reasons } = printer;
      const userId = request.signedIn?.userId ?? undefined;
      const jobs = userId === undefined ? [] : await listReleasable(context, printer, userId);
      const shown = { id, name, state, reasons: [...reasons] };
      return { printer: shown, isSignedIn: userId !== undefined, jobs: jobs.map(showHeld) };
    },
  });
  routes.post('/printers/:id/release', {
    config: { role: 'public' },
    schema: { tags: ['printers'], params: idParams, body: releaseBody, response: { 200: releaseAnswer } },
    handler: async (request) => {
      const { pin, jobIds } = request.body ?? {};
      const userId = request.signedIn?.userId ?? undefined;
      const who: AtPrinter = pin === undefined ? { ownerId: needUser(userId) } : { pin, remoteAddress: request.ip };
      const { released, refused } = await releaseAtPrinter(context, request.params.id, { who, jobIds });
      return {
        released: released.map(showHeld),
        refused: refused.map((one) => showRefused(one, request.language)),
      };
    },
  });
}

function needUser(userId: string | undefined): string {
  if (userId === undefined) throw new PlatenError('unauthenticated', 'nobody is signed in, and no PIN was given');
  return userId;
}

function showHeld(job: Job): z.infer<typeof heldJob> {
  return {
    id: job.id,
    number: job.number,
    title: job.title,
    state: job.state,
    pages: job.pages,
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
