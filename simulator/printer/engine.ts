// The print engine: one job at a time, page by page, from pending to paper. It owns the jobs, their
// states and the reasons for them; what the wire looks like is not its concern.

import { rm } from 'node:fs/promises';
import type { FaultBoard, FaultOf } from './faults.ts';
import { documentsOf, isFinished, type Job, type JobDocument, JobHistory } from './jobs.ts';
import { type OutputTray, pagesOf } from './trays.ts';
import type { PrinterState } from './vocabulary.ts';
import type { Attribute } from './wire.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
// RFC 8011 section 5.4.31: how long a job may wait for its document before it is aborted
export const MULTIPLE_OPERATION_TIMEOUT_MS = 5 * MINUTE_MS;
// Finished jobs that are still shown, as in a printer with little memory
const MAX_FINISHED_JOBS = 1_000;

export type Clock = { now(): Date };
export type NewJob = {
  readonly name: string;
  readonly user: string;
  readonly ticket: readonly Attribute[];
  readonly copies: number;
};

export class PrintEngine {
  readonly #faults: FaultBoard;
  readonly #clock: Clock;
  readonly #tray: OutputTray;
  readonly #history: JobHistory;
  #current: Job | undefined;
  #timer: NodeJS.Timeout | undefined;
  #step: Promise<void> | undefined;
  #isClosed = false;
  #isWakeWanted = false;
  #paper: { readonly fault: FaultOf<'out-of-paper'>; pagesLeft: number } | undefined;

  constructor(options: { faults: FaultBoard; clock: Clock; tray: OutputTray; directory: string | undefined }) {
    this.#faults = options.faults;
    this.#clock = options.clock;
    this.#tray = options.tray;
    this.#history = new JobHistory(options.directory);
    this.#recover();
  }

  createJob(wanted: NewJob): Job {
    const now = this.#clock.now();
    const job: Job = {
      ...wanted,
      id: this.#history.lastId + 1,
      state: 'pending-held',
      reasons: ['job-incoming'],
      createdAt: now,
      touchedAt: now,
      isReceiving: false,
      impressions: 0,
      impressionsCompleted: 0,
    };
    this.#history.keep(job);
    return job;
  }

  /** Takes the whole document of a job; the job prints as soon as its turn comes. */
  queueDocument(job: Job, document: JobDocument): void {
    if (job.document === undefined) job.document = document;
    else job.further = [...(job.further ?? []), document];
    job.isReceiving = false;
    job.touchedAt = this.#clock.now();
    this.#history.keep(job);
  }

  closeJob(job: Job): void {
    this.#change(job, 'pending', ['none']);
    this.wake();
  }

  /** Cancels a job that has not come out; false when it is too late. RFC 8011 section 4.3.3. */
  cancelJob(job: Job, reason: 'job-canceled-by-user' | 'job-canceled-at-device'): boolean {
    const isComingOut = job === this.#current && job.impressions > 0 && job.impressionsCompleted >= job.impressions;
    if (isFinished(job) || isComingOut) return false;
    this.#finish(job, 'canceled', [reason]);
    this.wake();
    return true;
  }

  abortJob(job: Job, ...reasons: string[]): void {
    if (!isFinished(job)) this.#finish(job, 'aborted', ['aborted-by-system', ...reasons]);
    this.wake();
  }

  findJob(id: number): Job | undefined {
    this.#expire();
    return this.#history.jobs.get(id);
  }

