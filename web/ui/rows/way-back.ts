/** The way back from a page to the list that led there: the same row stands at the same place and has the focus. */
import { useRouter } from '@tanstack/react-router';
import { type MouseEvent, type RefObject, useCallback, useEffect, useRef } from 'react';

type Left = {
  /** What the list was of. */
  readonly of: string;
  readonly key: string;
  /** How far below the upper edge of the window the row was. */
  readonly top: number;
};

type Wish = {
  readonly of: string;
  readonly table: RefObject<HTMLTableElement | null>;
  /** How many rows there are by now. */
  readonly count: number;
  readonly indexOf: (key: string) => number;
  readonly focusRow: (index: number) => void;
};

/** Until rows that are far down are drawn and measured; no longer than anybody takes to scroll. */
const FRAMES = { least: 5, most: 30 } as const;

/** For the table, which sees every click in it: the row through which the page is left. */
export function useWayBack({ of, table, count, indexOf, focusRow }: Wish) {
  const router = useRouter();
  // Each entry of the history has a list of its own; what only changes the address makes a new entry.
  const place = useCallback(() => `platen.row.${router.history.location.state.__TSR_key ?? ''}`, [router]);
  const latest = useRef({ indexOf, focusRow });
  latest.current = { indexOf, focusRow };
  const isEmpty = count === 0;
  useEffect(() => {
    const left = isEmpty ? undefined : read(place());
    const index = left?.of === of ? latest.current.indexOf(left.key) : -1;
    if (left === undefined || index < 0) return;
    let frames = 0;
    let frame = requestAnimationFrame(function step() {
      // Somebody who is quicker stays where they are.
      if (frames === 0 && !isFocusFree()) return;
      if (frames === 0) latest.current.focusRow(index);
      const far = farFrom(table.current, left);
      if (far !== undefined) window.scrollBy(0, far);
      frames += 1;
      if (frames < FRAMES.least || (far !== 0 && frames < FRAMES.most)) frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [isEmpty, of, place, table]);
  return (event: MouseEvent<HTMLTableElement>) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>('tr[data-row]');
    const key = row?.dataset.key;
    if (row == null || key === undefined) return;
    sessionStorage.setItem(place(), JSON.stringify({ of, key, top: row.getBoundingClientRect().top }));
  };
}

/** How many pixels the row is from where it was; `undefined` while it is not drawn. */
function farFrom(table: HTMLElement | null, { key, top }: Left): number | undefined {
  const row = table?.querySelector(`tr[data-key="${CSS.escape(key)}"]`);
  return row == null ? undefined : Math.round(row.getBoundingClientRect().top - top);
}

/** A page that was opened puts the focus on its title. */
const isFocusFree = () => document.activeElement === document.body || document.activeElement?.matches('h1') === true;

function read(place: string): Left | undefined {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(place) ?? 'null');
    const { of, key, top } = (found ?? {}) as Partial<Left>;
    return typeof of === 'string' && typeof key === 'string' && typeof top === 'number' ? { of, key, top } : undefined;
  } catch {
    // What somebody else wrote there leads nowhere.
    return undefined;
  }
}
