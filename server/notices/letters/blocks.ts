/** A letter as blocks: plain text of at most 72 characters a line, and the same words as HTML. Pure. */
import { reasonFor, textFor } from '../../../locales/locales.ts';
import type { Language } from '../../store/schema.ts';
import type { Receiver } from '../notice.ts';

export type Block =
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly Item[] }
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  /** What the reader can do, on a page of its own. */
  | { readonly kind: 'act'; readonly words: string; readonly url: string }
  | { readonly kind: 'footer'; readonly text: string };

/** A document, and what is to be said of it. */
export type Item = { readonly name: string; readonly notes?: readonly string[] };
export type Row = readonly [label: string, text: string];

const LINE_CHARACTERS = 72;

/** One line without control characters and signs that turn the direction of what follows. */
export function cut(text: string, maxCharacters: number): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  const characters = [...line];
  return characters.length <= maxCharacters ? line : `${characters.slice(0, maxCharacters - 1).join('')}…`;
}

/** Breaks at blanks; what follows the first line can be set in, so that a label stands out. */
export function wrap(text: string, indent = '', maxCharacters = LINE_CHARACTERS): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > maxCharacters) {
      lines.push(line);
      line = `${indent}${word}`;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}

/** A day and an hour with the zone, because a server and its readers need not share one. */
export function timeOf(language: Language, at: Date): string {
  return new Intl.DateTimeFormat(language === 'it' ? 'it-IT' : 'en-GB', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  }).format(at);
}

/** Names that strangers have chosen are cut, so that they cannot fill a screen or push the rest out of sight. */
export const MAX_NAME_CHARACTERS = 60;

export function greetingOf({ language, name }: Receiver): string {
  if (name === undefined) return textFor(language, 'notices.helloAll');
  return textFor(language, 'notices.hello', { name: cut(name, MAX_NAME_CHARACTERS) });
}

export function documentName(language: Language, title: string): string {
  const name = cut(title, MAX_NAME_CHARACTERS);
  return name === '' ? textFor(language, 'notices.noName') : name;
}

/** The first of several names, and how many more there are. */
export function severalNames(language: Language, titles: readonly string[]): string {
  const document = documentName(language, titles[0] ?? '');
  return titles.length <= 1 ? document : textFor(language, 'notices.several', { document, count: titles.length - 1 });
}

export type Refused = { readonly title: string; readonly reason: string };

/** A document with the reason why it is not printed, and what to do about it. */
export function refusedItem(language: Language, { title, reason }: Refused): Item {
  const { text, advice } = reasonFor(language, reason);
  return { name: documentName(language, title), notes: advice === undefined ? [text] : [text, advice] };
}

export function asText(blocks: readonly Block[]): string {
  return `${blocks
    .map(textOf)
    .filter((text) => text !== '')
    .join('\n\n')}\n`;
}

function textOf(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return wrap(block.text);
    case 'list':
      return block.items
        .flatMap(({ name, notes = [] }) => [
          `  ${name}`,
          ...notes.map((note) => `  ${wrap(note, '  ', LINE_CHARACTERS - 2)}`),
        ])
        .join('\n');
    case 'rows':
      return block.rows.map(([label, text]) => wrap(`${label}: ${text}`, '  ')).join('\n');
    case 'act':
      return `${wrap(block.words)}\n${block.url}`;
    case 'footer':
      return block.text;
  }
}

export function asHtml(language: Language, blocks: readonly Block[]): string {
  return [
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8"></head>`,
    '<body style="font-family:Segoe UI,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5">',
    ...blocks.map(htmlOf).filter((html) => html !== ''),
    '</body></html>',
    '',
  ].join('\n');
}

function htmlOf(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return `<p>${escaped(block.text)}</p>`;
    case 'list':
      return block.items.length === 0 ? '' : `<ul>${block.items.map(itemOf).join('')}</ul>`;
    case 'rows':
      return block.rows.length === 0 ? '' : `<table role="presentation">${block.rows.map(rowOf).join('')}</table>`;
    case 'act':
      // In plain text the colon leads to the address below it; a link is the address.
      return `<p><a href="${escaped(block.url)}">${escaped(block.words.replace(/:$/, ''))}</a></p>`;
    case 'footer':
      return `<p style="color:#555;font-size:13px">${escaped(block.text)}</p>`;
  }
}

function itemOf({ name, notes = [] }: Item): string {
  return `<li>${[name, ...notes].map(escaped).join('<br>')}</li>`;
}

function rowOf([label, text]: Row): string {
  return `<tr><td style="padding:2px 12px 2px 0;vertical-align:top;color:#555">${escaped(label)}</td><td>${escaped(text)}</td></tr>`;
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
