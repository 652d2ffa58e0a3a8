/** The timetable: when something is tried again. Spread a little, so that what failed together does not return together. */
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../base/clock.ts';
import { jitter } from '../base/secrets.ts';

const MESSAGE_MS = [1, 5, 15, 30, 60, 120, 240].map((minutes) => minutes * MINUTE_MS);
const SERVER_MS = [1, 2, 5, 10, 15].map((minutes) => minutes * MINUTE_MS);
const BUSY_MS = [15, 30, 60, 120, 300].map((seconds) => seconds * SECOND_MS);
const SPREAD = 0.1;

/** How often a held mailbox is tried with one message: a right that was given can take an hour to reach every server. */
export const PROBE_MS = 15 * MINUTE_MS;
/** How long mail to outside waits for the limit of the tenant before one message tries again. */
export const TENANT_LIMIT_MS = HOUR_MS;

/** The pause before a message is tried again, after so many tries. */
export function messagePauseMs(attempts: number): number {
  return jitter(at(MESSAGE_MS, attempts - 1), SPREAD);
}

/** The pause of a server that does not answer as it should, or of a mailbox that is busy, the nth in a row. */
export function serverPauseMs(kind: 'server' | 'busy', pauses: number): number {
  return jitter(at(kind === 'busy' ? BUSY_MS : SERVER_MS, pauses), SPREAD);
}

function at(timetable: readonly number[], index: number): number {
  return timetable[Math.min(Math.max(index, 0), timetable.length - 1)] ?? MINUTE_MS;
}
