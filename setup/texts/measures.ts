/**
 * The table of the twelve measures in docs/performance.md: two of them are taken from the texts themselves, how long they
 * are and how hard they are to read, and two from the way of a newcomer, which a browser test counts on the same page.
 */
import { LANGUAGES, type Language } from '../../locales/locales.ts';
import { gradeOf, gulpeaseOf } from './reading.ts';
import { type Role, type Text, textsWithRoles } from './roles.ts';

/** Signs that fit where each kind of text stands; Italian needs about a fifth more. */
export const MOST_SIGNS: Readonly<Record<Language, Readonly<Record<Role, number>>>> = {
  en: { title: 60, detail: 240, advice: 260, button: 32 },
  it: { title: 75, detail: 280, advice: 300, button: 34 },
};
const ROLES: readonly Role[] = ['title', 'detail', 'advice', 'button'];

export function isTooLong(language: Language, { role, shown }: Pick<Text, 'role' | 'shown'>): boolean {
  return signsOf(shown) > MOST_SIGNS[language][role];
}

type Reading = {
  readonly of: (text: string) => number;
  /** Which of two figures is the harder text. */
  readonly isHarder: (one: number, other: number) => boolean;
  readonly average: number;
  readonly worst: number;
};

/** Flesch–Kincaid: lower is easier. Gulpease: higher is easier. */
export const READING: Readonly<Record<Language, Reading>> = {
  en: { of: gradeOf, isHarder: (one, other) => one > other, average: 8, worst: 12 },
  it: { of: gulpeaseOf, isHarder: (one, other) => one < other, average: 65, worst: 50 },
};

export function isTooHard(language: Language, text: string): boolean {
  const { of, isHarder, worst } = READING[language];
  return isHarder(of(text), worst);
}

/** Details and advice are read; a title and a button are taken in at a glance. */
export function textsToRead(language: Language): readonly Text[] {
  return textsWithRoles(language).filter(({ role }) => role === 'detail' || role === 'advice');
}

export function averageOf(language: Language): number {
  const figures = textsToRead(language).map(({ text }) => READING[language].of(text));
  return figures.reduce((sum, one) => sum + one, 0) / figures.length;
}

/** `page` with those rows as they are now; one without the table stays as it is. */
export function withMeasures(page: string): string {
  const way = (where: string, column: number) => {
    const row = page.split('\n').find((line) => line.startsWith(`| set-up link to “${where}” |`)) ?? '';
    return row.split('|').at(column)?.trim() ?? '';
  };
  const measured: readonly (readonly [number, string])[] = [
    [1, way('connected', 3)],
    [2, `${way('connected', 2)}; ${way('first page printed', 2)}`],
    [7, lengths()],
    [8, reading()],
  ];
  return measured.reduce(
    (text, [measure, figures]) =>
      text.replace(
        new RegExp(`^(\\| ${measure} (?:\\|[^|\\n]*){2}\\|)[^|\\n]*\\|`, 'm'),
        (_, row) => `${row} ${figures} |`,
      ),
    page,
  );
}

function lengths(): string {
  const texts = LANGUAGES.map((language) => textsWithRoles(language));
  const longest = ROLES.map((role) => {
    const each = texts.map((all) =>
      Math.max(...all.filter((one) => one.role === role).map(({ shown }) => signsOf(shown))),
    );
    return `${role} ${each.join('/')}`;
  });
  return `of ${texts[0]?.length} texts the longest: ${longest.join(', ')}; none cut`;
}

function reading(): string {
  const [english, italian] = LANGUAGES.map((language) => {
    const { of, isHarder } = READING[language];
    const figures = textsToRead(language).map(({ text }) => of(text));
    const worst = figures.reduce((one, other) => (isHarder(other, one) ? other : one));
    return { average: averageOf(language).toFixed(1), worst: worst.toFixed(1) };
  });
  return `grade ${english?.average}, worst ${english?.worst}; Gulpease ${italian?.average}, worst ${italian?.worst}`;
}

function signsOf(text: string): number {
  return [...text].length;
}
