/**
 * Text from outside (subjects, names, a printer's words) made harmless before it reaches a terminal: escape sequences
 * could rewrite what was printed before, and marks of writing direction could make it read differently.
 */

// Control characters, line and paragraph separators, and the marks that turn the direction of writing.
const UNSAFE = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const LINE_BREAKS = /\r\n|[\r\n\t\u2028\u2029]/g;

/** One line without anything that a terminal would obey; what was there is shown as its code point. */
export function plain(text: string): string {
  return text.replace(LINE_BREAKS, ' ').replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** JSON in which every unsafe character is escaped; JSON itself only asks for the first 32. */
export function plainJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent) ?? 'null';
  return text.replace(UNSAFE, (character) =>
    // The line breaks of the indentation are the only control characters left outside of strings.
    character === '\n' ? character : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}])/u;

/** How many columns of a terminal a harmless line takes. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const { segment } of segmenter.segment(text)) columns += WIDE.test(segment) ? 2 : 1;
  return columns;
}

/** Cuts a harmless line to so many columns, with an ellipsis where something is missing. */
export function cut(text: string, maxColumns: number): string {
  if (columnsOf(text) <= maxColumns) return text;
  let kept = '';
  let columns = 0;
  for (const { segment } of segmenter.segment(text)) {
    columns += WIDE.test(segment) ? 2 : 1;
    if (columns > maxColumns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}
