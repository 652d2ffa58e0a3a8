import type { TFunction } from 'i18next';
import { exactTime } from '../ui/when.tsx';

type Next = { readonly at: string; readonly code: string | undefined };

/** When the next message may leave: by the clock today, else with its date. */
export function nextWords(t: TFunction, language: string, { at, code }: Next): string {
  const isPaced = code === undefined || code === 'daily-limit';
  const isToday = new Date(at).toDateString() === new Date().toDateString();
  if (!isToday) return t(isPaced ? 'outbox.pacedUntil' : 'outbox.nextOn', { date: exactTime(language, at) });
  const time = new Intl.DateTimeFormat(language, { timeStyle: 'short' }).format(new Date(at));
  return t(isPaced ? 'outbox.paced' : 'outbox.nextAt', { time });
}
