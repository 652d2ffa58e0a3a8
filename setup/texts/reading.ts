/**
 * How hard a text is to read, as one figure for English and one for Italian.
 *
 * English: the grade of school that a reader needs, `0.39 × words per sentence + 11.8 × syllables per word − 15.59`
 * (Kincaid, Fishburne, Rogers and Chissom, Derivation of new readability formulas for Navy enlisted personnel, Research
 * Branch Report 8-75, 1975). Italian: Gulpease, `89 + (300 × sentences − 10 × letters) ÷ words`, from 0 to 100, higher is
 * easier (Lucisano and Piemontese, Gulpease: una formula per la predizione della difficoltà dei testi in lingua italiana,
 * Scuola e Città 3, 1988).
 *
 * What is no word to be read aloud is counted the same everywhere: a placeholder, an address, a path and a command are each
 * one word of two syllables and six letters, because the eye takes them as a name; numbers and signs alone are no words.
 */

export type Counts = {
  readonly sentences: number;
  readonly words: number;
  readonly letters: number;
  readonly syllables: number;
};

/** Stands for whatever the eye takes as a name. */
const NAME = 'Milano';
const NAMES_SYLLABLES = 2;

/** Commands are the words of a machine from their verb to the end of their sentence; the rest is told by its signs. */
const NAMES: readonly RegExp[] = [
  /\{\{[^}]*\}\}/g,
  /\b(?:Get|Set|Add|Connect)-[A-Z]\w+(?:\s+(?:-\w+|\$\w+|[\w.@]*@[\w.]+|Milano\b))*/g,
  /\bhttps?:\/\/\S+|\bipps?:\/\/\S*/g,
  /[\w.+-]+@[\w.-]+\w/g,
  /(?<![\w/])\/[\w/.-]+\w/g,
  /\b[a-z]+(?:[._][A-Za-z]+)+\b|\b[A-Z]\w+\.[A-Z][\w.]*\w/g,
];

export function countsOf(text: string): Counts {
  const plain = NAMES.reduce((rest, pattern) => rest.replace(pattern, NAME), text);
  const words = plain.match(/\p{L}+(?:[’'-]\p{L}+)*/gu) ?? [];
  const sentences = plain.split(/[.!?…]+(?:[”»)]*\s|[”»)]*$)/u).filter((part) => /\p{L}/u.test(part)).length;
  const letters = words.reduce((sum, word) => sum + word.replaceAll(/\P{L}/gu, '').length, 0);
  const syllables = words.reduce((sum, word) => sum + (word === NAME ? NAMES_SYLLABLES : syllablesOf(word)), 0);
  return { sentences: Math.max(1, sentences), words: words.length, letters, syllables };
}

/** The grade of an English text; nothing is easier than 0. */
export function gradeOf(text: string): number {
  const { sentences, words, syllables } = countsOf(text);
  if (words === 0) return 0;
  return Math.max(0, 0.39 * (words / sentences) + 11.8 * (syllables / words) - 15.59);
}

/** The Gulpease index of an Italian text, within its scale. */
export function gulpeaseOf(text: string): number {
  const { sentences, words, letters } = countsOf(text);
  if (words === 0) return 100;
  return Math.min(100, Math.max(0, 89 + (300 * sentences - 10 * letters) / words));
}

/**
 * The syllables of an English word: its groups of vowels, without a silent e at the end or in -es and -ed, with those
 * groups counted twice that are spoken apart (me-di-a, vi-a, cre-ate). An abbreviation is spelled: IMAP is said as a word,
 * SMTP letter by letter.
 */
export function syllablesOf(word: string): number {
  const parts = word.split(/[-’']/).filter((part) => part !== '');
  if (parts.length > 1) {
    return parts.reduce(
      (sum, part, at) => sum + (at > 0 && /^(?:s|t|d|ll|re|ve|m)$/i.test(part) ? 0 : syllablesOf(part)),
      0,
    );
  }
  if (/^[A-Z]{2,}s?$/.test(word) && !/[AEIOU]/.test(word)) return word.replace(/s$/, '').length;
  const lower = word.toLowerCase();
  const spoken = lower
    .replace(/(?<=[^aeiouy]|qu)e$/, (end, at) => (/[^aeiouy]l$/.test(lower.slice(0, at)) ? end : ''))
    .replace(/(?<=[^aeiouytd])(?<![^aeiouyrl]l)ed$/, '')
    .replace(/(?<=[^aeiouyszcgxh]|th)(?<![^aeiouyl]l)es$/, '')
    .replace(/(?<=[aeiou][^aeiouy]{1,2})e(?=(?:ly|ment|ments|less|ful|where|thing|one|body|times)$)/, '');
  const groups = spoken.match(/[aeiouy]+/g)?.length ?? 0;
  const apart =
    spoken.match(/(?<![ctgs])i(?:a|o|u|er$|ers$|et|en)|(?<=[aeiou][^aeiou]+)ea$|creat|[^qg]ua|[yue]ing/g)?.length ?? 0;
  return Math.max(1, groups + apart);
}
