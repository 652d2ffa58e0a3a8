/** Every text that a person reads, in English and Italian, from `en.json` and `it.json`. */
import i18next, { type i18n } from 'i18next';
import en from './en.json' with { type: 'json' };
import it from './it.json' with { type: 'json' };

export type Language = 'en' | 'it';
export const LANGUAGES: readonly Language[] = ['en', 'it'];

type Values = Readonly<Record<string, string | number>>;

const texts: i18n = i18next.createInstance();
texts.init({
  resources: { en: { translation: en }, it: { translation: it } },
  lng: 'en',
  fallbackLng: false,
  initAsync: false,
  showSupportNotice: false,
  interpolation: { escapeValue: false },
  returnNull: false,
} as Parameters<i18n['init']>[0]);

/** The text under `key`; plural forms are chosen by `values.count`. */
export function textFor(language: Language, key: string, values: Values = {}): string {
  return texts.t(key, { lng: language, ...values });
}

export function hasText(language: Language, key: string): boolean {
  return texts.exists(key, { lng: language });
}

/** What happened, in the reader's language: the title of an error code. */
export function titleFor(language: Language, code: string, values: Values = {}): string {
  return textFor(language, `errors.${code}.title`, values);
}

/** What to do next about an error code. */
export function adviceFor(language: Language, code: string, values: Values = {}): string {
  return textFor(language, `errors.${code}.advice`, values);
}

/**
 * Why a message, or one of its documents, was not taken, and what to do about it: a reason is of the intake, or the code of
 * an error. One of an older version that has no words any more is shown as it is.
 */
export function reasonFor(
  language: Language,
  reason: string,
  values: Values = {},
): { readonly text: string; readonly advice: string | undefined } {
  if (hasText(language, `intake.reasons.${reason}`)) {
    const text = textFor(language, `intake.reasons.${reason}`, values);
    const advice = `notices.advice.${reason}`;
    return { text, advice: hasText(language, advice) ? textFor(language, advice, values) : undefined };
  }
  if (!hasText(language, `errors.${reason}.title`)) return { text: reason, advice: undefined };
  return { text: titleFor(language, reason, values), advice: adviceFor(language, reason, values) };
}

/** What whoever looks after a message that was not taken can do; undefined where there is nothing to do. */
export function adviceOnReason(language: Language, reason: string): string | undefined {
  const key = `intake.advice.${reason}`;
  return hasText(language, key) ? textFor(language, key) : reasonFor(language, reason).advice;
}

/** The first language of an Accept-Language header that Platen speaks (RFC 9110 section 12.5.4); English otherwise. */
export function chooseLanguage(header: string | undefined): Language {
  const wishes = (header ?? '')
    .slice(0, 1000)
    .split(',')
    .map((part, index) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const quality = parameters.map((text) => /^\s*q=(\d(?:\.\d{1,3})?)\s*$/.exec(text)?.[1]).find((text) => text);
      return { language: tag.split('-')[0], quality: Number(quality ?? 1), index };
    })
    .sort((left, right) => right.quality - left.quality || left.index - right.index);
  for (const { language, quality } of wishes) {
    if (quality > 0 && (language === 'en' || language === 'it')) return language;
  }
  return 'en';
}
