/**
 * A real IPP Everywhere printer: `ippeveprinter` of CUPS (Debian: cups-ipp-utils), with a D-Bus daemon of its own
 * (Debian: dbus-daemon), because it insists on a system bus even when it announces nothing.
 *
 * It runs a script for each document. Paper is what the script has logged: a document whose script fails, or whose
 * data never arrived, stays in the spool without having been printed.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProcess, findFreePort, getProgram, hasEnded, keepLastWords } from './processes.ts';
import { eventually } from './time.ts';

export type PrintedFile = { readonly file: string; readonly bytes: number; readonly sha256: string };
export type IppEvePrinter = {
  readonly uri: string;
  readonly host: string;
  readonly port: number;
  readonly spool: string;
  /** What came out of the printer so far, in that order. */
  printed(): PrintedFile[];
  /** Every document file in the spool, printed or not. */
  printedFiles(): string[];
  log(): string;
  close(): Promise<void>;
};
export type IppEveOptions = {
  readonly name?: string;
  readonly port?: number;
  /** Shell lines that run before a document ($1) counts as paper; a failing exit aborts the job. On its standard
   * error `STATE: +media-empty` makes the printer say media-empty-warning, `STATE: -media-empty` takes it back. */
  readonly script?: string;
  readonly formats?: readonly string[];
  /** Whether it prints in color; without it, in gray alone. */
  readonly hasColor?: boolean;
  readonly isTwoSided?: boolean;
};

const START_TRIES = 5;
const USUAL_FORMATS = ['application/pdf', 'image/jpeg', 'image/pwg-raster'];

function writeCommand(folder: string, script: string): string {
  const command = join(folder, 'print');
  const lines = ['#!/bin/sh', 'set -e', script, `printf '%s\\n' "$1" >> '${join(folder, 'paper.log')}'`, ''];
  writeFileSync(command, lines.join('\n'), { mode: 0o755 });
  return command;
}

async function startBus(folder: string): Promise<{ bus: ChildProcess; address: string }> {
  const socket = join(folder, 'bus');
  const address = `unix:path=${socket}`;
  const words = ['--session', '--nofork', '--nopidfile', `--address=${address}`];
  const bus = spawn(getProgram('dbus-daemon', 'dbus-daemon'), words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lastWords = keepLastWords(bus);
  await eventually(
    () => {
      if (hasEnded(bus)) throw new Error(`dbus-daemon ended: ${lastWords()}`);
      return existsSync(socket);
    },
    { what: 'the private bus listens' },
  );
  return { bus, address };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

async function startOn(folder: string, address: string, options: IppEveOptions & { readonly port: number }) {
  const command = writeCommand(folder, options.script ?? '');
  const words = ['-r', 'off', '-n', 'localhost', '-p', String(options.port), '-k', '-d', join(folder, 'spool')];
  words.push('-K', join(folder, 'keys'), '-c', command);
  words.push('-f', (options.formats ?? USUAL_FORMATS).join(','));
  // A printer with a speed for color has color.
  if (options.hasColor === true) words.push('-s', '60,60');
  if (options.isTwoSided === true) words.push('-2');
  const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address, HOME: folder };
  const program = getProgram('ippeveprinter', 'cups-ipp-utils');
  const printer = spawn(program, [...words, options.name ?? 'everywhere'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const log = keepLastWords(printer);
  await eventually(() => hasEnded(printer) || answers(options.port), { what: 'ippeveprinter answers' });
  return { printer, log };
}

async function startSomewhere(folder: string, address: string, options: IppEveOptions) {
  for (let tries = 1; ; tries += 1) {
    const port = options.port ?? (await findFreePort());
    const started = await startOn(folder, address, { ...options, port });
    if (!hasEnded(started.printer)) return { ...started, port };
    if (tries === START_TRIES) throw new Error(`ippeveprinter does not start: ${started.log()}`);
  }
}

function readPaper(folder: string): PrintedFile[] {
  const log = join(folder, 'paper.log');
  if (!existsSync(log)) return [];
  const files = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  return files.map((file) => {
    const content = readFileSync(file);
    return { file, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
  });
}

function documentsIn(spool: string): string[] {
  // Beside each document lies a .prn file with what the script said.
  const documents = readdirSync(spool).filter((file) => !file.endsWith('.prn'));
  return documents.map((file) => join(spool, file));
}

/** Starts the printer and waits until it answers. `close` ends both processes and removes their folder. */
export async function startIppEvePrinter(options: IppEveOptions = {}): Promise<IppEvePrinter> {
  await using undo = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'ippeveprinter-'));
  undo.defer(() => rmSync(folder, { recursive: true, force: true }));
  // ippeveprinter does not make its folders itself, and says so only when the first document arrives.
  for (const each of ['spool', 'keys']) mkdirSync(join(folder, each));
  const { bus, address } = await startBus(folder);
  undo.defer(() => endProcess(bus));
  const { printer, log, port } = await startSomewhere(folder, address, options);
  undo.defer(() => endProcess(printer));
  const spool = join(folder, 'spool');
  const running = undo.move();
  return {
    uri: `ipp://localhost:${port}/ipp/print`,
    host: 'localhost',
    port,
    spool,
    printed: () => readPaper(folder),
    printedFiles: () => documentsIn(spool),
    log,
    close: () => running.disposeAsync(),
  };
}
