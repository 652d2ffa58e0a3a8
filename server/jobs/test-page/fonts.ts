/**
 * Fonts of this machine that can write what the fonts of every reader of PDF cannot: names in Greek, Polish or Chinese.
 * fontconfig chooses them, as it does for the documents that are converted; it is given numbers of signs and nothing else.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SECOND_MS } from '../../base/clock.ts';

const run = promisify(execFile);

export type Font = {
  readonly file: string;
  /** Which one of a file that holds several. */
  readonly name: string;
  readonly writes: (sign: string) => boolean;
};

const MATCH_MS = 5 * SECOND_MS;
/** Scripts in one page; more are written as question marks. */
const MAX_FONTS = 4;
/** Kinds of files that can be put into a PDF. */
const EMBEDDED = /\.(?:ttf|otf|ttc)$/i;

/** Finds fonts until all signs can be written, or no further one helps; none where the machine has no fontconfig. */
export async function findFonts(text: string): Promise<readonly Font[]> {
  const fonts: Font[] = [];
  let missing = signsOf(text);
  while (missing.length > 0 && fonts.length < MAX_FONTS) {
    const font = await matchFont(missing);
    if (font === undefined || !missing.some(font.writes)) break;
    fonts.push(font);
    missing = missing.filter((sign) => !font.writes(sign));
  }
  return fonts;
}

function signsOf(text: string): string[] {
  return [...new Set(text)].filter((sign) => sign.trim() !== '');
}

async function matchFont(signs: readonly string[]): Promise<Font | undefined> {
  const codes = signs.map((sign) => sign.codePointAt(0)?.toString(16)).join(' ');
  const pattern = `sans-serif:bold:fontformat=TrueType:charset=${codes}`;
  try {
    const { stdout } = await run('fc-match', ['--format', '%{file}\n%{postscriptname}\n%{charset}', pattern], {
      timeout: MATCH_MS,
    });
    const [file = '', name = '', charset = ''] = stdout.split('\n');
    if (!EMBEDDED.test(file)) return undefined;
    const ranges = charset.split(' ').map((range) => range.split('-').map((code) => Number.parseInt(code, 16)));
    return {
      file,
      name,
      writes: (sign) => {
        const code = sign.codePointAt(0) ?? 0;
        return ranges.some(([first = 0, last = first]) => code >= first && code <= last);
      },
    };
  } catch {
    // Without fontconfig the page is printed all the same, with question marks.
    return undefined;
  }
}

/** Cuts a text into pieces that one font can write, each with the first that can; `undefined` where none can. */
export function cutByFont(
  text: string,
  fonts: readonly Font[],
): readonly { readonly words: string; readonly font: Font | undefined }[] {
  const pieces: { words: string; font: Font | undefined }[] = [];
  for (const sign of text) {
    const last = pieces.at(-1);
    const isSpace = sign.trim() === '';
    const font = isSpace && last !== undefined ? last.font : fonts.find((one) => one.writes(sign));
    if (last !== undefined && last.font === font) last.words += sign;
    else pieces.push({ words: sign, font });
  }
  return pieces;
}
