/**
 * What a sender wrote about how to print: words in brackets of the subject (`[2 copies, duplex]`), or behind the name of the
 * mailbox (`print+duplex@…`), in English and Italian. Words that are not known change nothing and are told back.
 */
import type { JobOptions } from '../jobs/jobs.ts';
import type { MessageHead } from '../protocols/mime/header-text.ts';
import { intakeLimits } from './limits.ts';

export type Wishes = {
  readonly options: JobOptions;
  /** As they were written, in order. */
  readonly ignored: readonly IgnoredWord[];
};

export type IgnoredWord = {
  readonly word: string;
  readonly reason: 'unknown' | 'too-many-copies' | 'bad-pages' | 'too-many-words';
};

export const NO_WISHES: Wishes = { options: {}, ignored: [] };

/** Reads the words in all brackets of a subject. What stands later wins. */
export function readSubject(subject: string): Wishes {
  const groups = [...subject.slice(0, intakeLimits.maxWishChars).matchAll(/\[([^[\]]*)\]/g)];
  return readWords(groups.flatMap(([, inside = '']) => (isTag(inside) ? [] : inside.split(/[,;]/))));
}

/** Reads the words behind the plus of the mailbox's address, where a field of the header names it so (RFC 5233). */
export function readSubAddress(fields: ReadonlyMap<string, readonly string[]>, mailbox: string): Wishes {
  const at = mailbox.lastIndexOf('@');
  const [begin, end] = [`${mailbox.slice(0, at)}+`.toLowerCase(), mailbox.slice(at).toLowerCase()];
  for (const name of ADDRESS_FIELDS) {
    for (const value of fields.get(name) ?? []) {
      const detail = findDetail(value.slice(0, intakeLimits.maxAddressFieldChars).toLowerCase(), begin, end);
      if (detail !== undefined) return readWords(detail.split(/[+.,;]/));
    }
  }
  return NO_WISHES;
}

/** Reads all wishes of a message to a mailbox. */
export function readWishes(head: MessageHead | undefined, mailbox: string): Wishes {
  if (head === undefined) return NO_WISHES;
  return joinWishes(readSubAddress(head.fields, mailbox), readSubject(head.subject));
}

export function hasWishes({ options, ignored }: Wishes): boolean {
  return Object.keys(options).length > 0 || ignored.length > 0;
}

/** What the subject says wins over what the address says. */
export function joinWishes(address: Wishes, subject: Wishes): Wishes {
  return {
    options: { ...address.options, ...subject.options },
    ignored: [...address.ignored, ...subject.ignored].slice(0, intakeLimits.maxWishWords),
  };
}

// The address of the envelope first: it is what the server went by.
const ADDRESS_FIELDS = ['delivered-to', 'x-original-to', 'envelope-to', 'to', 'cc'] as const;

