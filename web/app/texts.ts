/** The texts of one language, loaded when it is chosen; the choice is remembered on this device. */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';

export type Language = 'en' | 'it';
export const LANGUAGES: readonly { readonly code: Language; readonly name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'it', name: 'Italiano' },
];
const KEPT = 'platen-language';
/** The person's language as the server told it the last time. */
const TOLD = 'platen-language-told';

type Load = Readonly<Record<Language, () => Promise<{ default: object }>>>;
const load: Load = {
  en: () => import('../../locales/en.json'),
  it: () => import('../../locales/it.json'),
};
/** What the first page can do without (`first-texts.ts`). */
const loadLater: Load = {
  en: () => import('../../locales/en.json?later'),
  it: () => import('../../locales/it.json?later'),
};
const whole = new Set<Language>();
let needsAll = false;

export async function startTexts(): Promise<void> {
  const language = wantedLanguage();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: { translation: (await load[language]()).default } },
    interpolation: { escapeValue: false },
    showSupportNotice: false,
  } as Parameters<typeof i18next.init>[0]);
  document.documentElement.lang = language;
}

export async function chooseLanguage(language: Language): Promise<void> {
  await speak(language);
  keep(language);
}

/** The language that somebody else meant for the reader; a choice of the reader's own goes first. */
export async function suggestLanguage(language: Language): Promise<void> {
  if (readKept() === null && language !== currentLanguage()) await speak(language);
}

/** Takes the language of the person when it was changed elsewhere since this device heard of it the last time. */
export async function followLanguage(language: Language): Promise<void> {
  const told = readKept(TOLD);
  keep(language, TOLD);
  if (told !== null && told !== language && language !== currentLanguage()) await chooseLanguage(language);
}

/** Brings the texts that did not come with the first page; each page but that one waits for them. */
export async function loadAllTexts(): Promise<void> {
  needsAll = true;
  await loadRest(currentLanguage());
}

async function loadRest(language: Language): Promise<void> {
  if (whole.has(language)) return;
  i18next.addResourceBundle(language, 'translation', (await loadLater[language]()).default);
  whole.add(language);
}

async function bring(language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, 'translation')) return;
  i18next.addResourceBundle(language, 'translation', (await load[language]()).default);
}

/** Brings all texts of every language, for what is read by people who do not choose one, such as paper. */
export async function bringAllLanguages(): Promise<void> {
  for (const { code } of LANGUAGES) {
    await bring(code);
    await loadRest(code);
  }
}

async function speak(language: Language): Promise<void> {
  await bring(language);
  if (needsAll) await loadRest(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export function currentLanguage(): Language {
  return i18next.language === 'it' ? 'it' : 'en';
}

function wantedLanguage(): Language {
  const kept = readKept();
  const wishes = kept === null ? navigator.languages : [kept];
  const known = wishes.map((one) => one.slice(0, 2)).find((one) => one === 'en' || one === 'it');
  return known === 'it' ? 'it' : 'en';
}

function readKept(name: string = KEPT): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    // A browser may forbid to keep anything; then its own language counts.
    return null;
  }
}

function keep(language: Language, name: string = KEPT): void {
  try {
    localStorage.setItem(name, language);
  } catch {
    // As above: the choice holds until the page is closed.
  }
}
