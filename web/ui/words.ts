/** Words of strangers: shown as text, with what cannot be seen made visible, so that no name looks like another one. */
// Marks that turn the direction of writing or are not seen at all (Unicode bidi controls, zero width, C0 and C1).
const UNSEEN = /[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]/g;

export function plain(words: string): string {
  return words.replace(UNSEEN, '\uFFFD');
}

/**
 * What leads from a fault that no request led to into the log and the journal: what Platen or the other side calls it,
 * and the ids under which both have more.
 */
export function referenceOf(...parts: readonly (string | null | undefined)[]): string {
  return [...new Set(parts.filter((part) => part != null && part !== ''))].join(' · ');
}

/** A4 for `iso_a4_210x297mm`, as people say it. */
export function paperName(media: string): string {
  const name = plain(media.split('_')[1] ?? media);
  return name.charAt(0).toUpperCase() + name.slice(1);
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

/** 2.5 MB, 2,5 MB: as files are told, with a thousand to the next unit. */
export function sizeOf(language: string, bytes: number): string {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const format = { style: 'unit', unit: UNITS[step], unitDisplay: 'short', maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(language, format).format(bytes / 1000 ** step);
}
