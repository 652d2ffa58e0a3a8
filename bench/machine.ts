/** Where the figures come from: a figure without its machine says nothing. */
import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { getProgram } from '../test/harness/processes.ts';
import { medianOf } from './figures.ts';

const SYNCS = 100;
const BLOCK_BYTES = 8 * 1024; // what PostgreSQL writes at one time

export type Machine = {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly disk: string;
  /** Milliseconds that the disk takes to write one block durably. */
  readonly syncMs: number;
  readonly kernel: string;
  readonly node: string;
  readonly dovecot: string;
  /** Processes that wanted to run in the minute before the benchmark: near 0 on a quiet machine. */
  readonly loadBefore: number;
};

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    disk: firstLine('findmnt', ['--noheadings', '--output', 'FSTYPE', '--target', tmpdir()]),
    syncMs: measureSync(),
    kernel: release(),
    node: process.version,
    dovecot: firstLine(getProgram('dovecot', 'dovecot-imapd'), ['--version']),
    loadBefore: loadavg()[0] ?? Number.NaN,
  };
}

function firstLine(program: string, options: readonly string[]): string {
  try {
    const text = execFileSync(program, options, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return text.trim().split('\n')[0]?.trim().replace(/\s+/g, ' ') ?? '';
  } catch {
    return 'unknown'; // not every system has the program; the figures are worth something without it
  }
}

function measureSync(): number {
  const path = join(tmpdir(), `platen-sync-${process.pid}`);
  const file = openSync(path, 'w');
  try {
    const block = Buffer.alloc(BLOCK_BYTES, 1);
    const times = Array.from({ length: SYNCS }, (_, index) => {
      writeSync(file, block, 0, block.length, index * BLOCK_BYTES);
      const startedAt = performance.now();
      fdatasyncSync(file);
      return performance.now() - startedAt;
    });
    return medianOf(times);
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
