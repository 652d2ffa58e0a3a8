/** Printers as the screens see them. */
import { queryOptions } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import type { Tone } from '../ui/state.tsx';
import { paperName } from '../ui/words.ts';

export type Printer = paths['/printers']['get']['responses'][200]['content']['application/json']['items'][number];
export type Offer = paths['/printers/probe']['post']['responses'][200]['content']['application/json'];

export const PRINTERS_KEY = ['printers'] as const;

export const STATE_TONES: Readonly<Record<Printer['state'], Tone>> = {
  idle: 'ok',
  processing: 'waiting',
  stopped: 'warning',
  unreachable: 'broken',
  unknown: 'off',
};

/** How many jobs wait for each printer, by its id. */
export const waitingQuery = queryOptions({
  queryKey: ['printers-waiting'],
  queryFn: async () => {
    const { items } = await need(api.GET('/jobs/waiting'));
    return new Map(items.map(({ printerId, count }) => [printerId, count]));
  },
});

/** A reason in words; one that no text is known for is shown as the printer says it. */
function reasonWords(t: TFunction, reason: string): string {
  const plain = reason.replace(/-(?:error|warning|report)$/, '');
  return t(`printerReason.${plain}`, { defaultValue: reason });
}

/** Several reasons in words: that paper is gone says already that some is needed. */
export function reasonsInWords(t: TFunction, reasons: readonly string[]): readonly string[] {
  const isEmpty = reasons.some((reason) => reason.startsWith('media-empty'));
  return reasons.filter((reason) => !isEmpty || !reason.startsWith('media-needed')).map((one) => reasonWords(t, one));
}

/** What is waited for at a printer, in a few words; empty for nothing. */
export function needWords(t: TFunction, needs: readonly string[]): string {
  return needs.map((need) => t(`printerNeed.${need}`, { defaultValue: need })).join(' · ');
}

type Taken = NonNullable<Offer['capabilities']>['taken'];

function takenWords(t: TFunction, taken: Taken): string {
  if (taken === 'document') return t('printers.takesPdf');
  if (taken === 'pages') return t('printers.takesPages');
  return taken === 'single-pages' ? t('printers.takesSinglePages') : '';
}

/** What a printer can do, in a few words. */
export function abilities(t: TFunction, capabilities: Offer['capabilities']): readonly string[] {
  if (capabilities === null) return [];
  const { taken, sides, isColor, media } = capabilities;
  return [
    takenWords(t, taken),
    isColor === null ? '' : isColor ? t('printers.color') : t('printers.blackOnly'),
    taken !== 'single-pages' && sides.some((side) => side.startsWith('two-sided'))
      ? t('printers.twoSides')
      : t('printers.oneSide'),
    media.default === null ? '' : paperName(media.default),
  ].filter((word) => word !== '');
}
