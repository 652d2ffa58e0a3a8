/** Programs of other people that a test starts: on a port of their own, in a folder of their own, ended by their id. */

import { type ChildProcess, execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

const SECOND_MS = 1_000;

/** Below those that the system gives to connections, any of which may take a port while a printer is switched off. */
const FREE_PORTS = { from: 20_000, to: 32_000 } as const;
const PORT_TRIES = 50;

/** Finds a port that nobody holds now. Another program may take it before its user does: try again then. */
export async function findFreePort(): Promise<number> {
  for (let tried = 0; tried < PORT_TRIES; tried += 1) {
    const port = randomInt(FREE_PORTS.from, FREE_PORTS.to);
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${PORT_TRIES} ports was free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const isTaken = new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(true));
    server.once('listening', () => resolve(false));
  });
  server.listen(port, '127.0.0.1');
  if (await isTaken) return false;
  server.close();
  await once(server, 'close');
  return true;
}

/** Finds a program on the path and in the folders of system programs, which are not on everybody's path. */
export function getProgram(name: string, debianPackage: string): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder; the next one may have it.
    }
  }
  throw new Error(`${name} is not installed: on Debian it is in the package ${debianPackage}`);
}

/** Finds the number of a system user, as a program that gives up root needs it. */
export function getUserIds(user: string): { uid: number; gid: number } {
  const idOf = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }).trim());
  return { uid: idOf('-u'), gid: idOf('-g') };
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/** Ends a program: asks first, and kills it when it has not listened for ten seconds. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  const impatience = setTimeout(() => child.kill('SIGKILL'), 10 * SECOND_MS);
  child.kill(signal);
  await ended;
  clearTimeout(impatience);
}

/** Keeps the last words of a program for the message of a failing test. */
export function keepLastWords(child: ChildProcess): () => string {
  let words = '';
  const keep = (chunk: Buffer) => {
    words = (words + chunk.toString('utf8')).slice(-8_192);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => words;
}
