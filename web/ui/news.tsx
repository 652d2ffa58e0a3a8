/**
 * New rows of a list that is read: they wait behind a button, so that the row under the pointer, the row with the focus
 * and what was scrolled to stay where they are. A list that nobody has at hand just shows them.
 */
import { Button } from '@mantine/core';
import { type RefObject, useEffect, useLayoutEffect, useReducer, useRef, useState } from 'react';

/** A run of new rows is looked for as long as it is followed by one of this many that are shown. */
const MOST_KNOWN = 200;
/** A screen reader is told at most this often. */
const TELL_EVERY_MS = 30_000;

export type News<T> = {
  readonly shown: readonly T[];
  /** How many wait. */
  readonly count: number;
  readonly show: () => void;
};

/** `of`: what the list is of; with another filter nothing is new. */
export function useNews<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { of, place }: { readonly of: string; readonly place: RefObject<HTMLElement | null> },
): News<T> {
  const [, again] = useReducer((count: number) => count + 1, 0);
  const known = useRef({ of, keys: new Set<string>(), isHolding: false });
  const { keys, isHolding } = known.current.of === of ? known.current : { keys: new Set<string>(), isHolding: false };
  const run = Math.max(0, keys.size === 0 ? 0 : items.findIndex((item) => keys.has(keyOf(item))));
  const count = run > 0 && (isHolding || isAtHand(place.current)) ? run : 0;
  const shown = count === 0 ? items : items.slice(count);
  useLayoutEffect(() => {
    known.current = { of, keys: new Set(shown.slice(0, MOST_KNOWN).map(keyOf)), isHolding: count > 0 };
  });
  const show = () => {
    known.current = { of, keys: new Set(), isHolding: false };
    again();
    place.current?.scrollIntoView({ block: 'start' });
    place.current?.focus({ preventScroll: true });
  };
  return { shown, count, show };
}

function isAtHand(place: HTMLElement | null): boolean {
  if (place === null) return false;
  return place.matches(':hover') || place.contains(document.activeElement) || place.getBoundingClientRect().top < 0;
}

type NewRowsProps = { readonly count: number; readonly words: (count: number) => string; readonly onShow: () => void };

export function NewRows({ count, words, onShow }: NewRowsProps) {
  const [told, setTold] = useState('');
  const toldAt = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    if (count === 0) return setTold('');
    const wait = Math.max(0, toldAt.current + TELL_EVERY_MS - performance.now());
    const timer = setTimeout(() => {
      toldAt.current = performance.now();
      setTold(words(count));
    }, wait);
    return () => clearTimeout(timer);
  }, [count, words]);
  return (
    <>
      <span role="status" className="quiet">
        {told}
      </span>
      {count === 0 ? null : (
        <div className="newrows">
          <Button variant="default" radius="xl" onClick={onShow}>
            {words(count)}
          </Button>
        </div>
      )}
    </>
  );
}
