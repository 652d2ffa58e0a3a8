/** A moment, said twice: relative to read, exact on hover and for whoever reads the page by ear. */
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

export function relativeTime(language: string, seconds: number): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const [unit, size] = STEPS.find(([, one]) => Math.abs(seconds) >= one) ?? ['second', 1];
  return format.format(Math.trunc(seconds / size), unit as Intl.RelativeTimeFormatUnit);
}

export function exactTime(language: string, at: string | Date): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'medium' }).format(new Date(at));
}

/** The clock time alone, for events of the last minutes. */
export function clockTime(language: string, at: string | Date): string {
  return new Intl.DateTimeFormat(language, { timeStyle: 'medium' }).format(new Date(at));
}

/** Now, again every `everyMs` for as long as it is shown. */
export function useNow(everyMs: number): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export function When({ at }: { readonly at: string }) {
  const { i18n } = useTranslation();
  const now = useNow(20_000);
  const seconds = (new Date(at).getTime() - now.getTime()) / 1000;
  return (
    <time dateTime={at} title={exactTime(i18n.language, at)}>
      {relativeTime(i18n.language, seconds > 0 && seconds < 5 ? 0 : seconds)}
    </time>
  );
}
