// The printer's jobs and its memory of them. A job passes the states of RFC 8011 section 5.3.7:
//   pending-held (data incoming) -> pending -> processing <-> processing-stopped -> completed
//   any of the first four -> canceled | aborted
// The memory is a file with one line per change, of which the last line of each job counts. A printer
// without a directory forgets everything when it is closed.

import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JobState } from './vocabulary.ts';
import type { Attribute } from './wire.ts';

export type JobDocument = {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly format: string; // found in the content, whatever was declared
};

export type Job = {
  readonly id: number;
  readonly name: string;
  readonly user: string;
  readonly ticket: readonly Attribute[]; // the job template attributes that are honoured
  readonly copies: number;
  readonly createdAt: Date;
  state: JobState;
  reasons: readonly string[];
  touchedAt: Date;
  processingAt?: Date;
  completedAt?: Date;
  document?: JobDocument;
  further?: JobDocument[]; // of a job with several documents, those after the first
  isReceiving: boolean; // a document is on the wire at this moment
  impressions: number;
  impressionsCompleted: number;
};

export type PrintedDocument = {
  readonly jobId: number;
  readonly jobName: string;
  readonly user: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly format: string;
  readonly copies: number;
  readonly pages: number;
  readonly ticket: Readonly<Record<string, readonly unknown[]>>;
  readonly file: string;
  readonly at: string;
};

export function documentsOf({ document, further = [] }: Job): readonly JobDocument[] {
  return document === undefined ? [] : [document, ...further];
}

export function isFinished(job: Job): boolean {
  return job.state === 'completed' || job.state === 'canceled' || job.state === 'aborted';
}

type Line = { readonly id: number; readonly forgotten?: true; readonly job?: Job };

const dateFields: readonly string[] = ['createdAt', 'touchedAt', 'processingAt', 'completedAt'];

function revive(key: string, value: unknown): unknown {
  return dateFields.includes(key) && typeof value === 'string' ? new Date(value) : value;
}

function readLines(path: string): Line[] {
  if (!existsSync(path)) return [];
  const lines: Line[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue;
    try {
      lines.push(JSON.parse(line, revive) as Line);
    } catch {
      // The last line may be half written when the printer was switched off; the line before it counts.
    }
  }
  return lines;
}

export class JobHistory {
  readonly jobs = new Map<number, Job>();
  lastId = 0;
  readonly #path: string | undefined;

  constructor(directory: string | undefined) {
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true });
    this.#path = join(directory, 'jobs.jsonl');
    for (const line of readLines(this.#path)) {
      this.lastId = Math.max(this.lastId, line.id);
      if (line.job) this.jobs.set(line.id, line.job);
      else this.jobs.delete(line.id);
    }
    this.#compact();
  }

  keep(job: Job): void {
    this.lastId = Math.max(this.lastId, job.id);
    this.jobs.set(job.id, job);
    this.#append({ id: job.id, job });
  }

  forget(id: number): void {
    this.jobs.delete(id);
    this.#append({ id, forgotten: true });
  }

  #append(line: Line): void {
    if (this.#path) appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
  }

  #compact(): void {
    if (!this.#path) return;
    const lines: Line[] = [...this.jobs.values()].map((job) => ({ id: job.id, job }));
    // Job ids are never used twice, so the highest one is kept even when its job is forgotten.
    if (!this.jobs.has(this.lastId) && this.lastId > 0) lines.push({ id: this.lastId, forgotten: true });
    const temporary = `${this.#path}.new`;
    writeFileSync(temporary, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    renameSync(temporary, this.#path);
  }
}
