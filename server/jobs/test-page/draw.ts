/**
 * The test page of a printer, as a PDF of one page. Drawn by ourselves out of what an administrator typed; the box
 * makes it anew like every other document.
 */
import { buffer } from 'node:stream/consumers';
import PDFDocument from 'pdfkit';
import { type Language, textFor } from '../../../locales/locales.ts';
import { readVersion } from '../../base/version.ts';
import type { Printer } from '../../printers/printers.ts';

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
  drawFrames(paper, page.language);
  drawFacts(paper, page);
  drawPatches(paper, page.language);
  paper.end();
  return await whole;
}

function drawFrames(paper: Paper, language: Language): void {
  const { width, height } = paper.page;
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

function drawFacts(paper: Paper, { printer, ownerName, at, language }: TestPage): void {
  paper.font('Helvetica-Bold').fontSize(26).text(textFor(language, 'testPage.title'), LEFT, 70);
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'long' }).format(at);
  const facts = [
    ['printer', printer.name],
    ['address', printer.uri],
    ['model', printer.capabilities?.model ?? '–'],
    ['asked-by', ownerName],
    ['at', when],
    ['version', `Platen ${readVersion()}`],
  ] as const;
  facts.forEach(([key, words], place) => {
    const y = 125 + 22 * place;
    paper
      .font('Helvetica')
      .fontSize(11)
      .text(textFor(language, `testPage.${key}`), LEFT, y, { lineBreak: false });
    paper.font('Helvetica-Bold').text(writable(words), LEFT + 110, y, { lineBreak: false });
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

function writable(words: string): string {
  return words.replace(UNWRITABLE, '?').slice(0, MAX_WORDS);
}
