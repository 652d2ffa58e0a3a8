/** A real PDF of two pages for the demo. */
import PDFDocument from 'pdfkit';

export async function twoPagePdf(): Promise<Buffer> {
  const document = new PDFDocument({ size: 'A4', margin: 72, info: { Title: 'Two pages' } });
  const chunks: Buffer[] = [];
  document.on('data', (chunk: Buffer) => chunks.push(chunk));
  const done = new Promise<void>((resolve) => document.on('end', resolve));
  document.fontSize(32).text('Page one').moveDown();
  document.fontSize(12).text('This page was mailed to a mailbox and taken in by Platen as a print job of its sender.');
  document.addPage();
  document.fontSize(32).text('Page two').moveDown();
  document
    .fontSize(12)
    .text('This page shows that the whole document came out of the printer, not only its beginning.');
  document.end();
  await done;
  return Buffer.concat(chunks);
}
