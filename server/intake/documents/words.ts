/** What a reason says to a person, and what to do about it; the texts stand in `locales/`. */
import { adviceFor, hasText, textFor, titleFor } from '../../../locales/locales.ts';
import type { Language } from '../../store/schema.ts';

export type Words = { readonly text: string; readonly advice: string | undefined };

/** Of a message or of one of its documents; a reason of an older version that has no words any more is shown as it is. */
export function wordsOf(
  language: Language,
  reason: string,
  values: Readonly<Record<string, string | number>> = {},
): Words {
  const advice = `notices.advice.${reason}`;
  if (hasText(language, `intake.reasons.${reason}`)) {
    const text = textFor(language, `intake.reasons.${reason}`, values);
    return { text, advice: hasText(language, advice) ? textFor(language, advice, values) : undefined };
  }
  if (!hasText(language, `errors.${reason}.title`)) return { text: reason, advice: undefined };
  return { text: titleFor(language, reason, values), advice: adviceFor(language, reason, values) };
}