  listJobs(): Job[] {
    this.#expire();
    return [...this.#history.jobs.values()];
  }

  state(): { state: PrinterState; reasons: string[] } {
    if (this.#faults.has('paused')) return { state: 'stopped', reasons: ['paused'] };
    if (this.#isOutOfPaper()) return { state: this.#emptyState(), reasons: ['media-empty-error', 'media-needed'] };
    return {
      state: this.#current ? 'processing' : 'idle',
      reasons: [this.#faults.has('toner-low') ? 'toner-low-warning' : 'none'],
    };
  }

  /** Looks again at what can be done: after a new job, a refill, a fault set or cleared. */
  wake(): void {
    this.#isWakeWanted = true;
    if (this.#isClosed || this.#step || this.#isPageOnItsWay()) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#step = this.#advance().finally(() => {
      this.#step = undefined;
      if (this.#isWakeWanted) this.wake();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#step;
  }

  async #advance(): Promise<void> {
    // The first turn of the loop runs after the caller has answered its client.
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.#isClosed) {
      this.#isWakeWanted = false;
      const job = this.#current ?? this.#next();
      if (!job) return;
      if (this.#faults.has('paused')) return this.#stop(job);
      if (this.#current !== job) await this.#begin(job);
      if (this.#isClosed || this.#current !== job) continue;
      if (this.#strikeAbort(job)) continue;
      const isWhole = job.impressionsCompleted >= job.impressions;
      if (!isWhole && this.#isOutOfPaper()) {
        // One that stays busy looks again when it is woken: by paper, a cancellation, another job.
        if (this.#emptyState() === 'stopped') this.#stop(job);
        return;
      }
      if (job.state === 'processing-stopped') this.#change(job, 'processing', ['job-printing']);
      if (isWhole) await this.#comeOut(job);
      else if (this.#printPage(job)) return;
    }
  }

  #next(): Job | undefined {
    return [...this.#history.jobs.values()].find((job) => job.state === 'pending');
  }

  async #begin(job: Job): Promise<void> {
    this.#current = job;
    job.processingAt = this.#clock.now();
    this.#change(job, 'processing', ['job-printing']);
    if (!job.document) return this.abortJob(job, 'job-data-insufficient');
    // Canceling a job removes its documents, also while the pages are being counted.
    const pages = await Promise.all(documentsOf(job).map(pagesOf)).catch(() => undefined);
    if (isFinished(job)) return;
    if (pages === undefined) return this.abortJob(job, 'document-access-error');
    job.impressions = pages.reduce((sum, count) => sum + count, 0) * job.copies;
  }

  /** Prints one page; true when the next one has to wait for the clock. */
  #printPage(job: Job): boolean {
    job.impressionsCompleted += 1;
    if (this.#paper) this.#paper.pagesLeft -= 1;
    const slow = this.#faults.find('slow');
    if (!slow) return false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.wake();
    }, SECOND_MS / slow.pagesPerSecond);
    return true;
  }

  /** A slow page is not hurried by whatever else happens, unless the printer stops or the page is canceled. */
  #isPageOnItsWay(): boolean {
    if (!this.#timer || !this.#current || !this.#faults.has('slow')) return false;
    return this.state().state !== 'stopped';
  }

  #isOutOfPaper(): boolean {
    const fault = this.#faults.find('out-of-paper');
    if (!fault) this.#paper = undefined;
    else if (this.#paper?.fault !== fault) this.#paper = { fault, pagesLeft: fault.afterPages ?? 0 };
    return this.#paper !== undefined && this.#paper.pagesLeft <= 0;
  }

  /** Without paper a printer stops, or stays busy with its job, or idle. */
  #emptyState(): PrinterState {
    if (this.#paper?.fault.staysBusy !== true) return 'stopped';
    return this.#current ? 'processing' : 'idle';
  }

  #strikeAbort(job: Job): boolean {
    const fault = this.#faults.find('abort-job');
    if (!fault || job.impressionsCompleted < Math.min(fault.afterPages ?? 0, job.impressions)) return false;
    this.#faults.strike('abort-job');
    this.#finish(job, 'aborted', ['aborted-by-system']);
    return true;
  }

  #stop(job: Job): void {
    // RFC 8011 section 5.3.8: printer-stopped explains both a waiting job and one in the middle
    const state = job.state === 'pending' ? 'pending' : 'processing-stopped';
    this.#change(job, state, ['printer-stopped']);
  }

  async #comeOut(job: Job): Promise<void> {
    try {
      for (const document of documentsOf(job)) await this.#tray.putOut(job, document, this.#clock.now());
      this.#finish(job, 'completed', ['job-completed-successfully']);
    } catch {
      // The tray's folder is full or gone: what did not come out must not count as printed.
      this.#finish(job, 'aborted', ['aborted-by-system', 'document-access-error']);
    }
  }

  #finish(job: Job, state: 'completed' | 'canceled' | 'aborted', reasons: readonly string[]): void {
    job.completedAt = this.#clock.now();
    job.isReceiving = false;
    if (this.#current === job) this.#current = undefined;
    this.#change(job, state, reasons);
    for (const { path } of documentsOf(job)) void rm(path, { force: true });
    const finished = [...this.#history.jobs.values()].filter(isFinished);
    const tooMany = finished.slice(0, Math.max(0, finished.length - MAX_FINISHED_JOBS));
    const forgotten = this.#faults.has('forget-history') ? finished : tooMany;
    for (const each of forgotten) this.#history.forget(each.id);
  }

  #change(job: Job, state: Job['state'], reasons: readonly string[]): void {
    job.state = state;
    job.reasons = reasons;
    job.touchedAt = this.#clock.now();
    this.#history.keep(job);
  }

  #expire(): void {
    const before = this.#clock.now().getTime() - MULTIPLE_OPERATION_TIMEOUT_MS;
    for (const job of this.#history.jobs.values()) {
      if (job.state !== 'pending-held' || job.isReceiving || job.touchedAt.getTime() > before) continue;
      this.abortJob(job, 'job-data-insufficient');
    }
  }

  /** After a restart: what already lies in the tray is complete, what was in the middle starts again. */
  #recover(): void {
    const printedIds = new Set(this.#tray.list().map((printed) => printed.jobId));
    // A printer that forgot its jobs must not write over paper that still lies in the tray.
    this.#history.lastId = Math.max(this.#history.lastId, ...printedIds);
    for (const job of [...this.#history.jobs.values()]) {
      if (isFinished(job)) continue;
      if (printedIds.has(job.id)) this.#finish(job, 'completed', ['job-completed-successfully']);
      else if (!job.document || job.state === 'pending-held') this.abortJob(job, 'submission-interrupted');
      else {
        job.impressionsCompleted = 0;
        this.#change(job, 'pending', ['none']);
      }
    }
    this.wake();
  }
}
