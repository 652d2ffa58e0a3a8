/**
 * What a list showed stays while nobody answers what was asked since, such as what is typed into its search: the bar of
 * the lost server tells why, or a note above the list where only this one question was left without an answer.
 */
import { useEffect, useRef, useState } from 'react';
import { isProblem } from '../../api/client.ts';
import { useLost } from '../../app/live.tsx';
import { Failed } from '../content.tsx';

type Asked<T> = { readonly data: T | undefined; readonly error: unknown };
export type Kept<T> = { readonly data: T | undefined; readonly isKept: boolean };

/** A refusal is an answer and is shown in the place of the list; silence is none. */
export function useKept<T>({ data, error }: Asked<T>): Kept<T> {
  const last = useRef<T>(undefined);
  if (data !== undefined) last.current = data;
  const isSilent = isProblem(error) && error.code === 'no-answer';
  const isKept = data === undefined && isSilent && last.current !== undefined;
  return { data: isKept ? last.current : data, isKept };
}

/** Until then the bar of the lost server may come, or the answer. */
const PATIENCE_MS = 1_000;

export function KeptNote({ error, retry }: { readonly error: unknown; readonly retry: () => unknown }) {
  const isLost = useLost() !== undefined;
  const [isDue, setDue] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setDue(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return isDue && !isLost ? <Failed error={error} retry={retry} /> : null;
}
