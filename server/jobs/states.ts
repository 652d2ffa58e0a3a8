/**
 * The one table of job states (RFC 8011 section 5.3.7) and what may follow what.
 *
 * `processing` goes back to `pending` only when it is certain that the printer printed nothing. From
 * `processing-stopped` with reason `outcome-unknown` only a person leads on.
 */
import { PlatenError } from '../base/errors.ts';
import type { JobState } from './job.ts';

export const TRANSITIONS: Readonly<Record<JobState, readonly JobState[]>> = {
  'pending-held': ['pending', 'canceled', 'aborted'],
  pending: ['pending-held', 'processing', 'canceled', 'aborted'],
  processing: ['pending', 'processing-stopped', 'completed', 'canceled', 'aborted'],
  'processing-stopped': ['processing', 'pending', 'completed', 'canceled', 'aborted'],
  canceled: [],
  aborted: [],
  completed: [],
};

export function mayFollow(from: JobState, to: JobState): boolean {
  return from === to || TRANSITIONS[from].includes(to);
}

export function isEnded(state: JobState): boolean {
  return TRANSITIONS[state].length === 0;
}

/** Throws `job-state-conflict` when the table does not allow the step. */
export function checkTransition(from: JobState, to: JobState): void {
  if (mayFollow(from, to)) return;
  throw new PlatenError('job-state-conflict', `a job that is ${from} cannot become ${to}`, { values: { from, to } });
}
