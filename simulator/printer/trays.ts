// The two trays. Incoming: documents are written to a file while they arrive, hashed and counted on
// the way. Output: a document that comes out becomes a file, and then a line of printed.jsonl. The
// line is the proof; a file without a line is a document that was still moving.

import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { copyFile, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job, JobDocument, PrintedDocument } from './jobs.ts';

const extensions: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'image/jpeg': 'jpg',
  'image/pwg-raster': 'pwg',
};
const MAX_COUNTED_BYTES = 256 * 1024 * 1024;
const SNIFFED_BYTES = 1024;

/** Finds the format by the first bytes of a document, as a printer does for application/octet-stream. */
export async function findFormat(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(SNIFFED_BYTES);
    const { bytesRead } = await file.read(head, 0, SNIFFED_BYTES, 0);
    const start = head.subarray(0, bytesRead);
    if (start.includes('%PDF-')) return 'application/pdf';
    if (start[0] === 0xff && start[1] === 0xd8 && start[2] === 0xff) return 'image/jpeg';
    if (start.toString('latin1', 0, 4) === 'RaS2') return 'image/pwg-raster';
    return undefined;
  } finally {
    await file.close();
  }
}

/** Counts the pages of a PDF by its page objects; where they are packed away, by the largest page tree. */
export function countPages(pdf: Buffer): number {
  const source = pdf.toString('latin1');
  const pages = source.match(/\/Type\s*\/Page(?![A-Za-z])/g)?.length ?? 0;
  if (pages > 0) return pages;
  const counts = [...source.matchAll(/\/Count\s+(\d{1,6})/g)].map((match) => Number(match[1]));
  return Math.max(1, ...counts);
}

export async function pagesOf(document: JobDocument): Promise<number> {
  if (document.format !== 'application/pdf' || document.bytes > MAX_COUNTED_BYTES) return 1;
  return countPages(await readFile(document.path));
}

export function safeName(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/\.(pdf|jpe?g|pwg)$/i, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 60);
  return plain === '' ? 'untitled' : plain;
}

function plainTicket(job: Job): Record<string, readonly unknown[]> {
  return Object.fromEntries(job.ticket.map(({ name, values }) => [name, values.map(({ value }) => value)]));
}

export class OutputTray {
  readonly #directory: string;
  readonly #log: string;
  readonly #printed: PrintedDocument[] = [];

  constructor(directory: string) {
    this.#directory = directory;
    this.#log = join(directory, 'printed.jsonl');
    mkdirSync(directory, { recursive: true });
    if (!existsSync(this.#log)) return;
    for (const line of readFileSync(this.#log, 'utf8').split('\n')) {
      if (line !== '') this.#printed.push(JSON.parse(line) as PrintedDocument);
    }
  }

  list(): PrintedDocument[] {
    return [...this.#printed];
  }

  async putOut(job: Job, document: JobDocument, at: Date): Promise<PrintedDocument> {
    const place = job.further?.indexOf(document) ?? -1;
    const name = `${safeName(job.name)}${place < 0 ? '' : `-${place + 2}`}`;
    const file = join(this.#directory, `${job.id}-${name}.${extensions[document.format] ?? 'bin'}`);
    const moving = join(this.#directory, `.${job.id}.moving`);
    await copyFile(document.path, moving);
    await rename(moving, file);
    const printed: PrintedDocument = {
      jobId: job.id,
      jobName: job.name,
      user: job.user,
      bytes: document.bytes,
      sha256: document.sha256,
      format: document.format,
      copies: job.copies,
      pages: job.impressions / job.copies / (1 + (job.further?.length ?? 0)),
      ticket: plainTicket(job),
      file,
      at: at.toISOString(),
    };
    appendFileSync(this.#log, `${JSON.stringify(printed)}\n`);
    this.#printed.push(printed);
    return printed;
  }
}

export type ReceivedFile = { readonly path: string; readonly bytes: number; readonly sha256: string };

export class IncomingTray {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = join(directory, 'incoming');
    mkdirSync(this.#directory, { recursive: true });
  }

  /** Writes a document to its end; when the line is cut before, leaves nothing and throws what cut it. */
  async receive(
    jobId: number,
    document: AsyncIterable<Buffer>,
    { place }: { readonly place: number } = { place: 0 },
  ): Promise<ReceivedFile> {
    const path = join(this.#directory, `${jobId}${place === 0 ? '' : `-${place + 1}`}.document`);
    const hash = createHash('sha256');
    let bytes = 0;
    const file = await open(path, 'w');
    try {
      for await (const chunk of document) {
        hash.update(chunk);
        bytes += chunk.length;
        await file.writeFile(chunk);
      }
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return { path, bytes, sha256: hash.digest('hex') };
  }
}
