/** Signing in on the pages of the practice tenant, in a tab of its own, as the owner of a mailbox does at Microsoft. */
import type { Page } from 'playwright-core';
import type { Window } from './browser.ts';

const WORDS = {
  en: { next: 'Next', go: 'Continue', decline: 'Cancel', chosen: 'Choose a practice account' },
  it: { next: 'Avanti', go: 'Continua', decline: 'Annulla', chosen: 'Scegli un account di esercitazione' },
} as const;
type Language = keyof typeof WORDS;

type Answer = { readonly account: string; readonly isDeclined?: boolean };

/** Enters the code that the page shows, and confirms or declines. */
export async function answerByCode(window: Window, language: Language, answer: Answer): Promise<void> {
  const words = WORDS[language];
  const code = (await window.page.getByTestId('user-code').textContent()) ?? '';
  const address = await window.page.getByRole('link', { name: /devicelogin/ }).getAttribute('href');
  const tab: Page = await window.context.newPage();
  await tab.goto(address ?? '');
  await tab.locator('#userCode').fill(code);
  await tab.getByRole('button', { name: words.next }).click();
  await tab.getByRole('heading', { name: words.chosen }).waitFor();
  await tab.locator('#other').fill(answer.account);
  await tab.getByRole('button', { name: words.next }).click();
  const answered = tab.waitForURL(/\/sign-in\/confirm/);
  await tab.getByRole('button', { name: answer.isDeclined === true ? words.decline : words.go, exact: true }).click();
  // A tab that is closed while it goes to a page may never say that it is closed.
  await answered;
  await tab.close();
}

/** Signs in by the link that the page shows, and returns the address at its end. */
export async function answerByLink(
  window: Window,
  language: Language,
  { account, end = /nativeclient\?/ }: { readonly account: string; readonly end?: RegExp },
): Promise<string> {
  const words = WORDS[language];
  const address = await window.page.getByTestId('sign-in-link').getAttribute('href');
  const tab: Page = await window.context.newPage();
  await tab.goto(address ?? '');
  await tab.locator('#other').fill(account);
  await tab.getByRole('button', { name: words.next }).click();
  await tab.getByRole('button', { name: words.go, exact: true }).click();
  await tab.waitForURL(end);
  const reached = tab.url();
  await tab.close();
  return reached;
}
