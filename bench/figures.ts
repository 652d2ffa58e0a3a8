/** Numbers of several rounds made into one, and how they are written down. */

/** The middle of the values; of an even number of them, the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  return percentileOf(values, 50);
}

/** Linear between the two nearest ranks, so that few values do not make a percentile jump. */
export function percentileOf(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new Error('there is no percentile of no values');
  const sorted = [...values].sort((left, right) => left - right);
  const place = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** How far the rounds lie apart, as a share of their median: the noise of this machine on this day. */
export function spreadOf(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / medianOf(values);
}

/** Enough digits to compare, and no more than were measured: three. */
export function written(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 3)).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',');
}

export type TableRow = readonly string[];

/** A table in Markdown whose columns stand under each other in the source too. */
export function tableOf(head: TableRow, rows: readonly TableRow[]): string {
  const widths = head.map((_, at) => Math.max(3, ...[head, ...rows].map((row) => (row[at] ?? '').length)));
  const line = (row: TableRow) => `| ${widths.map((width, at) => (row[at] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
