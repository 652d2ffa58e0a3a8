/** A job as the API shows it. */
import { z } from 'zod';
import { type Language, reasonFor } from '../../../locales/locales.ts';
import { NEEDS } from '../../printers/printers.ts';
import type { Problem } from '../../store/schema.ts';
import { type Job, needsOf } from '../job.ts';

export const JOB_STATES = [
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
    /** What happened and what to do, in the caller's language. */
    title: z.string(),
    advice: z.string().nullable(),
    detail: z.string(),
    remote: z.string().optional(),
    facts: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    values: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    at: z.string(),
  })
  .nullable();

export const jobShape = z.object({
  id: z.string(),
  number: z.number(),
  ownerId: z.string(),
  ownerName: z.string(),
  queueId: z.string(),
  printerId: z.string().nullable(),
  title: z.string(),
  state: z.enum(JOB_STATES),
  reasons: z.array(z.string()),
  /** What it waits for at its printer; since when is told by its problem. */
  waitsFor: z.array(z.enum(NEEDS)),
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
  /** As far as its printer has told; all copies are counted. */
  pagesPrinted: z.number().nullable(),
  /** While its pages are drawn for a printer that takes no PDF: how many are. */
  pagesDrawn: z.number().nullable(),
  isColor: z.boolean().nullable(),
  media: z.string().nullable(),
  messageId: z.string().nullable(),
  cancelAskedAt: z.string().nullable(),
  createdAt: z.string(),
  processingAt: z.string().nullable(),
  endedAt: z.string().nullable(),
});

export function showJob(job: Job, language: Language): z.infer<typeof jobShape> {
  return {
    ...job,
    reasons: [...job.reasons],
    waitsFor: needsOf(job),
    ignoredOptions: [...job.ignoredOptions],
    heldUntil: job.heldUntil?.toISOString() ?? null,
    hasDocument: job.documentId !== null,
    options: { ...job.options },
    problem: job.problem === null ? null : showProblem(job.problem, language),
    cancelAskedAt: job.cancelAskedAt?.toISOString() ?? null,
    createdAt: job.createdAt.toISOString(),
    processingAt: job.processingAt?.toISOString() ?? null,
    endedAt: job.endedAt?.toISOString() ?? null,
  };
}

function showProblem({ code, detail, at, ...rest }: Problem, language: Language): z.infer<typeof problemShape> {
  const { remote, facts, values } = rest;
  const { text, advice } = reasonFor(language, code, values);
  return {
    code,
    title: text,
    advice: advice ?? null,
    detail,
    ...(remote === undefined ? {} : { remote }),
    ...(facts === undefined ? {} : { facts: { ...facts } }),
    ...(values === undefined ? {} : { values: { ...values } }),
    at,
  };
}
