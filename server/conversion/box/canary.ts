/**
 * What the walls of the box are worth on this system: found by trying, at the first need or some time after the start.
 *
 * A document is opened that asks for everything that a document must not get: addresses on the network by several
 * schemes, and a picture from the disk. A listener counts who calls, and the picture is looked for on the page.
 */
import { randomInt } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kit } from '../converter.ts';
import { findRed } from '../pixels.ts';
import { recipeFor } from '../recipes.ts';
import { type Level, openBox } from './box.ts';
import { canaryDocument, canaryPage, redPicture } from './canary-documents.ts';
import { findPrograms } from './programs.ts';

export type WallState = {
  readonly level: Level;
  /** `unknown` until it was tried; `untried` where the program for it is missing. */
  readonly canary: 'unknown' | 'kept' | 'escaped' | 'untried';
  readonly detail: string;
};

/** There is nothing to try: what a document could be led to is not opened. */
const NO_WALLS: WallState = {
  level: 'C',
  canary: 'untried',
  detail: 'this system has no walls for documents; office documents and pages are off',
};

const NEVER = new AbortController().signal;

export class Walls {
  readonly #kit: Kit;
  #level: Promise<Level> | undefined;
  #canary: Promise<WallState> | undefined;
  #state: WallState | undefined;

  constructor(kit: Kit) {
    this.#kit = kit;
  }

  /** Can the box have name spaces of its own here? A question of milliseconds, asked once. */
  level(): Promise<Level> {
    this.#level ??= this.#probe();
    return this.#level;
  }

  /** What is known now. */
  get state(): WallState | undefined {
    return this.#state;
  }

  /** Lets the canary fly, once. */
  async test(signal: AbortSignal): Promise<WallState> {
    this.#canary ??= this.#fly(signal).catch((error: unknown) => {
      this.#canary = undefined;
      throw error;
    });
    return await this.#canary;
  }

  /** May documents be opened whose programs could be led to other files or the network? */
  async mayOpenRisky(signal: AbortSignal): Promise<boolean> {
    if ((await this.level()) !== 'A') return false;
    return (await this.test(signal)).canary === 'kept';
  }

  async #probe(): Promise<Level> {
    const level = (await findPrograms(['bwrap'])).has('bwrap') && (await this.#opens('A')) ? 'A' : 'C';
    this.#state = level === 'A' ? { level, canary: 'unknown', detail: 'documents are opened behind walls' } : NO_WALLS;
    return level;
  }

  async #opens(level: Level): Promise<boolean> {
    await using stage = await openStage();
    await writeFile(stage.path('probe'), 'probe', { mode: 0o644 });
    await using box = await openBox(this.#kit.clock, level, { path: stage.path('probe'), ending: 'txt' });
    const script = 'cp "$IN" "$OUT/copy" && ! cat /etc/passwd';
    const ended = await box.run({ script, wallMs: 10_000 }, NEVER);
    return ended.kind === 'ended' && ended.status === 0;
  }

  async #fly(signal: AbortSignal): Promise<WallState> {
    this.#state = (await this.level()) === 'C' ? NO_WALLS : await this.#judge(signal);
    this.#kit.log[this.#state.canary === 'kept' ? 'info' : 'warn'](
      { ...this.#state },
      'the walls of conversion were tested',
    );
    return this.#state;
  }

  async #judge(signal: AbortSignal): Promise<WallState> {
    const { hits, tried } = await this.#count(signal);
    if (hits > 0) return { level: 'A', canary: 'escaped', detail: 'a test document reached the network or the disk' };
    const detail =
      tried.length === 0
        ? 'no program that could leave its walls is installed'
        : `a test document was opened by ${tried.join(' and ')} and got nothing`;
    return { level: 'A', canary: 'kept', detail };
  }

  async #count(signal: AbortSignal): Promise<{ hits: number; tried: string[] }> {
    const programs = await findPrograms();
    await using stage = await openStage();
    const tried: string[] = [];
    let hits = 0;
    for (const [name, format, make] of FLIGHTS) {
      if (!programs.has(name) || !programs.has('poppler')) continue;
      const { recipe, ending } = recipeFor(format);
      await writeFile(stage.path('canary'), make(stage.port, stage.path('red.png')), { mode: 0o644 });
      await using box = await openBox(this.#kit.clock, 'A', { path: stage.path('canary'), ending });
      const look = '\nfinished=$?\npdftoppm -r 40 "$OUT/document.pdf" "$OUT/seen"\nexit $finished';
      const ended = await box.run({ ...recipe.work, script: `${recipe.work.script}${look}` }, signal);
      if (ended.kind !== 'ended' || ended.status !== 0) throw new Error(`the test of ${name} made no page`);
      tried.push(name === 'writer' ? 'LibreOffice' : 'WeasyPrint');
      if (await sawRed(box.outputDir)) hits += 1;
    }
    return { hits: hits + stage.calls(), tried };
  }
}

const FLIGHTS = [
  ['writer', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', canaryDocument],
  ['weasyprint', 'text/html', canaryPage],
] as const;

async function sawRed(dir: string): Promise<boolean> {
  for (const name of ['seen-1.ppm', 'seen-2.ppm']) {
    const picture = await readFile(join(dir, name)).catch(() => undefined);
    if (picture !== undefined && findRed(picture)) return true;
  }
  return false;
}

type Stage = AsyncDisposable & { readonly port: number; path(name: string): string; calls(): number };

/** A folder with a red picture that everybody may read, and a listener on loopback that counts who calls. */
async function openStage(): Promise<Stage> {
  await using undo = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), `platen-canary-${randomInt(1e9)}-`));
  undo.defer(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o755);
  await writeFile(join(dir, 'red.png'), redPicture(), { mode: 0o644 });
  let calls = 0;
  const server = createServer((socket) => {
    calls += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  undo.defer(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const address = server.address();
  const opened = undo.move();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    path: (name) => join(dir, name),
    calls: () => calls,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
