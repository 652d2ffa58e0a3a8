/** The expected end of a permission as an appointment for any calendar (RFC 5545), with reminders seven days and one day before. */
import { createEvent } from 'ics';
import { textFor } from '../../../locales/locales.ts';
import type { Language } from '../../store/schema.ts';

export type Appointment = {
  readonly uid: string;
  readonly at: Date;
  readonly title: string;
  readonly account: string;
  readonly reason: string;
  readonly url: string;
  readonly language: Language;
};

const DAY_HOURS = 24;
const REMINDER_DAYS = [7, 1];

/** Writes the calendar file. Throws what the library finds wrong, which only a mistake of ours can be. */
export function writeAppointment({ uid, at, title, account, reason, url, language }: Appointment): string {
  const values = { title, account };
  const summary = textFor(language, 'expiry.calendar.title', values);
  const { error, value } = createEvent({
    uid,
    productId: 'Platen',
    start: [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes()],
    startInputType: 'utc',
    duration: { minutes: 30 },
    title: summary,
    // not as `url`: the library refuses names and ports that a house's own server may well have
    description: `${reason}\n\n${textFor(language, 'expiry.calendar.todo', values)}\n${url}`,
    busyStatus: 'FREE',
    alarms: REMINDER_DAYS.map((days) => ({
      action: 'display',
      description: summary,
      trigger: { hours: days * DAY_HOURS, before: true },
    })),
  });
  if (typeof value !== 'string') throw new TypeError('no calendar file came out', { cause: error });
  return value;
}
