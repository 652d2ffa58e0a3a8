/** The wall clock of one server process, moved while it runs: its timers, its database and everybody else keep the real time. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Loaded into the server before everything else: whoever asks for the date gets it moved by what a file says. */
const PRELOAD = `
import { readFileSync } from 'node:fs';
const Real = Date;
let offset = 0, readAt = -1000;
const now = () => {
  if (performance.now() - readAt > 20) {
    readAt = performance.now();
    offset = Number(readFileSync(new URL('./offset', import.meta.url), 'utf8'));
  }
  return Real.now() + offset;
};
globalThis.Date = class Date extends Real {
  constructor(...given) {
    if (given.length === 0) super(now());
    else super(...given);
  }
  static now() {
    return now();
  }
};
`;

export type WallClock = Disposable & {
  /** Further settings of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** So far ahead of the real time, or behind it. */
  set(offsetMs: number): void;
};

export function openWallClock(): WallClock {
  const folder = mkdtempSync(join(tmpdir(), 'platen-clock-'));
  const preload = join(folder, 'preload.mjs');
  const set = (offsetMs: number) => {
    writeFileSync(join(folder, 'next'), String(offsetMs));
    renameSync(join(folder, 'next'), join(folder, 'offset'));
  };
  set(0);
  writeFileSync(preload, PRELOAD);
  return {
    env: { NODE_OPTIONS: `--import ${pathToFileURL(preload).href}` },
    set,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
