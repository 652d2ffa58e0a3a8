/**
 * Lists that are read page by page: `{items, nextCursor}`, with `?limit=` and `?cursor=`.
 *
 * A cursor holds the sort values of the last row that was shown. It is opaque to the caller, and a wrong one is refused;
 * it gives no rights, because every query asks for the owner as well.
 */
import { z } from 'zod';
import { PlatenError } from '../base/errors.ts';

export const DEFAULT_PAGE = 50;
/** More in one answer would only make it slow for everybody else. */
export const MAX_PAGE = 500;
const MAX_CURSOR_CHARS = 1000;

/** The query parameters of every list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).optional(),
  cursor: z.string().max(MAX_CURSOR_CHARS).optional(),
};

export type Page<T> = { readonly items: readonly T[]; readonly nextCursor: string | null };

export function limitOf(limit: number | undefined): number {
  return Math.min(Math.max(Math.trunc(limit ?? DEFAULT_PAGE), 1), MAX_PAGE);
}

export function encodeCursor(values: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

/** Reads a cursor back, or returns `undefined` when there is none. Throws `invalid-request` for one that is not ours. */
export function decodeCursor(text: string | undefined): readonly (string | number)[] | undefined {
  if (text === undefined || text === '') return undefined;
  const values = text.length > MAX_CURSOR_CHARS ? undefined : parse(Buffer.from(text, 'base64url').toString('utf8'));
  if (!Array.isArray(values) || values.length === 0 || !values.every(isSortValue)) {
    throw new PlatenError('invalid-request', 'the cursor is not one that a list gave');
  }
  return values;
}

/** Reads a cursor that holds nothing but the UUID of the last row. */
export function decodeIdCursor(text: string | undefined): string | undefined {
  const values = decodeCursor(text);
  if (values === undefined) return undefined;
  const id = z.uuid().safeParse(values[0]);
  if (!id.success || values.length !== 1) {
    throw new PlatenError('invalid-request', 'the cursor is not one that this list gave');
  }
  return id.data;
}

/** Makes a page of rows that were read with `limit + 1`: the extra row only tells that there is more. */
export function pageOf<T>(rows: readonly T[], limit: number, cursorOf: (row: T) => string): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}

/** Two ways to the newest rows with a text, of which one is always slow. */
export type TextSearch<Row> = {
  /** The first of them among that many of the newest rows, read one after the other. */
  readonly among: (rows: number) => Promise<Row[]>;
  /** The first of those that an index of trigrams finds by this pattern for LIKE, all of which are read. */
  readonly byIndex: (pattern: string) => Promise<Row[]>;
};

/** Quickly read; what is often found is found here, and tells how often by that. */
const LOOKED_AT_FIRST = 2_000;
/** As many among the first ones mean that reading on ends sooner than fetching all that an index knows. */
const OFTEN = 4;
const LOOKED_AT_FOR_OFTEN = 50_000;
/** Texts of one or two characters have no trigram and are looked for in no older rows. */
const LOOKED_AT_FOR_SHORT = 20_000;

/**
 * Finds the newest rows with a text. A text that many rows have is found by reading from the newest one, any other by
 * an index of trigrams; the database itself cannot tell which it is.
 */
export async function findNewest<Row>(text: string, limit: number, search: TextSearch<Row>): Promise<Row[]> {
  // No row holds it, and the database refuses to be asked.
  if (text.includes('\0')) return [];
  const first = await search.among(LOOKED_AT_FIRST);
  if (first.length >= limit) return first;
  const pattern = patternOf(text.toLowerCase());
  if (pattern === undefined) return await search.among(LOOKED_AT_FOR_SHORT);
  const more = first.length < OFTEN ? [] : await search.among(LOOKED_AT_FOR_OFTEN);
  return more.length >= limit ? more : await search.byIndex(pattern);
}

const MIN_INDEXED = 3;
/** Each trigram more is one more list that the index reads, and these leave few enough rows. */
const MAX_INDEXED = 12;

/** A pattern for LIKE that all rows with the text fit, by the part of it that few others have. */
export function patternOf(text: string): string | undefined {
  if (text.length < MIN_INDEXED) return undefined;
  // What stands behind the @ of an address or a Message-ID is the same for very many.
  const at = text.indexOf('@');
  const rare =
    at >= MAX_INDEXED ? text.slice(at - MAX_INDEXED, at) : rarestOf(at < MIN_INDEXED ? text : text.slice(0, at));
  return `%${rare.replaceAll(/[\\%_]/g, '\\$&')}%`;
}

/** The part with the most digits: numbers tell invoices, classes and dates apart, words do not. */
function rarestOf(text: string): string {
  let best = { digits: -1, part: text };
  for (let start = 0; start + MAX_INDEXED <= text.length; start += 1) {
    const part = text.slice(start, start + MAX_INDEXED);
    const digits = part.replaceAll(/\D/g, '').length;
    if (digits > best.digits) best = { digits, part };
  }
  return best.part;
}

function isSortValue(value: unknown): value is string | number {
  return (typeof value === 'string' && !value.includes('\0')) || (typeof value === 'number' && Number.isFinite(value));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is not JSON is refused by the caller like any other wrong cursor.
    return undefined;
  }
}
