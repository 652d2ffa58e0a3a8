/** How the figures of mail are told. */
import type { Line, Results } from '../report.ts';
import { MOST_ABOVE_IDLE_MIB } from './backlog.ts';

const MOST_TO_FIRST_BYTE_MS = 700;

export function linesOfMail({ mixed, firstByte, backlog }: Results): Line[] {
  return [...linesOfMixed(mixed), ...linesOfFirstByte(firstByte), ...linesOfBacklog(backlog)];
}

function linesOfMixed(mixed: Results['mixed']): Line[] {
  if (mixed === undefined) return [];
  const kinds = Object.entries(mixed.conversionMs).map(([kind, value]) => ({
    what: `(j) conversion of a ${kind}, mean`,
    value,
    unit: 'ms',
  }));
  return [
    { what: '(j) mixed documents from mail to paper', value: mixed.perMinute, unit: 'documents/min' },
    { what: '(j) of that time something is being converted', value: mixed.conversionShare * 100, unit: '%' },
    ...kinds,
  ];
}

function linesOfFirstByte(figures: Results['firstByte']): Line[] {
  if (figures === undefined) return [];
  const { fromDeliveryMs, fromExistsMs, stepsMs } = figures;
  const aim = { limit: MOST_TO_FIRST_BYTE_MS, better: 'less', text: `at most ${MOST_TO_FIRST_BYTE_MS} ms` } as const;
  return [
    { what: '(k) delivery to first byte at the printer, median', value: fromDeliveryMs.median, unit: 'ms', aim },
    { what: '(k) delivery to first byte, 95th percentile', value: fromDeliveryMs.p95, unit: 'ms' },
    { what: '(k) EXISTS to first byte, median', value: fromExistsMs.median, unit: 'ms' },
    { what: '(k) of it from committed job to prepared, median', value: stepsMs.prepared, unit: 'ms' },
    { what: '(k) of it from prepared to begun at the printer, median', value: stepsMs.printer, unit: 'ms' },
  ];
}

function linesOfBacklog(backlog: Results['backlog']): Line[] {
  if (backlog === undefined) return [];
  const { messages, perSecond, idleMiB, peakMiB } = backlog;
  const aim = { limit: MOST_ABOVE_IDLE_MIB, better: 'less', text: `at most ${MOST_ABOVE_IDLE_MIB} MiB` } as const;
  return [
    { what: '(l) messages in the backlog', value: messages, unit: 'messages' },
    { what: '(l) drained', value: perSecond, unit: 'messages/s' },
    { what: '(l) Platen above idle meanwhile', value: peakMiB.platenAlone - idleMiB.platenAlone, unit: 'MiB', aim },
    { what: '(l) PostgreSQL at the peak', value: peakMiB.postgres, unit: 'MiB' },
  ];
}
