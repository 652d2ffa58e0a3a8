/** The language of somebody whom Platen does not know yet, from what the mail program says (RFC 3282). */
import type { MessageHead } from '../../protocols/mime/header-text.ts';
import type { Language } from '../../store/schema.ts';

const MAX_CHARACTERS = 400;
const MAX_TAGS = 20;
const TAG = /^([a-z]{2,8})(?:-[a-z0-9]{1,8}){0,8}\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?$/i;
const LANGUAGES: readonly string[] = ['en', 'it'] satisfies Language[];

/**
 * The first of Platen's languages that the message is in, or else that its sender reads best. Undefined where it names
 * none of them: no words of the message are looked at.
 */
export function languageOf({ fields }: Pick<MessageHead, 'fields'>): Language | undefined {
  return findLanguage(fields.get('content-language')) ?? findLanguage(fields.get('accept-language'));
}

function findLanguage(values: readonly string[] = []): Language | undefined {
  const tags = (values[0] ?? '').slice(0, MAX_CHARACTERS).split(',', MAX_TAGS);
  const wanted = tags.flatMap((tag) => {
    const [, name = '', quality = '1'] = TAG.exec(tag.trim()) ?? [];
    const isOurs = LANGUAGES.includes(name.toLowerCase()) && Number(quality) > 0;
    return isOurs ? [{ language: name.toLowerCase() as Language, quality: Number(quality) }] : [];
  });
  return wanted.sort((left, right) => right.quality - left.quality)[0]?.language;
}
