import { mimeLimits } from '../limits.ts';

/** Control characters, and the ones that turn or hide the text around them (Unicode's bidirectional controls). */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

/** Names that Windows gives to devices, with any extension. */
const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/**
 * Makes a file name fit to be shown: no folders, no unseen characters, no reserved names, a bounded length that keeps
 * the extension. Answers undefined when nothing is left. The result is display text and never becomes a path.
 */
export function displayFileName(written: string): string | undefined {
  const last =
    written
      .slice(0, 64 * mimeLimits.maxFileNameCharacters)
      .replace(UNSEEN, '')
      .split(/[/\\]/)
      .at(-1) ?? '';
  const plain = last
    .replace(/[<>:"|?*]/g, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+|[. ]+$/g, '');
  if (plain === '') return undefined;
  const named = RESERVED.test(plain) ? `_${plain}` : plain;
  return shorten(named);
}

function shorten(name: string): string {
  const characters = Array.from(name);
  if (characters.length <= mimeLimits.maxFileNameCharacters) return name;
  const dot = characters.lastIndexOf('.');
  const extension = dot > 0 && characters.length - dot <= 10 ? characters.slice(dot) : [];
  return [...characters.slice(0, mimeLimits.maxFileNameCharacters - extension.length), ...extension].join('');
}
