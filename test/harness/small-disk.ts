/** A small disk that a test fills and empties: a tmpfs mounted where the server writes. Only for who may mount. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { getProgram } from './processes.ts';
import { eventually } from './time.ts';

const MIB = 1024 * 1024;
const BALLAST = 'ballast';

export class SmallDisk implements AsyncDisposable {
  readonly place: string;
  #parts = 0;

  /** Mounts a disk of so many MiB on a folder, which is made when it is not there. */
  constructor(place: string, size: { readonly mib: number; readonly mode: string }) {
    this.place = place;
    mkdirSync(place, { recursive: true });
    const options = `size=${size.mib}m,mode=${size.mode}`;
    execFileSync(getProgram('mount', 'mount'), ['-t', 'tmpfs', '-o', options, 'platen-test', place]);
  }

  get freeShare(): number {
    const { blocks, bavail } = statfsSync(this.place);
    return bavail / blocks;
  }

  /** Fills the disk until only this share of it is free; zero takes the last byte. */
  fill(freeShare: number): void {
    const { bsize, blocks, bavail } = statfsSync(this.place);
    this.#parts += 1;
    const file = openSync(join(this.place, `${BALLAST}-${this.#parts}`), 'w', 0o600);
    try {
      const piece = Buffer.alloc(MIB);
      for (let left = (bavail - freeShare * blocks) * bsize; left > 0; left -= MIB) {
        writeSync(file, piece, 0, Math.min(MIB, Math.ceil(left)));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Takes away what `fill` has put there. */
  empty(): void {
    for (; this.#parts > 0; this.#parts -= 1) rmSync(join(this.place, `${BALLAST}-${this.#parts}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const umount = () => {
      execFileSync(getProgram('umount', 'mount'), [this.place], { stdio: 'ignore' });
      return true;
    };
    // A process that has just ended may hold its files for a moment longer.
    await eventually(umount, { what: `${this.place} is given up` });
  }
}
