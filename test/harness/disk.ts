/**
 * A disk that can lose its power: an ext4 file system in an image file behind a loop device. What was not flushed to
 * the device when the power goes is not in the image.
 *
 * For the moment of the copy every process that writes is stopped, so that the copy is the disk at one instant. The
 * device has no cache of its own here: a disk that lies about a flush is not part of the experiment.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { getProgram } from './processes.ts';
import { eventually } from './time.ts';

const run = promisify(execFile);
const COMMAND_TIMEOUT_MS = 60_000;
const IMAGE_BYTES = 700 * 1024 * 1024;
// Nothing but our own syncs may make the journal of the file system durable.
const COMMIT_SECONDS = 300;
const CAP_SYS_ADMIN = 21n;

/** May this process mount at all? Where it may, a mount that fails is a failure. */
export function mayMount(): boolean {
  if (process.platform !== 'linux') return false;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
}

export class CuttableDisk implements AsyncDisposable {
  /** Where the file system is seen; the same before and after a cut. */
  readonly place: string;
  readonly #folder: string;
  #image: string;
  #cuts = 0;
  #isMounted = false;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'platen-disk-'));
    // The embedded database runs as a system user of its own and must pass through.
    chmodSync(this.#folder, 0o755);
    this.place = join(this.#folder, 'place');
    this.#image = join(this.#folder, 'image-0');
    mkdirSync(this.place);
  }

  async make(): Promise<void> {
    await command('truncate', ['-s', String(IMAGE_BYTES), this.#image]);
    await command('mkfs.ext4', ['-q', '-F', this.#image]);
    await this.#mount();
    chmodSync(this.place, 0o755);
  }

  /**
   * Takes the disk as it is at this instant. `pids` are all processes that write to it; they are stopped, and stay so.
   * Afterwards `replace` puts what was taken in the place of the disk.
   */
  async take(pids: readonly number[]): Promise<string> {
    for (const pid of pids) signal(pid, 'SIGSTOP');
    await eventually(() => pids.every(isStopped), { what: 'all that write are stopped', timeoutMs: 10_000 });
    this.#cuts += 1;
    const copy = join(this.#folder, `image-${this.#cuts}`);
    await command('cp', ['--sparse=always', this.#image, copy]);
    return copy;
  }

  /** Mounts the copy instead of the disk; throws when its file system cannot be repaired. Nothing may write any more. */
  async replace(copy: string): Promise<void> {
    await this.#unmount();
    rmSync(this.#image);
    this.#image = copy;
    // Replays the journal. Status 1 says that something was repaired, which is what the journal is for.
    await command('e2fsck', ['-p', copy]).catch((error: { code?: number }) => {
      if (error.code !== 1) throw error;
    });
    await this.#mount();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isMounted) await this.#unmount();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #mount(): Promise<void> {
    await command('mount', ['-o', `loop,commit=${COMMIT_SECONDS}`, this.#image, this.place]);
    this.#isMounted = true;
  }

  async #unmount(): Promise<void> {
    // A process that was killed may hold its files for a moment longer.
    await eventually(() => command('umount', [this.place]).then(() => true), { what: 'the disk is given up' });
    this.#isMounted = false;
  }
}

async function command(program: string, options: readonly string[]): Promise<void> {
  const packages = program.includes('fs') ? 'e2fsprogs' : 'mount';
  await run(getProgram(program, packages), [...options], { timeout: COMMAND_TIMEOUT_MS });
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** All threads are stopped, or the process is gone: then no call of it is under way any more. */
function isStopped(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) =>
      /^\d+ \(.*\) [TZX]/s.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')),
    );
  } catch {
    return true;
  }
}

/** A process and all that descend from it. */
export function familyOf(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return [{ pid: Number(name), parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) }];
      } catch {
        return []; // it has ended meanwhile
      }
    });
  const family = [pid];
  for (const member of family) family.push(...parents.filter(({ parent }) => parent === member).map((one) => one.pid));
  return family;
}
