/** The converter of this node: its box, its lanes, and what it knows of the system. One for each running Platen. */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Box, Level, Work } from './box/box.ts';
import { Walls } from './box/canary.ts';
import { findPrograms, PROGRAM_PACKAGES } from './box/programs.ts';
import type { Ended } from './box/run.ts';
import { SpareRoom } from './box/spare.ts';
import { needsPassword } from './kinds/compound.ts';
import { SNIFF_BYTES, type Sniffed, sniffFormat } from './kinds/sniff.ts';
import { checkZip } from './kinds/zip.ts';
import { Lanes } from './lanes.ts';
import { conversionLimits } from './limits.ts';
import { readPaper } from './paper.ts';
import { type Refusal, reasonOf, refusal } from './reasons.ts';
import { type Lane, missingFor, type Recipe, recipeFor } from './recipes.ts';

/** What the converter needs of the world; a context has all of it. */
export type Kit = { readonly clock: Clock; readonly log: Log };

export type Source = {
  readonly path: string;
  /** A media type as `recognize` gave it; what the bytes say themselves goes first. */
  readonly format: string;
};

/** A PDF that is safe to be sent to a printer. Its file is gone when it is disposed. */
export type Converted = AsyncDisposable & {
  readonly kind: 'converted';
  readonly file: FileHandle;
  readonly pages: number;
  readonly media: string;
};

const DECLARED = /^([\w.+/-]+)(?:;\s*charset=([\w-]+))?$/;

export class Converter {
  readonly kit: Kit;
  readonly walls: Walls;
  readonly rooms: SpareRoom;
  readonly #lanes: Lanes;

  constructor(kit: Kit) {
    this.kit = kit;
    this.#lanes = new Lanes(kit.clock);
    this.walls = new Walls(kit);
    this.rooms = new SpareRoom(kit.clock);
  }

  /** How many documents of each lane are converted at a time. */
  get places(): number {
    return this.#lanes.size;
  }

  async convert(source: Source, signal: AbortSignal): Promise<Converted | Refusal> {
    const found = await this.#recognize(source);
    if (found.kind === 'refused') return found;
    const { recipe, ending } = recipeFor(found.format, found.charset);
    const missing = missingFor(recipe, await findPrograms());
    if (missing.length > 0) return unavailable(missing);
    const level = await this.walls.level();
    if (recipe.needsWalls && !(await this.walls.mayOpenRisky(signal))) {
      return refusal(
        'conversion-switched-off',
        `documents of this kind are opened at level A alone, and this is ${level}`,
      );
    }
    const zipped = ending.length === 4 && ending.endsWith('x') ? true : ending.startsWith('od');
    // There is no password for a text that programs try by themselves, as there is for sheets and slides.
    const isText = ending === 'doc';
    const flaw = zipped ? await checkZip(source.path) : isText ? await findLock({ ...source, ending }) : undefined;
    if (flaw !== undefined) return flaw;
    return await this.#lanes.run(recipe.lane, () =>
      this.#convertIn(level, { path: source.path, ending }, recipe, signal),
    );
  }

  async #convertIn(
    level: Level,
    input: { path: string; ending: string },
    recipe: Recipe,
    signal: AbortSignal,
  ): Promise<Converted | Refusal> {
    await using undo = new AsyncDisposableStack();
    const box = undo.use(await this.rooms.open(level, input));
    const first = await box.run(recipe.work, signal);
    // A program that broke down may have had bad luck; one that ran out of time would do so again.
    const hasFailed =
      first.kind === 'ended' && (first.status === 23 || reasonOf(first)?.reason === 'conversion-failed');
    const lock = hasFailed ? await findLock(input) : undefined;
    if (lock !== undefined) return lock;
    const ended = hasFailed && !signal.aborted ? await box.run(recipe.work, signal) : first;
    this.#note(ended);
    const reason = reasonOf(ended);
    if (reason !== undefined) return reason;
    const paper = readPaper(ended.kind === 'ended' ? ended.words : '');
    if (paper.kind === 'refused') return paper;
    const file = await openResult(box, 'document.pdf');
    if (file === undefined) return refusal('conversion-failed', 'no document was made');
    undo.defer(() => file.close());
    const kept = undo.move();
    return {
      kind: 'converted',
      file,
      pages: paper.pages,
      media: paper.media,
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    };
  }

  /** Runs work on a file in a box, and lets `use` take what was made. Throws `conversion-failed` and the like. */
  async runOn<T>(
    lane: Lane,
    input: { readonly path: string; readonly ending: string; readonly work: Work },
    use: (box: Box, words: string) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const level = await this.walls.level();
    return await this.#lanes.run(lane, async () => {
      await using box = await this.rooms.open(level, input);
      const ended = await box.run(input.work, signal);
      this.#note(ended);
      const reason = reasonOf(ended);
      if (reason !== undefined) throw new PlatenError(reason.reason, reason.detail);
      return await use(box, ended.kind === 'ended' ? ended.words : '');
    });
  }

  async #recognize(source: Source): Promise<(Sniffed & { kind: 'document' }) | Refusal> {
    const [, declared, charset] = DECLARED.exec(source.format) ?? [];
    const beginning = await readBeginning(source.path);
    // The hints say again what was found when there was more to go by, such as what the sender declared.
    const sniffed = sniffFormat(beginning, { declaredType: `${declared}; charset=${charset}` });
    if (sniffed.kind === 'document') return sniffed;
    return sniffed.kind === 'refused'
      ? refusal(sniffed.reason, 'its bytes say so')
      : refusal('document-unsupported', 'it holds documents and is none itself');
  }

  #note(ended: Ended): void {
    if (ended.kind === 'ended' && ended.status === 0) return;
    const words = ended.kind === 'ended' ? ended.words.slice(-500) : '';
    this.kit.log.info(
      { end: ended.kind, status: ended.kind === 'ended' ? ended.status : undefined, words },
      'a conversion did not end well',
    );
  }
}

const COMPOUND = ['doc', 'xls', 'ppt'];

/** A document that no program opens without a password is not damaged. */
async function findLock({ path, ending }: { path: string; ending: string }): Promise<Refusal | undefined> {
  if (!COMPOUND.includes(ending) || !(await needsPassword(path))) return undefined;
  return refusal('document-encrypted', 'it opens only with a password');
}

function unavailable(missing: readonly (keyof typeof PROGRAM_PACKAGES)[]): Refusal {
  const packages = [...new Set(missing.map((name) => PROGRAM_PACKAGES[name].package))];
  return refusal('conversion-unavailable', `not installed: ${packages.join(' ')}`);
}

async function readBeginning(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(SNIFF_BYTES), position: 0 });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Opens what a box has made: a plain file of a bounded size, never what a link points to. */
export async function openResult(box: Box, name: string): Promise<FileHandle | undefined> {
  const file = await open(
    join(box.outputDir, name),
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  ).catch(() => undefined);
  if (file === undefined) return undefined;
  const found = await file.stat();
  if (found.isFile() && found.nlink === 1 && found.size > 0 && found.size <= conversionLimits.outputBytes) return file;
  await file.close();
  return undefined;
}

/** The names of what a box has made, in order. */
export async function listResults(box: Box): Promise<string[]> {
  return (await readdir(box.outputDir)).sort();
}
