/** What the API takes and shows of queues and of options. */
import { z } from 'zod';
import type { OptionsChange } from '../job.ts';

const MAX_COPIES = 999;
const MAX_RANGES = 50;
const MAX_PAGE = 100_000;
/** A year: whoever has not fetched a document by then does not want it. */
const MAX_KEEP_HOURS = 8_784;
const MAX_KEEP_DAYS = 366;

export const idParams = z.object({ id: z.uuid() });

// Names and reasons are shown on screens and printers: no control characters.
const words = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^\P{Cc}*$/u);

const pageRange = z
  .object({ from: z.int().min(1).max(MAX_PAGE), to: z.int().min(1).max(MAX_PAGE) })
  .refine(({ from, to }) => from <= to, 'a range ends after it begins');

/** `null` takes back what was asked for. */
export const optionsChange = z.strictObject({
  copies: z.int().min(1).max(MAX_COPIES).nullish(),
  sides: z.enum(['one-sided', 'two-sided-long-edge', 'two-sided-short-edge']).nullish(),
  color: z.enum(['color', 'monochrome']).nullish(),
  media: words(255).nullish(),
  pageRanges: z.array(pageRange).min(1).max(MAX_RANGES).nullish(),
  finishings: z
    .array(z.enum(['staple', 'punch']))
    .max(2)
    .nullish(),
});
export type OptionsBody = z.infer<typeof optionsChange>;

export function optionsChangeOf(body: OptionsBody): OptionsChange {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

const queueFields = {
  printerIds: z.array(z.uuid()).max(50).optional(),
  /** All of them: one that is left out is no longer a default. */
  defaults: optionsChange.omit({ pageRanges: true }).optional(),
  keepHeldHours: z.int().min(1).max(MAX_KEEP_HOURS).optional(),
  keepDocumentsDays: z.int().min(0).max(MAX_KEEP_DAYS).optional(),
  /** A reason pauses the queue, `null` lets it go on. */
  pauseReason: words(200).nullable().optional(),
};

export const newQueue = z.object({ name: words(100), mode: z.enum(['hold', 'direct']), ...queueFields });
export const queueChange = newQueue.partial().extend({ heldJobs: z.enum(['keep', 'print']).optional() });

export const heldShape = z.object({
  queueId: z.string(),
  count: z.number(),
  oldestAt: z.string(),
  /** Given up within two hours unless somebody releases them. */
  endingSoon: z.number(),
});

export const queueShape = z.object({
  id: z.string(),
  name: z.string(),
  mode: z.enum(['hold', 'direct']),
  printerIds: z.array(z.string()),
  isDefault: z.boolean(),
  defaults: z.record(z.string(), z.unknown()),
  keepHeldHours: z.number(),
  keepDocumentsDays: z.number(),
  pauseReason: z.string().nullable(),
  createdAt: z.string(),
});
