/** What is written in a message, as a document: its page, or its text where it has no page. Pure. */
import { recognizeDocument } from '../../jobs/jobs.ts';
import type { Leaf } from '../../protocols/mime/leaf.ts';
import { intakeLimits } from '../limits.ts';
import type { Picture } from './collect.ts';
import { type DocumentPolicy, shownPictures, showsSomething } from './rules.ts';

export type Body = { readonly leaf: Leaf; readonly isHtml: boolean; readonly text: Buffer };

/** `title` is empty where nothing names it. */
export type PrintableBody = { readonly title: string; readonly format: string; readonly content: Buffer };

type Asked = {
  readonly policy: DocumentPolicy['body'];
  /** Paths of the documents that were found. */
  readonly found: readonly string[];
  readonly pictures: readonly Picture[];
  readonly subject: string;
};

/**
 * The texts to be printed: of the message itself, and of each message inside it, unless there is a document beside them
 * and the policy asks for that. A message that somebody attached is itself such a document.
 */
export function printableBodies(bodies: readonly Body[], asked: Asked): PrintableBody[] {
  if (asked.policy === 'never') return [];
  const groups = Map.groupBy(bodies, ({ leaf }) => leaf.messagePath);
  const printed: PrintableBody[] = [];
  // The innermost ones first: what they become counts for the message around them.
  const order = [...groups].sort(([, a], [, b]) => (b[0]?.leaf.embeddedDepth ?? 0) - (a[0]?.leaf.embeddedDepth ?? 0));
  const found = [...asked.found];
  for (const [prefix, group] of order) {
    if (asked.policy === 'without-attachment' && found.some((path) => path.startsWith(prefix))) continue;
    const body = makeBody(group, asked);
    if (body === undefined) continue;
    printed.unshift(body);
    found.push(`${prefix}0`);
  }
  return printed;
}

function makeBody(group: readonly Body[], { pictures, subject }: Asked): PrintableBody | undefined {
  const title = group[0]?.leaf.within ?? subject;
  const page = group.find(({ isHtml, text }) => isHtml && showsSomething(text.toString('latin1')));
  if (page !== undefined) {
    const content = withPictures(page.text, pictures);
    return { title, format: formatOf(page.leaf, content, 'text/html'), content };
  }
  const texts = group.filter(({ isHtml, text }) => !isHtml && text.toString('latin1').trim() !== '');
  const [first] = texts;
  if (first === undefined) return undefined;
  const charset = first.leaf.charset ?? '';
  const alike = texts.filter(({ leaf }) => (leaf.charset ?? '') === charset);
  const content = Buffer.concat(alike.flatMap(({ text }) => [text, Buffer.from('\r\n')]));
  return { title, format: formatOf(first.leaf, content, 'text/plain'), content };
}

/** As conversion knows it, with its character set. */
function formatOf({ declaredType, charset }: Leaf, content: Buffer, otherwise: string): string {
  const hint = charset === undefined ? declaredType : `${declaredType}; charset=${charset}`;
  const found = recognizeDocument(content, { declaredType: hint });
  return found.kind === 'document' && found.format.startsWith('text/') ? found.format : otherwise;
}

/** Puts the pictures that a page shows into it, because nothing is fetched when it is printed. */
function withPictures(page: Buffer, pictures: readonly Picture[]): Buffer {
  // Byte by byte: the page has a character set of its own, and all that is put in is ASCII.
  const html = page.toString('latin1');
  const shown = shownPictures(html);
  const urls = new Map<string, string>();
  for (const { leaf, format, content } of pictures) {
    const name = leaf.contentId?.toLowerCase();
    if (name === undefined || content === undefined || !shown.has(name)) continue;
    urls.set(name, `data:${format};base64,${content.toString('base64')}`);
  }
  if (urls.size === 0) return page;
  // A page may show one picture a thousand times.
  let left = 2 * intakeLimits.maxShownBytes;
  const whole = html.replace(/\bcid:([^"'\s<>)]{1,250})/gi, (written, name: string) => {
    const url = urls.get(name.toLowerCase());
    if (url === undefined || url.length > left) return written;
    left -= url.length;
    return url;
  });
  return Buffer.from(whole, 'latin1');
}
