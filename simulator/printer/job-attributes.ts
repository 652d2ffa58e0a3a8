// What the printer says about a job (RFC 8011 section 5.3), and which of a client's wishes it takes.

import { jobTemplate } from './attributes.ts';
import type { FaultBoard } from './faults.ts';
import { documentsOf, isFinished, type Job } from './jobs.ts';
import {
  attributesOf,
  charset,
  dateTime,
  enumeration,
  integer,
  keyword,
  language,
  name,
  noValue,
  text,
  uri,
} from './values.ts';
import { jobState, valueTag } from './vocabulary.ts';
import type { Attribute, Group } from './wire.ts';

export type JobContext = { readonly printerUri: string; readonly startedAt: Date; readonly now: Date };

function secondsUp(context: JobContext, at: Date): number {
  // A job from before a restart has a time before zero. RFC 8011 section 5.3.14
  return Math.floor((at.getTime() - context.startedAt.getTime()) / 1_000) + 1;
}

/** All attributes of a job, in the order in which they are sent. */
export function describeJob(job: Job, context: JobContext): Attribute[] {
  const time = (at: Date | undefined) => (at ? integer(secondsUp(context, at)) : noValue());
  const date = (at: Date | undefined) => (at ? dateTime(at) : noValue());
  return [
    ...attributesOf({
      'job-uri': uri(`${context.printerUri}/${job.id}`),
      'job-id': integer(job.id),
      'job-state': enumeration(jobState[job.state]),
      'job-state-reasons': keyword(...job.reasons),
      'job-state-message': text(''),
      'job-printer-uri': uri(context.printerUri),
      'job-name': name(job.name),
      'job-originating-user-name': name(job.user),
      'job-k-octets': integer(Math.ceil((job.document?.bytes ?? 0) / 1_024)),
      'job-impressions': integer(job.impressions),
      'job-impressions-completed': integer(job.impressionsCompleted),
      'number-of-documents': integer(documentsOf(job).length),
      'number-of-intervening-jobs': integer(0),
      'time-at-creation': time(job.createdAt),
      'time-at-processing': time(job.processingAt),
      'time-at-completed': time(job.completedAt),
      'date-time-at-creation': date(job.createdAt),
      'date-time-at-processing': date(job.processingAt),
      'date-time-at-completed': date(job.completedAt),
      'job-printer-up-time': integer(secondsUp(context, context.now)),
      'attributes-charset': charset('utf-8'),
      'attributes-natural-language': language('en'),
    }),
    ...job.ticket,
  ];
}

/** Keeps what requested-attributes names, or the given ones where it names nothing. RFC 8011 section 4.3.4.1. */
export function selectJobAttributes(
  all: readonly Attribute[],
  requested: readonly string[],
  otherwise: readonly string[],
): Attribute[] {
  const wanted = new Set(requested.length === 0 ? otherwise : requested);
  if (wanted.has('all')) return [...all];
  return all.filter(
    ({ name: attributeName }) =>
      wanted.has(attributeName) || wanted.has(attributeName in jobTemplate ? 'job-template' : 'job-description'),
  );
}

/** Finds the jobs that which-jobs means, newest first where they are finished; undefined for an unknown word. */
export function findJobsByKeyword(jobs: readonly Job[], which: string): Job[] | undefined {
  if (which === 'all') return [...jobs];
  if (which === 'not-completed') return jobs.filter((job) => !isFinished(job));
  if (which === 'completed') return jobs.filter(isFinished).reverse();
  return undefined;
}

export type Ticket = { readonly honoured: readonly Attribute[]; readonly unsupported: readonly Attribute[] };

/** Sorts the wishes of a job into those that are honoured and those that are not. RFC 8011 section 4.1.7. */
export function readTicket(group: Group | undefined, faults: FaultBoard): Ticket {
  const honoured: Attribute[] = [];
  const unsupported: Attribute[] = [];
  for (const attribute of group?.attributes ?? []) {
    const isOff = attribute.name === 'page-ranges' && faults.has('no-page-ranges');
    const rule = isOff ? undefined : jobTemplate[attribute.name];
    if (!rule) {
      unsupported.push({ name: attribute.name, values: [{ tag: valueTag.unsupported, value: null }] });
      continue;
    }
    const isCounted = rule.many ? attribute.values.length > 0 : attribute.values.length === 1;
    const isAccepted = attribute.values.every((value) => rule.tags.includes(value.tag) && rule.accepts(value));
    (isCounted && isAccepted ? honoured : unsupported).push(attribute);
  }
  return { honoured, unsupported };
}
