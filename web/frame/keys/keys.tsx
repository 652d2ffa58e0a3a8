/** Keys that lead on: `g` and then the letter of a page, and `?` for the list of all keys. Switched off with the others. */
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { loadAllTexts } from '../../app/texts.ts';
import type { Entry } from '../navigation.ts';
import { isShortcut } from '../shortcuts.ts';

/** The second key may come this much later. */
const WAIT_MS = 1_500;
const LETTERS: readonly (readonly [letter: string, title: string])[] = [
  ['o', 'nav.overview'],
  ['o', 'nav.myJobs'],
  ['j', 'nav.jobs'],
  ['m', 'nav.outbox'],
  ['p', 'nav.printers'],
  ['d', 'nav.devices'],
  ['s', 'nav.settings'],
];

export type Jump = { readonly letter: string; readonly entry: Entry };

// Read by few and rarely: not part of the first load.
const KeyList = lazy(async () => {
  const [list] = await Promise.all([import('../../account/key-list.tsx'), loadAllTexts()]);
  return list;
});

export function Keys({ entries }: { readonly entries: readonly Entry[] }) {
  const navigate = useNavigate();
  const [isListed, setListed] = useState(false);
  const jumps = LETTERS.flatMap(([letter, title]) =>
    entries.filter((entry) => entry.title === title).map((entry) => ({ letter, entry })),
  );
  const latest = useRef(jumps);
  latest.current = jumps;
  useEffect(() => {
    let beganAtMs = Number.NEGATIVE_INFINITY;
    const press = (event: KeyboardEvent) => {
      // What is open on top may hold something typed.
      if (!isShortcut(event) || document.querySelector('[role="dialog"]') !== null) return;
      const isSecond = event.timeStamp - beganAtMs < WAIT_MS;
      beganAtMs = event.key === 'g' ? event.timeStamp : Number.NEGATIVE_INFINITY;
      if (event.key === '?') setListed(true);
      const to = isSecond ? latest.current.find(({ letter }) => letter === event.key) : undefined;
      if (to !== undefined) void navigate({ to: to.entry.path });
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [navigate]);
  if (!isListed) return null;
  return (
    <Suspense fallback={null}>
      <KeyList jumps={jumps} onClose={() => setListed(false)} />
    </Suspense>
  );
}
