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
