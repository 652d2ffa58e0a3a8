/**
 * While the server does not answer, a button that asks something of it would only fail: it is off, stays where the focus
 * reaches it, and says why. What closes or opens something needs no server, and neither does typing.
 */
import { useEffect } from 'react';

const BUTTONS = 'button.mantine-Button-root:not([data-off], [data-needs-nobody], :disabled)';

type Off = {
  readonly isOff: boolean;
  /** Of the element that says why. */
  readonly whyId: string;
  readonly why: string;
  /** What stands on buttons that need no server. */
  readonly free: readonly string[];
};

export function useButtonsOff({ isOff, whyId, why, free }: Off): void {
  const kept = free.join('\n');
  useEffect(() => {
    if (!isOff) return;
    const words = kept.split('\n');
    const switchOff = () => {
      for (const button of document.querySelectorAll<HTMLButtonElement>(BUTTONS)) {
        if (words.includes(button.textContent)) continue;
        for (const [name, value] of attributesOf(whyId, why)) button.setAttribute(name, value);
      }
    };
    switchOff();
    const watch = new MutationObserver(switchOff);
    watch.observe(document.body, { childList: true, subtree: true });
    document.addEventListener('click', refuse, true);
    document.addEventListener('submit', stop, true);
    return () => {
      watch.disconnect();
      document.removeEventListener('click', refuse, true);
      document.removeEventListener('submit', stop, true);
      for (const button of document.querySelectorAll('[data-off]')) {
        for (const [name] of attributesOf(whyId, why)) button.removeAttribute(name);
      }
    };
  }, [isOff, whyId, why, kept]);
}

function attributesOf(whyId: string, why: string): readonly (readonly [string, string])[] {
  return [
    ['data-off', ''],
    // Mantine's own look of what is off.
    ['data-disabled', 'true'],
    ['aria-disabled', 'true'],
    ['aria-describedby', whyId],
    ['title', why],
  ];
}

function refuse(event: Event): void {
  if (event.target instanceof Element && event.target.closest('[data-off]') !== null) stop(event);
}

function stop(event: Event): void {
  event.preventDefault();
  event.stopPropagation();
}
