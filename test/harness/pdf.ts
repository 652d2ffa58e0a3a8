/** What a PDF says and shows, read by poppler. */
import { execFileSync } from 'node:child_process';

export function readPdfText(path: string): string {
  return execFileSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' });
}
