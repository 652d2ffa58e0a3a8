import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../base/clock.ts';

/** How long one attempt at a printer may take, and the longest silence within it. */
export const attemptLimits = {
  /** A question is answered from memory; a printer that wakes from sleep needs a few seconds. */
  question: { deadlineMs: 15 * SECOND_MS, idleMs: 15 * SECOND_MS },
  /** Making a job can wait for a disk of the printer. */
  order: { deadlineMs: 30 * SECOND_MS, idleMs: 30 * SECOND_MS },
  /**
   * A printer with little memory takes the document as fast as it prints, and none of it while it has no paper. How long
   * it may stand still is for whoever watches the sending and knows what the printer says; this is the end of all patience.
   */
  document: { deadlineMs: 24 * HOUR_MS, idleMs: 24 * HOUR_MS },
} as const;

/** How often a printer is asked for its state; people wait in front of one that is printing or stopped. */
export const watchIntervalsMs = {
  idle: 15 * SECOND_MS,
  processing: 5 * SECOND_MS,
  stopped: 5 * SECOND_MS,
  unreachable: 20 * SECOND_MS,
  unknown: 5 * SECOND_MS,
} as const;

/** One lost packet is no outage: a second question after this pause decides. */
export const SECOND_LOOK_MS = 2 * SECOND_MS;
/** How often the worker looks for printers that were added, and for watches that another node has given up. */
export const ROUND_MS = 5 * SECOND_MS;
/** seen_at is a minute hand: it is not written with every answer. */
export const SEEN_STEP_MS = MINUTE_MS;
/** Capabilities change with a new tray or firmware, so they are asked for less often than the state. */
export const CAPABILITIES_EVERY_MS = 10 * MINUTE_MS;

/** Longest lists that are kept of a printer; the largest real ones, of media, have some 200 entries. */
export const MAX_LISTED = 400;
export const MAX_REASONS = 50;
/** A colour printer with drums, waste, fuser and staples has some 15 supplies. */
export const MAX_SUPPLIES = 24;
export const MAX_SUPPLY_NAME = 60;
/** In percent; where a printer does not say from where on a supply needs a person. CUPS says "low" at the same level. */
export const USUAL_LOW_LEVEL = 10;
