/**
 * While the server does not answer, a button that asks something of it would only fail, and a link would leave the page
 * and what is typed in it for nothing: they are off, stay where the focus reaches them, and say why. What closes or opens
 * something needs no server, and neither does typing.
 */
import { useEffect, useRef } from 'react';

const BUTTONS = 'button.mantine-Button-root:not([data-off], [data-needs-nobody], :disabled)';
const LINKS = 'a[href]:not([data-off], [href^="#"])';

type Off = {
  readonly isOff: boolean;
  /** Of the element that says why. */
  readonly whyId: string;
  readonly why: string;
  /** What stands on buttons that need no server. */
  readonly free: readonly string[];
  /** Somebody pressed what is off. */
  readonly onRefused: () => void;
};

export function useOff({ isOff, whyId, why, free, onRefused }: Off): void {
  const kept = free.join('\n');
  const tell = useRef(onRefused);
  tell.current = onRefused;
  useEffect(() => {
    if (!isOff) return;
    const words = kept.split('\n');
    const given: [Element, string][] = [];
    const switchOff = () => {
      const buttons = [...document.querySelectorAll(BUTTONS)].filter((one) => !words.includes(one.textContent));
      for (const one of [...buttons, ...[...document.querySelectorAll<HTMLAnchorElement>(LINKS)].filter(isOwn)]) {
        for (const [name, value] of attributesOf(whyId, why)) {
          // What it said before, such as a name in full, it goes on saying.
          if (one.hasAttribute(name)) continue;
          one.setAttribute(name, value);
          given.push([one, name]);
        }
      }
    };
    const refuse = (event: Event) => {
      if (!(event.target instanceof Element) || event.target.closest('[data-off]') === null) return;
      stop(event);
      tell.current();
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
      for (const [one, name] of given) one.removeAttribute(name);
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

/** What leads to somebody else, such as to Microsoft, needs no answer of Platen. */
const isOwn = ({ origin }: HTMLAnchorElement) => origin === window.location.origin;

function stop(event: Event): void {
  event.preventDefault();
  event.stopPropagation();
}
