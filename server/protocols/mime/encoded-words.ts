import libmime from 'libmime';
import { mimeLimits } from '../limits.ts';

/** Decodes the encoded words of RFC 2047 and raw UTF-8 or Latin-1, drops control characters, and bounds the length. */
export function decodeHeaderText(value: string): string {
  const bounded = value.slice(0, 8 * mimeLimits.maxHeaderTextCharacters);
  let decoded = bounded;
  try {
    decoded = libmime.decodeWords(bounded);
  } catch {
    // A word that cannot be decoded is shown as it was written.
  }
  const clean = decoded.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu, ' ').trim();
  return Array.from(clean.slice(0, 2 * mimeLimits.maxHeaderTextCharacters))
    .slice(0, mimeLimits.maxHeaderTextCharacters)
    .join('')
    .toWellFormed();
}
