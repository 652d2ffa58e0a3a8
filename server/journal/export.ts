/** The journal as a file, newest first: written while it is read, page by page, whatever its length. */
import type { Context } from '../store/database.ts';
import { MAX_PAGE } from '../store/pages.ts';
import { type JournalFilter, readJournal } from './journal.ts';
import { type NamedEvent, nameEvents } from './names.ts';

export const EXPORT_FORMATS = ['csv', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** New ones come last: scripts read by the place. */
const COLUMNS = [
  'at',
  'type',
  'subjectKind',
  'subjectId',
  'actor',
  'ownerId',
  'data',
  'actorName',
  'subjectName',
] as const;
/** Without it spreadsheets take the letters for those of another alphabet. */
const BYTE_ORDER_MARK = '\uFEFF';
/** What a spreadsheet would take for a formula and run: words of strangers stand in the journal. */
const FORMULA = /^[=+\-@\t\r\n]/;

/**
 * Yields the file in pieces of a page each. What is recorded after it began is not in it, because newest comes first. A
 * filter of `undefined` is that of somebody who may read nothing.
 */
export async function* exportJournal(
  context: Context,
  format: ExportFormat,
  filter: Omit<JournalFilter, 'limit' | 'order' | 'since'> | undefined,
): AsyncGenerator<string> {
  if (format === 'csv') yield `${BYTE_ORDER_MARK}${csvLine(COLUMNS)}`;
  if (filter === undefined) return;
  let since: string | undefined;
  while (true) {
    const place = since === undefined ? {} : { since };
    const read = await readJournal(context, { ...filter, ...place, order: 'newest', limit: MAX_PAGE });
    const events = await nameEvents(context, read);
    if (events.length > 0) yield events.map(format === 'csv' ? csvOf : jsonOf).join('');
    if (events.length < MAX_PAGE) return;
    since = events.at(-1)?.cursor;
  }
}

function jsonOf({ cursor: _cursor, ...event }: NamedEvent): string {
  return `${JSON.stringify(event)}\n`;
}

function csvOf(event: NamedEvent): string {
  const told = { ...event, at: event.at.toISOString(), data: JSON.stringify(event.data) };
  return csvLine(COLUMNS.map((column) => told[column] ?? ''));
}

/** Each field in quotation marks, and each that could be a formula with an apostrophe in front, which makes it text. */
function csvLine(fields: readonly string[]): string {
  const quoted = fields.map((field) => `"${(FORMULA.test(field) ? `'${field}` : field).replaceAll('"', '""')}"`);
  return `${quoted.join(',')}\r\n`;
}
