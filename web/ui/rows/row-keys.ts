/**
 * The rows of a long list by keyboard: Tab leads to one of them, arrows from row to row, Home and End to the first and
 * the last one, Enter opens it, Space ticks it. What stands in a row is reached with Tab as before.
 */
import { type FocusEvent, type KeyboardEvent, type RefObject, useLayoutEffect, useRef, useState } from 'react';

type Wish = {
  readonly table: RefObject<HTMLTableElement | null>;
  /** How many rows there are, drawn or not. */
  readonly count: number;
  /** Scrolls to a row that is not drawn. */
  readonly reveal: (index: number) => void;
};

export type RowKeys = {
  /** The row that had the focus last; Tab leads back to it while it is drawn. */
  readonly at: string | undefined;
  readonly onKeyDown: (event: KeyboardEvent<HTMLTableElement>) => void;
  readonly onFocus: (event: FocusEvent<HTMLTableElement>) => void;
  /** Puts the focus on a row as soon as it is drawn. */
  readonly focusRow: (index: number) => void;
};

const ROW = 'tr[data-row]';

export function useRowKeys({ table, count, reveal }: Wish): RowKeys {
  const [at, setAt] = useState<string>();
  const wanted = useRef<number>(undefined);
  const focusRow = (index: number) => {
    wanted.current = index;
    if (!focusWanted(table.current, wanted)) reveal(index);
  };
  // A row far away is drawn after the page has scrolled there.
  useLayoutEffect(() => void focusWanted(table.current, wanted));
  return {
    at,
    focusRow,
    onFocus: ({ target }) => setAt(target.closest<HTMLElement>(ROW)?.dataset.key ?? at),
    onKeyDown: (event) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>(ROW);
      if (row === null || event.ctrlKey || event.metaKey || event.altKey) return;
      const next = placeAfter(event.key, Number(row.dataset.index), count);
      if (next !== undefined && isFree(event.target as HTMLElement)) focusRow(next);
      else if (event.target !== row || !actOn(row, event.key)) return;
      event.preventDefault();
    },
  };
}

function focusWanted(table: HTMLElement | null, wanted: RefObject<number | undefined>): boolean {
  if (wanted.current === undefined) return false;
  const row = table?.querySelector<HTMLElement>(`${ROW}[data-index="${wanted.current}"]`) ?? null;
  if (row === null) return false;
  wanted.current = undefined;
  row.focus();
  return true;
}

function placeAfter(key: string, index: number, count: number): number | undefined {
  if (key === 'ArrowDown') return Math.min(index + 1, count - 1);
  if (key === 'ArrowUp') return Math.max(index - 1, 0);
  if (key === 'Home') return 0;
  return key === 'End' ? count - 1 : undefined;
}

/** Fields, buttons with a menu and the menu itself need the arrows themselves. */
const isFree = (target: HTMLElement) =>
  target.matches(`${ROW}, a, button:not([aria-haspopup]), [type=checkbox]`) && target.closest('[role=menu]') === null;

function actOn(row: HTMLElement, key: string): boolean {
  const found = key === 'Enter' ? row.querySelector('a') : key === ' ' ? row.querySelector('input') : null;
  found?.click();
  // The page does not scroll by a key that belongs to the row.
  return found !== null || key === ' ';
}
