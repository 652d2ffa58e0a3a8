/** Which way a new job goes: at once to a printer, or held, by the rule of its queue. */
import type { Context } from '../../store/database.ts';
import {
  HELD_FOR_RELEASE,
  type JobOptions,
  type JobState,
  NO_PRINTER,
  QUEUE_PAUSED,
  SENDER_UNCONFIRMED,
} from '../job.ts';
import { choosePrinter, lockQueue, type Queue } from '../queues.ts';

export type Way = { readonly state: JobState; readonly reasons: string[]; readonly printerId: string | undefined };
export type Place = Way & { readonly defaults: JobOptions };

const UNCONFIRMED: Way = { state: 'pending-held', reasons: [SENDER_UNCONFIRMED], printerId: undefined };

export async function placesOf(
  context: Context,
  submissions: readonly { readonly queueId: string }[],
): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  for (const queueId of new Set(submissions.map((submission) => submission.queueId))) {
    const queue = await lockQueue(context, queueId);
    places.set(queueId, { ...(await wayOf(context, queue)), defaults: queue.defaults });
  }
  return places;
}

/** What is said of the job itself goes before the rule of its queue. */
export function wayFor(
  submission: { readonly unconfirmedUntil?: Date; readonly printerId?: string },
  place: Place,
): Way {
  if (submission.unconfirmedUntil !== undefined) return UNCONFIRMED;
  return submission.printerId === undefined
    ? place
    : { state: 'pending', reasons: [], printerId: submission.printerId };
}

async function wayOf(context: Context, queue: Queue): Promise<Way> {
  if (queue.mode === 'hold') return { state: 'pending-held', reasons: [HELD_FOR_RELEASE], printerId: undefined };
  if (queue.pauseReason !== null) return { state: 'pending', reasons: [QUEUE_PAUSED], printerId: undefined };
  const printerId = await choosePrinter(context, queue);
  return { state: 'pending', reasons: printerId === undefined ? [NO_PRINTER] : [], printerId };
}
