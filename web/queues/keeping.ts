/** What the times of a queue do, in words with their values. */
import type { TFunction } from 'i18next';
import { currentLanguage } from '../app/texts.ts';

type Times = { readonly keepHeldHours: number | string; readonly keepDocumentsDays: number | string };

const DAY_HOURS = 24;

const amount = (count: number, unit: 'hour' | 'day') =>
  new Intl.NumberFormat(currentLanguage(), { style: 'unit', unit, unitDisplay: 'long' }).format(count);

/** Whole days from two on, else hours. */
export function heldWords(t: TFunction, { keepHeldHours }: Pick<Times, 'keepHeldHours'>): string {
  const hours = Number(keepHeldHours);
  if (keepHeldHours === '' || !Number.isInteger(hours) || hours < 1) return t('queues.keepHeldHint');
  const isDays = hours >= 2 * DAY_HOURS && hours % DAY_HOURS === 0;
  const time = isDays ? amount(hours / DAY_HOURS, 'day') : amount(hours, 'hour');
  return t('queues.keepHeldWords', { time });
}

export function documentWords(t: TFunction, { keepDocumentsDays }: Pick<Times, 'keepDocumentsDays'>): string {
  const days = Number(keepDocumentsDays);
  if (keepDocumentsDays === '' || !Number.isInteger(days) || days < 1) return t('queues.keepDocumentsHint');
  return t('queues.keepDocumentsWords', { time: amount(days, 'day') });
}
