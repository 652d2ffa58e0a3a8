/**
 * Keys that act without a modifier can be switched off (WCAG 2.1.4): who dictates would press them by speaking. Kept on
 * this device.
 */
import { useEffect, useRef } from 'react';

const KEPT = 'platen-shortcuts';

export const hasShortcuts = (): boolean => localStorage.getItem(KEPT) !== 'off';

export function switchShortcuts(isOn: boolean): void {
  if (isOn) localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, 'off');
}

const FIELD = /^(INPUT|TEXTAREA|SELECT)$/;

/** Is a key meant as a command: not typed into a field, not part of another command, and not switched off? */
export function isShortcut(event: KeyboardEvent): boolean {
  const isCommand = event.ctrlKey || event.metaKey || event.altKey;
  const isTyped = event.target instanceof HTMLElement && FIELD.test(event.target.tagName);
  return !isCommand && !isTyped && !event.repeat && hasShortcuts();
}

/** Does something at a letter, unless it is typed into a field, is part of another command, or letters are switched off. */
export function useShortcut(letter: string | undefined, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    if (letter === undefined) return;
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== letter || !isShortcut(event)) return;
      latest.current();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [letter]);
}
