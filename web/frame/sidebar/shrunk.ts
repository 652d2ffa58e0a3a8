/** Whether the sidebar shows its signs alone: as it was left on this device, for windows of this width. */
import { useMediaQuery } from '@mantine/hooks';
import { useState } from 'react';

/** Up to here the pages need the room more than the names do. */
const MIDDLE = '(max-width: 1080px)';
const KEPT = { middle: 'platen-sidebar-middle', wide: 'platen-sidebar-wide' } as const;

export type Shrunk = { readonly isShrunk: boolean; readonly turn: () => void };

export function useShrunk(): Shrunk {
  const isMiddle = useMediaQuery(MIDDLE, undefined, { getInitialValueInEffect: false });
  const key = isMiddle ? KEPT.middle : KEPT.wide;
  const [chosen, setChosen] = useState<Readonly<Record<string, string>>>({});
  const kept = chosen[key] ?? localStorage.getItem(key);
  const isShrunk = kept === null ? isMiddle : kept === 'signs';
  const turn = () => {
    const next = isShrunk ? 'names' : 'signs';
    localStorage.setItem(key, next);
    setChosen({ ...chosen, [key]: next });
  };
  return { isShrunk, turn };
}
