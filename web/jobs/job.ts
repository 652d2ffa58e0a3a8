/** Jobs as the screens see them. */
import type { TFunction } from 'i18next';
import type { paths } from '../api/schema.ts';
import type { Tone } from '../ui/state.tsx';
import { plain } from '../ui/words.ts';

/** As the answer to an act gives it. */
export type Job = paths['/jobs/{id}/hold']['post']['responses'][200]['content']['application/json'];
/** As it is read: with the names of its queue and of its printer, when one is chosen. */
export type PlacedJob = paths['/jobs/{id}']['get']['responses'][200]['content']['application/json'];
export type JobState = Job['state'];

export const JOBS_KEY = ['jobs'] as const;

export const JOB_STATES: readonly JobState[] = [
  'pending',
  'pending-held',
  'processing',
  'processing-stopped',
  'completed',
  'aborted',
  'canceled',
];

export const JOB_TONES: Readonly<Record<JobState, Tone>> = {
  pending: 'waiting',
  'pending-held': 'held',
  processing: 'waiting',
  'processing-stopped': 'warning',
  completed: 'ok',
  aborted: 'broken',
  canceled: 'off',
};

/** The printer did not say whether paper came out: a person decides. */
export const isUncertain = ({ reasons }: Pick<Job, 'reasons'>): boolean => reasons.includes('outcome-unknown');
/** Nobody may print it before its sender has confirmed to have sent it. */
export const isUnconfirmed = ({ reasons }: Pick<Job, 'reasons'>): boolean => reasons.includes('sender-unconfirmed');
/** It has not been begun at a printer: how it is printed can still be changed. */
export const isWaiting = ({ state }: Pick<Job, 'state'>): boolean => state === 'pending' || state === 'pending-held';
/** May it still be let go, or stopped? */
export const isHeld = ({ state }: Pick<Job, 'state'>): boolean => state === 'pending-held';
export const isOpen = ({ state }: Pick<Job, 'state'>): boolean =>
  state !== 'completed' && state !== 'aborted' && state !== 'canceled';
/** Is there a page to show? Its looks may still be missing; then the picture is made when it is asked for. */
export const isPrepared = ({ preparation }: Pick<Job, 'preparation'>): boolean =>
  preparation === 'printable' || preparation === 'done';

/** Of somebody who was removed no name is left. */
export function ownerOf(t: TFunction, { ownerName }: Pick<Job, 'ownerName'>): string {
  return ownerName === '' ? t('label.removedOwner') : plain(ownerName);
}
