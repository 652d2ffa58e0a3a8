/**
 * Runs in the box: makes a PDF of a picture, each page of it turned the right way and fitted on A4.
 *
 * Ends with 20 when the picture has too many pixels, 21 when it has too many pages, 22 when it cannot be read.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';

const [IN = '', OUT = '', HOME = '', KIND = '', MAX_PIXELS = '0', MAX_PAGES = '0'] = process.argv.slice(2);
const PAPER = { width: 595.28, height: 841.89 };
const MARGIN = 28.35;
// 300 dots an inch on the printable part of A4: what a printer shows of a photo.
const MAX_DOTS = { short: 2250, long: 3270 };

async function main(): Promise<number> {
  sharp.concurrency(1);
  sharp.cache(false);
  const pages = KIND === 'heic' ? decodePhotos() : await pagesOf(IN);
  if (pages === undefined) return 20;
  if (pages.length > Number(MAX_PAGES)) return 21;
  const file = new PdfFile(`${OUT}/made.pdf`);
  for (const { path, page } of pages) {
    const { width, height } = await sharp(path, { limitInputPixels: false, failOn: 'error', page }).metadata();
    if (width * height > Number(MAX_PIXELS)) return 20;
    file.addPage(await render(path, page));
  }
  file.end(pages.length);
  return 0;
}

type Page = { readonly path: string; readonly page: number };

async function pagesOf(path: string): Promise<Page[]> {
  const head = await sharp(path, { limitInputPixels: false, failOn: 'error' }).metadata();
  return Array.from({ length: KIND === 'tiff' ? (head.pages ?? 1) : 1 }, (_, page) => ({ path, page }));
}

type Picture = { readonly data: Buffer; readonly width: number; readonly height: number; readonly channels: number };

async function render(path: string, page: number): Promise<Picture> {
  const read = sharp(path, { limitInputPixels: Number(MAX_PIXELS), failOn: 'error', page });
  // A photo is turned where it is decoded; its metadata, which say the same, only describe it (ISO/IEC 23008-12 annex A).
  const turned = await (KIND === 'heic' ? read : read.autoOrient())
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .resize({ width: MAX_DOTS.long, height: MAX_DOTS.long, fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 92, chromaSubsampling: '4:4:4' })
    .toBuffer({ resolveWithObject: true });
  return { data: turned.data, width: turned.info.width, height: turned.info.height, channels: turned.info.channels };
}

/** The photos of telephones are decoded by a program of their own; its header says the size before anything is decoded. */
function decodePhotos(): Page[] | undefined {
  const info = spawnSync('/usr/bin/heif-info', [IN], { encoding: 'utf8' });
  for (const [, width, height] of (info.stdout ?? '').matchAll(/image: (\d+)x(\d+)/g)) {
    if (Number(width) * Number(height) > Number(MAX_PIXELS)) return undefined;
  }
  const decoded = spawnSync('/usr/bin/heif-convert', [IN, `${HOME}/photo.png`], { encoding: 'utf8' });
  if (decoded.status !== 0) throw new Error(decoded.stderr || 'the photo could not be decoded');
  // One picture keeps the name that it is given, several are numbered.
  const numbers = readdirSync(HOME)
    .map((name) => /^photo(?:-(\d+))?\.png$/.exec(name))
    .flatMap((match) => (match === null ? [] : [Number(match[1] ?? 0)]));
  return numbers
    .sort((one, other) => one - other)
    .map((number) => ({ path: `${HOME}/photo${number === 0 ? '' : `-${number}`}.png`, page: 0 }));
}

/** A PDF of JPEG images alone (ISO 32000-1 sections 7.4.8 and 8.9): one page for each. */
class PdfFile {
  readonly #path: string;
  readonly #offsets: number[] = [];
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
    writeFileSync(path, '');
    this.#write('%PDF-1.4\n');
    this.#offsets.push(0, 0);
  }

  addPage(picture: Picture): void {
    const at = this.#offsets.length + 1;
    const isWide = picture.width > picture.height;
    const paper = isWide ? { width: PAPER.height, height: PAPER.width } : PAPER;
    const scale = Math.min(
      (paper.width - 2 * MARGIN) / picture.width,
      (paper.height - 2 * MARGIN) / picture.height,
      // Not larger than at 72 dots an inch: an icon stays small.
      1,
    );
    const [width, height] = [picture.width * scale, picture.height * scale];
    const [left, bottom] = [(paper.width - width) / 2, (paper.height - height) / 2];
    const content = `q ${width.toFixed(2)} 0 0 ${height.toFixed(2)} ${left.toFixed(2)} ${bottom.toFixed(2)} cm /P Do Q`;
    const box = `[0 0 ${paper.width} ${paper.height}]`;
    this.#object(
      `<</Type/Page/Parent 2 0 R/MediaBox${box}/Contents ${at + 1} 0 R/Resources<</XObject<</P ${at + 2} 0 R>>>>>>`,
    );
    this.#object(`<</Length ${content.length}>>\nstream\n${content}\nendstream`);
    const space = picture.channels === 1 ? '/DeviceGray' : '/DeviceRGB';
    const head = `<</Type/XObject/Subtype/Image/Width ${picture.width}/Height ${picture.height}/ColorSpace${space}/BitsPerComponent 8/Filter/DCTDecode/Length ${picture.data.length}>>`;
    this.#object(Buffer.concat([Buffer.from(`${head}\nstream\n`), picture.data, Buffer.from('\nendstream')]));
  }

  end(pages: number): void {
    const kids = Array.from({ length: pages }, (_, page) => `${3 + 3 * page} 0 R`).join(' ');
    this.#offsets[0] = this.#bytes;
    this.#write('1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n');
    this.#offsets[1] = this.#bytes;
    this.#write(`2 0 obj\n<</Type/Pages/Count ${pages}/Kids[${kids}]>>\nendobj\n`);
    const start = this.#bytes;
    const rows = this.#offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
    const size = this.#offsets.length + 1;
    this.#write(`xref\n0 ${size}\n0000000000 65535 f \n${rows}`);
    this.#write(`trailer\n<</Size ${size}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`);
  }

  #object(content: string | Buffer): void {
    this.#offsets.push(this.#bytes);
    this.#write(`${this.#offsets.length} 0 obj\n`);
    this.#write(content);
    this.#write('\nendobj\n');
  }

  #write(content: string | Buffer): void {
    const bytes = Buffer.from(content as string);
    appendFileSync(this.#path, bytes);
    this.#bytes += bytes.length;
  }
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 22;
});
