/** Whether a page can be used without a mouse: what a mouse can press is reached with Tab, and seen to be reached. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';

/**
 * Numbers what Tab should reach, and answers what else reacts to a mouse. Of the buttons of one radio group Tab reaches
 * one, as it does of the tabs of one list; arrows lead to the others (WAI-ARIA Authoring Practices, keyboard interface).
 * In front of a page a dialog is all there is.
 */
const NUMBER_STOPS = `(() => {
  const dialogs = [...document.querySelectorAll('[role=dialog]')].filter((one) => one.checkVisibility());
  const root = dialogs.at(-1) ?? document.body;
  const isSeen = (one) => {
    const { width, height } = one.getBoundingClientRect();
    return one.checkVisibility({ visibilityProperty: true }) && width > 0 && height > 0 && !one.closest('[inert], [aria-hidden=true]');
  };
  const wordsOf = (one) => [one.tagName.toLowerCase(), one.getAttribute('aria-label') ?? one.labels?.[0]?.textContent ?? one.textContent ?? '', one.getAttribute('name') ?? ''].join(' ').replace(/\\s+/g, ' ').trim().slice(0, 80);
  const FOCUSABLE = 'a[href], button, input:not([type=hidden]), select, textarea, summary, iframe, [tabindex]';
  for (const one of document.querySelectorAll('[data-stop]')) one.removeAttribute('data-stop');
  const groups = new Set();
  const names = [];
  for (const one of root.querySelectorAll(FOCUSABLE)) {
    if (one.tabIndex < 0 || one.disabled || one.closest('fieldset:disabled') || !isSeen(one)) continue;
    if (one.type === 'radio' && one.name !== '') {
      if (groups.has(one.name)) continue;
      groups.add(one.name);
      for (const other of root.querySelectorAll('input[type=radio]')) if (other.name === one.name) other.setAttribute('data-stop', String(names.length));
    }
    one.setAttribute('data-stop', String(names.length));
    names.push(wordsOf(one));
  }
  const reacts = (one) => getComputedStyle(one).cursor === 'pointer' && getComputedStyle(one.parentElement ?? one).cursor !== 'pointer';
  const deaf = [...root.querySelectorAll('*')].filter((one) => reacts(one) && isSeen(one) && !one.closest(FOCUSABLE + ', label') && one.querySelector(FOCUSABLE) === null);
  document.activeElement?.blur();
  return { names, deaf: deaf.map(wordsOf) };
})()`;

/** What of the look of the element, or of what stands for it, says that it has the focus. */
const LOOK = `((one) => {
  const near = [one, one.parentElement, one.nextElementSibling, one.previousElementSibling, one.parentElement?.parentElement];
  return near.map((each) => {
    if (each == null) return '';
    const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor } = getComputedStyle(each);
    return [outlineStyle === 'none' ? '' : outlineWidth + outlineColor, boxShadow, borderColor].join();
  }).join(';');
})`;
const LOOKS = `Object.fromEntries([...document.querySelectorAll('[data-stop]')].map((one) => [one.dataset.stop, ${LOOK}(one)]))`;
const WHERE = `(() => {
  // A color that changes slowly has not changed yet.
  for (const each of document.getAnimations()) if (each.effect?.getComputedTiming().endTime !== Infinity) each.finish();
  const one = document.activeElement;
  return one === null || one === document.body ? null : { stop: one.dataset.stop ?? null, look: ${LOOK}(one) };
})()`;

export type Walk = { readonly stops: number };

/** Walks over the page with Tab. Fails for what a mouse alone can press, and for a stop that nobody can see. */
export async function assertKeyboard(page: Page): Promise<Walk> {
  const { names, deaf } = (await page.evaluate(NUMBER_STOPS)) as { names: string[]; deaf: string[] };
  const before = (await page.evaluate(LOOKS)) as Record<string, string>;
  const reached = new Set<number>();
  const unseen: string[] = [];
  // A date has several stops of its own.
  for (let step = 0; step < 4 * names.length + 10 && reached.size < names.length; step++) {
    await page.keyboard.press('Tab');
    const where = (await page.evaluate(WHERE)) as { stop: string | null; look: string } | null;
    if (where?.stop == null) continue;
    const stop = Number(where.stop);
    if (!reached.has(stop) && where.look === before[where.stop]) unseen.push(names[stop] ?? '');
    reached.add(stop);
  }
  const missed = names.filter((_, stop) => !reached.has(stop));
  assert.deepEqual({ missed, unseen, deaf }, { missed: [], unseen: [], deaf: [] }, page.url());
  return { stops: names.length };
}
