/**
 * What a printer waits for from a person, read from its printer-state-reasons (RFC 8011 section 5.4.12).
 *
 * Not every printer stops when it cannot go on: many stay `processing` and only name the reason. How sure that is depends
 * on what stands behind the reason: `-error` says that nothing goes on, `-report` that all is well, `-warning` is also
 * said of a second tray that nobody uses, and some printers mark nothing.
 */
import { SECOND_MS } from '../../base/clock.ts';

export const NEEDS = ['paper', 'jam', 'door', 'tray', 'output', 'toner', 'waste', 'drum'] as const;
export type Need = (typeof NEEDS)[number];

/** Reasons that only a person before the printer takes away; `paused` is none, because somebody wanted it. */
const NEED_OF: Readonly<Record<string, Need>> = {
  'media-empty': 'paper',
  'media-needed': 'paper',
  'media-jam': 'jam',
  'door-open': 'door',
  'cover-open': 'door',
  'interlock-open': 'door',
  'input-tray-missing': 'tray',
  'output-tray-missing': 'tray',
  'output-area-full': 'output',
  'toner-empty': 'toner',
  'marker-supply-empty': 'toner',
  'developer-empty': 'toner',
  'marker-waste-full': 'waste',
  'opc-life-over': 'drum',
};

type Weight = 'error' | 'unmarked' | 'warning' | 'report';

/** How long a job has not come a sheet further before a reason counts; a sheet takes a few seconds. */
export const STANDS_STILL_MS: Readonly<Record<Weight, number>> = {
  error: 0,
  unmarked: 10 * SECOND_MS,
  warning: 60 * SECOND_MS,
  report: Number.POSITIVE_INFINITY,
};

/** How a job comes along at its printer: since when no sheet was added, and whether the printer counts them at all. */
export type Standstill = { readonly forMs: number; readonly isCounted: boolean };

/**
 * The reasons that hold up a job which stands still like this. Warnings need a printer that counts; and what is not marked
 * is told together with an error, so that it does not come as news seconds later.
 */
export function findHolding(reasons: readonly string[], { forMs, isCounted }: Standstill): readonly string[] {
  const asked = reasons.map((reason) => ({ reason, ...read(reason) })).filter(({ need }) => need !== undefined);
  const hasError = asked.some(({ weight }) => weight === 'error');
  const holds = (weight: Weight) =>
    forMs >= STANDS_STILL_MS[hasError && weight === 'unmarked' ? 'error' : weight] &&
    (weight !== 'warning' || isCounted);
  return asked.filter(({ weight }) => holds(weight)).map(({ reason }) => reason);
}

/** What a printer as a whole waits for: stopped, by all it says; busy, by what it says without calling it a warning. */
export function findPrinterNeeds(printer: { readonly state: string; readonly reasons: readonly string[] }): Need[] {
  if (printer.state === 'stopped') return findNeeds(printer.reasons);
  if (printer.state !== 'processing') return [];
  return findNeeds(printer.reasons.filter((reason) => ['error', 'unmarked'].includes(read(reason).weight)));
}

/** What these reasons ask for, each once; where some are errors, the others are not what it waits for. */
export function findNeeds(reasons: readonly string[]): Need[] {
  const asked = reasons.map(read).filter(({ need, weight }) => need !== undefined && weight !== 'report');
  const errors = asked.filter(({ weight }) => weight === 'error');
  const needs = (errors.length > 0 ? errors : asked).flatMap(({ need }) => need ?? []);
  return NEEDS.filter((need) => needs.includes(need));
}

function read(reason: string): { readonly need: Need | undefined; readonly weight: Weight } {
  const [, name = reason, mark] = /^(.*?)(?:-(error|warning|report))?$/.exec(reason) ?? [];
  return { need: Object.hasOwn(NEED_OF, name) ? NEED_OF[name] : undefined, weight: (mark ?? 'unmarked') as Weight };
}
