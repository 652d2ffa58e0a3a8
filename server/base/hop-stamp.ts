/**
 * The stamp against loops. Each message that passes gets `X-Platen-Hop`: an id and its signature with a key of this
 * installation. A message that comes with a good one has been here before. Stamps of others mean nothing to us.
 */
export const STAMP_FIELD = 'X-Platen-Hop';
const PURPOSE = 'relay hop';
const SIGNATURE_DIGITS = 32;

export type Sign = (text: string, purpose: string) => string;

export function makeStamp(id: string, sign: Sign): string {
  return `${id} ${sign(id, PURPOSE).slice(0, SIGNATURE_DIGITS)}`;
}

export function isOwnStamp(value: string, sign: Sign): boolean {
  const match = /^\s*([0-9a-f-]{36})\s+([0-9a-f]{32})\s*$/.exec(value);
  const [, id = '', signature] = match ?? [];
  return match !== null && sign(id, PURPOSE).slice(0, SIGNATURE_DIGITS) === signature;
}
