import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { adviceFor, type Language, textFor, titleFor } from '../../locales/locales.ts';
import { needsOf } from '../jobs/jobs.ts';
import { NEEDS } from '../printers/printers.ts';
import type { Context } from '../store/database.ts';
import type { Problem } from '../store/schema.ts';
import { readCalls } from './calls.ts';
import { type Fault, type HourOfLane, type Overview, readOverview } from './overview.ts';

const problemShape = z.object({
  code: z.string(),
  title: z.string(),
  advice: z.string(),
  detail: z.string(),
  remote: z.string().nullable(),
});

const faultShape = z.object({
  severity: z.enum(['broken', 'warning']),
  kind: z.enum([
    'connection',
    'network',
    'mailbox',
    'printer',
    'outbox',
    'jobs',
    'disk',
    'clock',
    'conversion',
    'expiry',
    'hand-over',
    'device',
    'knock',
  ]),
  subjectId: z.string().nullable(),
  name: z.string().nullable(),
  since: z.string().nullable(),
  due: z.string().nullable(),
  problem: problemShape.nullable(),
  reasons: z.array(z.string()),
  waiting: z.number().nullable(),
});

const hoursShape = z.array(z.object({ at: z.string(), done: z.number(), failed: z.number() }));

const overviewShape = z.object({
  verdict: z.enum(['well', 'warning', 'broken']),
  faults: z.array(faultShape),
  mailToPaper: z.object({
    mailboxes: z.object({ watched: z.number(), failing: z.number(), waiting: z.number(), off: z.number() }),
    converters: z.number(),
    jobs: z.object({ held: z.number(), waiting: z.number(), printing: z.number(), stopped: z.number() }),
    printers: z.object({ all: z.number(), ready: z.number(), troubled: z.number() }),
    hours: hoursShape,
  }),
  scanToMail: z.object({
    devices: z.number(),
    outbox: z.object({ waiting: z.number(), held: z.number() }),
    outgoing: z.enum(['ready', 'waiting', 'none']),
    hours: hoursShape,
  }),
  lastJobs: z.array(
    z.object({
      id: z.string(),
      number: z.number(),
      title: z.string(),
      ownerName: z.string(),
      state: z.string(),
      waitsFor: z.array(z.enum(NEEDS)),
      pages: z.number().nullable(),
      createdAt: z.string(),
    }),
  ),
});

const callsShape = z.object({ jobs: z.number(), outbox: z.number(), printers: z.number(), connections: z.number() });

export async function overviewRoutes(app: FastifyInstance, context: Context): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const config = { role: 'operator' } as const;
  const tags = ['overview'];

  routes.get('/overview', { config, schema: { tags, response: { 200: overviewShape } } }, async (request) =>
    answerOverview(await readOverview(context), request.language),
  );

  routes.get('/overview/calls', { config, schema: { tags, response: { 200: callsShape } } }, async () =>
    readCalls(context),
  );
}

function answerOverview(overview: Overview, language: Language): z.infer<typeof overviewShape> {
  const { verdict, faults, mailToPaper, scanToMail, lastJobs } = overview;
  return {
    verdict,
    faults: faults.map((fault) => answerFault(fault, language)),
    mailToPaper: { ...mailToPaper, hours: answerHours(mailToPaper.hours) },
    scanToMail: { ...scanToMail, hours: answerHours(scanToMail.hours) },
    lastJobs: lastJobs.map(({ id, number, title, ownerName, state, pages, createdAt, ...why }) => ({
      id,
      number,
      title,
      ownerName,
      state,
      waitsFor: needsOf(why),
      pages: pages ?? null,
      createdAt: createdAt.toISOString(),
    })),
  };
}

function answerFault(fault: Fault, language: Language): z.infer<typeof faultShape> {
  return {
    severity: fault.severity,
    kind: fault.kind,
    subjectId: fault.subjectId ?? null,
    name: fault.name ?? null,
    since: fault.since?.toISOString() ?? null,
    due: fault.due?.toISOString() ?? null,
    problem: answerWhy(fault, language),
    reasons: [...(fault.reasons ?? [])],
    waiting: fault.waiting ?? null,
  };
}

function answerWhy({ problem, refusal }: Fault, language: Language): z.infer<typeof problemShape> | null {
  if (problem !== undefined) return answerProblem(problem, language);
  if (refusal === undefined) return null;
  const { reason: code, words } = refusal;
  const [title, advice] = [`relay.refusals.${code}.title`, `relay.refusals.${code}.advice`].map((key) =>
    textFor(language, key),
  ) as [string, string];
  return { code, title, advice, detail: '', remote: words === '' ? null : words };
}

function answerProblem({ code, detail, remote, values }: Problem, language: Language): z.infer<typeof problemShape> {
  const title = titleFor(language, code, values);
  return { code, title, advice: adviceFor(language, code, values), detail, remote: remote ?? null };
}

const answerHours = (hours: readonly HourOfLane[]) =>
  hours.map(({ at, ...hour }) => ({ at: at.toISOString(), ...hour }));