function findDetail(value: string, begin: string, end: string): string | undefined {
  for (let from = value.indexOf(begin); from !== -1; from = value.indexOf(begin, from + 1)) {
    const detail = /^[^\s@<>"(),:;]{1,64}/.exec(value.slice(from + begin.length, from + begin.length + 64))?.[0];
    const isStart = from === 0 || /[\s<,:;"]/.test(value[from - 1] ?? '');
    if (detail === undefined || !isStart) continue;
    const endsAt = from + begin.length + detail.length;
    const isEnd = value.startsWith(end, endsAt) && /^[\s>,;"]?$/.test(value.charAt(endsAt + end.length));
    if (isEnd) return detail;
  }
  return undefined;
}

/** What mail servers and lists put before a subject is no wish. */
function isTag(inside: string): boolean {
  return /^\s*(?:ext|external|extern|esterno|spam|bulk|suspected spam|warning|attenzione|[a-z][a-z0-9]*[-#]\d+|#\d+)\s*:?\s*$/i.test(
    inside,
  );
}

type Meaning = { readonly options: JobOptions } | { readonly ignored: IgnoredWord['reason'] };

function readWords(written: readonly string[]): Wishes {
  const words = written.map((word) => word.trim()).filter((word) => word !== '');
  let wishes = NO_WISHES;
  let isAfterPages = false;
  for (const word of words.slice(0, intakeLimits.maxWishWords)) {
    const plain = plainOf(word);
    // `pages 1-3, 5`: a bare range goes on with the pages before it.
    const goesOn: boolean = isAfterPages && /^\d+(?:\s*-\s*\d*)?$/.test(plain);
    const meaning: Meaning = goesOn ? readPages(plain, wishes.options.pageRanges) : meaningOf(plain);
    wishes = take(wishes, word, meaning);
    isAfterPages = 'options' in meaning && meaning.options.pageRanges !== undefined;
  }
  const [left] = words.slice(intakeLimits.maxWishWords);
  return left === undefined ? wishes : take(wishes, left, { ignored: 'too-many-words' });
}

function take({ options, ignored }: Wishes, word: string, meaning: Meaning): Wishes {
  if ('ignored' in meaning) {
    const shown = word.slice(0, intakeLimits.maxShownWishChars);
    return { options, ignored: [...ignored, { word: shown, reason: meaning.ignored }] };
  }
  const { finishings = [] } = meaning.options;
  const joined = [...new Set([...(options.finishings ?? []), ...finishings])];
  const more = finishings.length === 0 ? {} : { finishings: joined };
  return { options: { ...options, ...meaning.options, ...more }, ignored };
}

/** Small letters without accents; hyphens and spaces are one blank, but for ranges of pages. */
function plainOf(word: string): string {
  return word
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[\u2010-\u2015\u2212]/g, '-')
    .replaceAll(/(?<=\p{L})[-_\s]+|[-_\s]+(?=\p{L})/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function meaningOf(word: string): Meaning {
  const known = WORDS.get(word);
  if (known !== undefined) return { options: known };
  const copies = COPIES.exec(word);
  if (copies !== null) return readCopies(Number(copies[1] ?? copies[2] ?? copies[3]));
  const pages = PAGES.exec(word);
  if (pages !== null) return readPages(pages[1] ?? '');
  const paper = WORDS.get(word.replace(/^(?:paper|size|on|carta|formato|su) (?:size |formato )?/, ''));
  return paper?.media === undefined ? { ignored: 'unknown' } : { options: paper };
}

const COPIES =
  /^(?:(\d{1,9}) ?(?:x|copies|copy|copie|copia)|(?:copies|copy|copie|copia|x) ?[:=]? ?(\d{1,9})|n ?[:=]? ?(\d{1,9}))$/;
const PAGES = /^(?:pages?|pgs?\.?|pp?\.?|pagine|pagina|pagg?\.?) ?:? ?((?:da |from )?\d.*)$/;

function readCopies(copies: number): Meaning {
  if (copies < 1) return { ignored: 'unknown' };
  return copies > intakeLimits.maxMailedCopies ? { ignored: 'too-many-copies' } : { options: { copies } };
}

function readPages(text: string, before: JobOptions['pageRanges'] = []): Meaning {
  const parts = text
    .replace(/^(?:da|from) /, '')
    .replaceAll(/ ?\b(?:to|a|bis)\b ?/g, '-')
    .split(/ ?(?:&|\band\b|\be\b|\bed\b| ) ?/)
    .filter((part) => part !== '');
  const pageRanges = [...before];
  for (const part of parts) {
    const range = /^(\d{1,6})(?:(-)(\d{1,6})?)?$/.exec(part.replaceAll(' ', ''));
    if (range === null) return { ignored: 'bad-pages' };
    const from = Number(range[1]);
    const to = range[2] === undefined ? from : Number(range[3] ?? intakeLimits.maxPageNumber);
    if (from < 1 || to < from || to > intakeLimits.maxPageNumber) return { ignored: 'bad-pages' };
    pageRanges.push({ from, to });
  }
  const isFew = pageRanges.length > 0 && pageRanges.length <= intakeLimits.maxPageRanges;
  return isFew ? { options: { pageRanges } } : { ignored: 'bad-pages' };
}

const SAYINGS: readonly (readonly [JobOptions, string])[] = [
  [
    { sides: 'two-sided-long-edge' },
    `duplex|double sided|doublesided|two sided|2 sided|both sides|long edge|duplex long edge|duplex long|front and back|
    fronte retro|fronteretro|fronte e retro|f/r|due facciate|due lati|2 facciate|2 lati|lato lungo|fronte retro lato lungo`,
  ],
  [
    { sides: 'two-sided-short-edge' },
    'short edge|duplex short edge|duplex short|tumble|lato corto|fronte retro lato corto|fronteretro lato corto',
  ],
  [
    { sides: 'one-sided' },
    `simplex|single sided|one sided|1 sided|one side|single side|no duplex|
    solo fronte|un lato|1 lato|una facciata|1 facciata|fronte|senza fronte retro`,
  ],
  [
    { color: 'monochrome' },
    `b/w|bw|b&w|b & w|black and white|black & white|black white|black|mono|monochrome|gray|grey|grayscale|greyscale|
    gray scale|grey scale|no color|no colour|bianco e nero|bianco nero|b/n|bn|b&n|nero|monocromatico|scala di grigi|
    toni di grigio|grigio|senza colore`,
  ],
  [{ color: 'color' }, 'color|colour|in color|in colour|colored|coloured|full color|colore|colori|a colori|a colore'],
  [{ media: 'iso_a3_297x420mm' }, 'a3'],
  [{ media: 'iso_a4_210x297mm' }, 'a4'],
  [{ media: 'iso_a5_148x210mm' }, 'a5'],
  [{ media: 'iso_a6_105x148mm' }, 'a6'],
  [{ media: 'iso_b4_250x353mm' }, 'b4'],
  [{ media: 'iso_b5_176x250mm' }, 'b5'],
  [{ media: 'na_letter_8.5x11in' }, 'letter|us letter|lettera'],
  [{ media: 'na_legal_8.5x14in' }, 'legal|us legal'],
  [{ media: 'na_ledger_11x17in' }, 'ledger|tabloid|11x17'],
  [
    { finishings: ['staple'] },
    `staple|staples|stapled|stapling|punti metallici|punto metallico|punti|con punti|pinzato|pinzata|pinzati|pinzare|
    pinzatura|graffettato|graffetta|graffette|graffettare|spillato|spillare|cucito|cucitura`,
  ],
  [
    { finishings: ['punch'] },
    `punch|punched|punching|hole punch|hole punched|holes|punch holes|foro|fori|forato|forata|forati|forare|foratura|
    con fori|perforato|perforare|perforazione`,
  ],
  [
    { finishings: [] },
    `no staple|no staples|unstapled|without staples|no finishing|no punch|no holes|
    senza punti|senza punti metallici|senza graffette|non pinzare|senza fori|senza finitura`,
  ],
];

const WORDS: ReadonlyMap<string, JobOptions> = new Map(
  SAYINGS.flatMap(([options, words]) => words.split('|').map((word) => [word.trim(), options] as const)),
);
