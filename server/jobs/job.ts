/** The job as other rooms and the API see it; fields bear the names of RFC 8011 where it has one. */
import { findNeeds, type Need } from '../printers/printers.ts';
import type { JobState, Preparation, Problem } from '../store/schema.ts';

export type { JobState, Preparation } from '../store/schema.ts';

export type JobOptions = {
  readonly copies?: number; // copies
  readonly sides?: 'one-sided' | 'two-sided-long-edge' | 'two-sided-short-edge'; // sides
  readonly color?: 'color' | 'monochrome'; // print-color-mode
  readonly media?: string; // media
  readonly pageRanges?: readonly { readonly from: number; readonly to: number }[]; // page-ranges
  /** An empty list asks for none, whatever the queue would do. */
  readonly finishings?: readonly ('staple' | 'punch')[]; // finishings
};

/** Options to take over; `null` takes back what was asked for. */
export type OptionsChange = { readonly [name in keyof JobOptions]?: JobOptions[name] | null | undefined };

/** The options with those of the change over them. */
export function mergeOptions(options: JobOptions, change: OptionsChange): JobOptions {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  const merged = { ...options, ...Object.fromEntries(given) };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)) as JobOptions;
}

export type Job = {
  readonly id: string;
  /** What people call it by. */
  readonly number: number;
  readonly ownerId: string;
  readonly ownerName: string; // job-originating-user-name
  readonly queueId: string;
  readonly printerId: string | null;
  readonly title: string; // job-name
  readonly state: JobState; // job-state
  readonly reasons: readonly string[]; // job-state-reasons
  readonly problem: Problem | null;
  readonly options: JobOptions;
  /** Attributes that were asked for and that its printer could not do. */
  readonly ignoredOptions: readonly string[];
  readonly heldUntil: Date | null;
  readonly documentId: string | null;
  readonly documentFormat: string; // document-format
  readonly documentBytes: number;
  /** How far the document is on its way from what came to what is printed. */
  readonly preparation: Preparation;
  readonly originalId: string | null;
  readonly originalFormat: string;
  readonly pages: number | null; // job-impressions
  /** As far as its printer has told; all copies are counted. */
  readonly pagesPrinted: number | null; // job-impressions-completed
  /** While its pages are drawn for a printer that takes no PDF: how many are. */
  readonly pagesDrawn: number | null;
  readonly isColor: boolean | null;
  readonly media: string | null; // media of the first page
  readonly messageId: string | null;
  /** Of the mailbox that it came by; a longer document is not printed. */
  readonly maxPages: number | null;
  readonly cancelAskedAt: Date | null;
  readonly createdAt: Date; // time-at-creation
  readonly processingAt: Date | null; // time-at-processing
  readonly endedAt: Date | null; // time-at-completed
};

/**
 * Reasons of our own beside those of RFC 8011 section 5.3.8. `outcome-unknown` is shown as "Needs a look": paper may
 * or may not have come out, and only a person may decide to print again.
 */
export const OUTCOME_UNKNOWN = 'outcome-unknown';
export const NO_PRINTER = 'resources-are-not-ready';
/** Held until its owner has confirmed to have sent it; nobody can release it before that. */
export const SENDER_UNCONFIRMED = 'sender-unconfirmed';
/** The code of its problem when nobody has. */
export const NEVER_CONFIRMED = 'never-confirmed';
/** Its queue is paused; it goes on by itself when the queue does. */
export const QUEUE_PAUSED = 'queue-paused';
export const HELD_FOR_RELEASE = 'job-hold-until-specified';
export const JOB_OUTGOING = 'job-outgoing';
/** It has not taken any more of the document for a while, and does not say why. */
export const TAKES_NOTHING = 'printer-takes-nothing';
/** The document is being made into one that can be printed. */
export const TRANSFORMING = 'job-transforming';
export const CONNECTING = 'connecting-to-device';

/** Problems of a job that is at its printer and goes on as soon as a person has been there. */
export const AT_A_PERSON: readonly string[] = ['printer-stopped', 'printer-waits', 'printer-takes-nothing'];

/** What a job at its printer waits for there: paper, a closed door; nothing for one that goes on. */
export function needsOf({ reasons, problem }: Pick<Job, 'reasons' | 'problem'>): Need[] {
  return problem !== null && AT_A_PERSON.includes(problem.code) ? findNeeds(reasons) : [];
}
