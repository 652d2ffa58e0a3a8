/** Words of strangers: shown as text, with what cannot be seen made visible, so that no name looks like another one. */
// Marks that turn the direction of writing or are not seen at all (Unicode bidi controls, zero width, C0 and C1).
const UNSEEN = /[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]/g;

export function plain(words: string): string {
  return words.replace(UNSEEN, '\uFFFD');
}
