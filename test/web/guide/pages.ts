/** The guide as its readers find it: pages, their steps, the labels of the screens that they name, and their pictures. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Language } from '../../../locales/locales.ts';

export const DOCS: string = fileURLToPath(new URL('../../../docs', import.meta.url));
export const FOLDERS: Readonly<Record<Language, string>> = { en: 'guide', it: 'it' };
export const PICTURES: string = join(DOCS, 'guide', 'pictures');

export type Picture = { readonly name: string; readonly target: string; readonly alt: string };

/** A step of a list, or a paragraph; the pictures that stand below it belong to it. */
export type Block = {
  readonly isStep: boolean;
  readonly text: string;
  readonly labels: readonly string[];
  readonly pictures: readonly Picture[];
};

export type GuidePage = {
  readonly file: string;
  readonly text: string;
  readonly headings: readonly string[];
  readonly blocks: readonly Block[];
};

const PICTURE = /!\[([^\]]*)\]\(([^)]+)\)/g;

export function readGuide(language: Language): GuidePage[] {
  const folder = join(DOCS, FOLDERS[language]);
  const files = readdirSync(folder).filter((file) => file.endsWith('.md'));
  return files.sort().map((file) => readPage(file, readFileSync(join(folder, file), 'utf8')));
}

export function picturesOf(pages: readonly GuidePage[]): Picture[] {
  return pages.flatMap(({ blocks }) => blocks.flatMap(({ pictures }) => pictures));
}

/** The file of a picture in one language. */
export const fileOf = (name: string, language: Language): string => `${name}-${language}.png`;

function readPage(file: string, text: string): GuidePage {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  const headings = [...prose.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '');
  return { file, text, headings, blocks: readBlocks(prose) };
}

function readBlocks(prose: string): Block[] {
  const blocks: Block[] = [];
  // A step begins with its number; whatever else begins after an empty line is a paragraph.
  for (const piece of prose.split(/\n\s*\n|\n(?=\d+\. )/)) {
    const pictures = [...piece.matchAll(PICTURE)].map((match) => readPicture(match[1] ?? '', match[2] ?? ''));
    const words = piece.replaceAll(PICTURE, '').trim();
    const last = blocks.at(-1);
    if (words === '' && last !== undefined) {
      blocks[blocks.length - 1] = { ...last, pictures: [...last.pictures, ...pictures] };
    } else if (words !== '' && !words.startsWith('#')) {
      const labels = [...words.matchAll(/\*\*([^*]+)\*\*/g)].map((match) => (match[1] ?? '').replaceAll(/\s+/g, ' '));
      blocks.push({ isStep: /^\d+\. /.test(words), text: words, labels, pictures });
    }
  }
  return blocks;
}

function readPicture(alt: string, target: string): Picture {
  const name = /([\w-]+)-(?:en|it)\.png$/.exec(target)?.[1] ?? target;
  return { name, target, alt };
}
