/**
 * The test page of a printer, as a PDF of one page. Drawn by ourselves out of what an administrator typed; the box
 * makes it anew like every other document.
 */
import { buffer } from 'node:stream/consumers';
import PDFDocument from 'pdfkit';
import { type Language, textFor } from '../../../locales/locales.ts';
import { readVersion } from '../../base/version.ts';
import type { Printer } from '../../printers/printers.ts';
import { cutByFont, type Font, findFonts } from './fonts.ts';

type Paper = InstanceType<typeof PDFDocument>;

export type TestPage = {
  readonly printer: Pick<Printer, 'name' | 'uri' | 'capabilities'>;
  readonly ownerName: string;
  readonly at: Date;
  readonly language: Language;
};

const MM = 72 / 25.4;
const LEFT = 60;
const COLORS = ['#00ffff', '#ff00ff', '#ffff00', '#000000', '#ff0000', '#00ff00', '#0000ff'];
const GRAY_STEPS = 11;
const FRAMES_MM = [5, 10];
const LINES_POINTS = [0.25, 0.5, 1, 2];
const MAX_WORDS = 90;
/** What the fonts that every reader of PDF has can write. */
const UNWRITABLE = /[^\x20-\x7e\xa0-\xff–—‘’“”•…€]/gu;

export async function drawTestPage(page: TestPage): Promise<Buffer> {
  const isLetter = page.printer.capabilities?.media.default?.startsWith('na_') ?? false;
  const paper = new PDFDocument({ size: isLetter ? 'LETTER' : 'A4', margin: 0 });
  const whole = buffer(paper);
  const facts = factsOf(page);
  const foreign = facts.map(([, words]) => words).filter(isForeign);
  const fonts = (await findFonts(foreign.join(''))).filter((font) => opens(paper, font));
  drawFrames(paper, page.language);
  drawFacts(paper, { facts, fonts, language: page.language });
  drawPatches(paper, page.language);
  paper.end();
  return await whole;
}

function drawFrames(paper: Paper, language: Language): void {
  const { width, height } = paper.page;
  paper.font('Helvetica');
  for (const mm of FRAMES_MM) {
    const edge = mm * MM;
    paper
      .lineWidth(0.5)
      .rect(edge, edge, width - 2 * edge, height - 2 * edge)
      .stroke('#000000');
    paper
      .fontSize(7)
      .fillColor('#000000')
      .text(`${mm} mm`, edge + 4, edge + 3, { lineBreak: false });
  }
  paper.fontSize(9).text(textFor(language, 'testPage.frame'), LEFT, height - 60, { width: width - 2 * LEFT });
}

type Fact = readonly [key: string, words: string];

function factsOf({ printer, ownerName, at, language }: TestPage): readonly Fact[] {
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'long' }).format(at);
  const facts: readonly Fact[] = [
    ['printer', printer.name],
    ['address', printer.uri],
    ['model', printer.capabilities?.model ?? '–'],
    ['asked-by', ownerName],
    ['at', when],
    ['version', `Platen ${readVersion()}`],
  ];
  return facts.map(([key, words]) => [key, words.slice(0, MAX_WORDS)]);
}

type Facts = { readonly facts: readonly Fact[]; readonly fonts: readonly Font[]; readonly language: Language };

function drawFacts(paper: Paper, { facts, fonts, language }: Facts): void {
  paper.font('Helvetica-Bold').fontSize(26).text(textFor(language, 'testPage.title'), LEFT, 70);
  facts.forEach(([key, words], place) => {
    const y = 125 + 22 * place;
    paper
      .font('Helvetica')
      .fontSize(11)
      .text(textFor(language, `testPage.${key}`), LEFT, y, { lineBreak: false });
    if (isForeign(words)) drawForeign(paper, { words, fonts, y });
    else paper.font('Helvetica-Bold').text(words, LEFT + 110, y, { lineBreak: false });
  });
}

function drawPatches(paper: Paper, language: Language): void {
  const heading = (key: string, y: number) =>
    paper
      .font('Helvetica')
      .fontSize(11)
      .fillColor('#000000')
      .text(textFor(language, `testPage.${key}`), LEFT, y);
  heading('colors', 290);
  COLORS.forEach((color, place) => {
    paper.rect(LEFT + 62 * place, 310, 54, 54).fill(color);
  });
  heading('grays', 395);
  for (let step = 0; step < GRAY_STEPS; step += 1) {
    const level = Math.round(255 * (1 - step / (GRAY_STEPS - 1)));
    paper.rect(LEFT + 40 * step, 415, 40, 40).fillAndStroke([level, level, level], [0, 0, 0]);
  }
  heading('lines', 485);
  LINES_POINTS.forEach((width, place) => {
    const y = 512 + 18 * place;
    paper.fontSize(8).text(`${width} pt`, LEFT, y - 4, { lineBreak: false });
    paper
      .lineWidth(width)
      .moveTo(LEFT + 40, y)
      .lineTo(LEFT + 440, y)
      .stroke('#000000');
  });
}

function isForeign(words: string): boolean {
  return words.search(UNWRITABLE) >= 0;
}

/** Only a file that holds several fonts is asked for one by its name. */
function choose(paper: Paper, font: Font | undefined): void {
  if (font === undefined) paper.font('Helvetica-Bold');
  else if (font.file.endsWith('.ttc')) paper.font(font.file, font.name);
  else paper.font(font.file);
}

function opens(paper: Paper, font: Font): boolean {
  try {
    choose(paper, font);
    return true;
  } catch {
    // A file that is damaged, or of a kind that cannot be put into a PDF: its signs are written as question marks.
    return false;
  }
}

/** One after the other on the same line: fonts stand differently below their upper edge. */
function drawForeign(
  paper: Paper,
  { words, fonts, y }: { readonly words: string; readonly fonts: readonly Font[]; readonly y: number },
): void {
  const baseline = y + 8;
  let x = LEFT + 110;
  for (const piece of cutByFont(words, fonts)) {
    const { font } = piece;
    const text = font === undefined ? piece.words.replace(UNWRITABLE, '?') : piece.words;
    choose(paper, font);
    paper.text(text, x, baseline, { lineBreak: false, baseline: 'alphabetic' });
    x += paper.widthOfString(text);
  }
}
