/** Why a document was not made into pages: codes of errors, so that each has its words and its advice. */
import type { Ended } from './box/run.ts';
import type { RefusalReason } from './kinds/sniff.ts';
import { STATUS } from './recipes.ts';

export type ConversionReason =
  | RefusalReason
  | 'document-corrupt'
  | 'document-too-complex'
  | 'too-many-pages'
  | 'conversion-timeout'
  | 'conversion-too-large'
  | 'conversion-failed'
  | 'conversion-unavailable'
  | 'conversion-switched-off';

export type Refusal = { readonly kind: 'refused'; readonly reason: ConversionReason; readonly detail: string };

export const refusal = (reason: ConversionReason, detail: string): Refusal => ({ kind: 'refused', reason, detail });

const OF_STATUS: Readonly<Record<number, readonly [ConversionReason, string]>> = {
  [STATUS.encrypted]: ['document-encrypted', 'it opens only with a password'],
  [STATUS.corrupt]: ['document-corrupt', 'its pages could not be read'],
  [STATUS.tooLarge]: ['document-too-complex', 'the picture has too many pixels'],
  [STATUS.tooManyPages]: ['too-many-pages', 'it has too many pages'],
  [STATUS.unreadable]: ['document-corrupt', 'its content could not be read'],
  [STATUS.nothingMade]: ['document-corrupt', 'the program that opens it made no pages of it'],
};

// 128 and the number of the signal, as a shell reports it.
const KILLED_BY_PROCESSOR_TIME = new Set([128 + 9, 128 + 24]);
const KILLED_BY_FILE_SIZE = 128 + 25;

/** What an end means; `undefined` for one that went well. */
export function reasonOf(ended: Ended): Refusal | undefined {
  if (ended.kind === 'late') return refusal('conversion-timeout', 'it took longer than a document may');
  if (ended.kind === 'overfull') return refusal('conversion-too-large', 'it wrote more than a document may');
  if (ended.kind === 'stopped') return refusal('conversion-failed', 'it was stopped');
  if (ended.status === 0) return undefined;
  if (KILLED_BY_PROCESSOR_TIME.has(ended.status)) {
    return refusal('conversion-timeout', 'it took more time of the processor than a document may');
  }
  if (ended.status === KILLED_BY_FILE_SIZE) return refusal('conversion-too-large', 'what became of it is too large');
  const [reason, detail] = OF_STATUS[ended.status] ?? ['conversion-failed', `the program ended with ${ended.status}`];
  return refusal(reason, detail);
}
