/**
 * Conversion: what a document is, and any accepted document made into a PDF that is safe to send to a printer.
 *
 * Promises: documents are known by their bytes, never by their names; every program that opens one runs in a locked box
 * with limits; a document is converted when the result parses and has a page, whatever the program says; one that cannot
 * be converted ends with a reason. Never keeps anything: what was made is gone when it is disposed.
 */
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Settings } from '../base/settings.ts';
import { findPrograms, PROGRAM_PACKAGES } from './box/programs.ts';
import { type Converted, Converter, type Source } from './converter.ts';
import { type DocumentFormat, type Hints, type RefusalReason, type Sniffed, sniffFormat } from './kinds/sniff.ts';
import * as winmail from './kinds/winmail.ts';
import { countRoom } from './lanes.ts';
import * as looks from './looks.ts';
import * as pages from './pages/cut.ts';
import * as raster from './raster.ts';
import type { Refusal } from './reasons.ts';
import type { Lane } from './recipes.ts';

export { SNIFF_BYTES } from './kinds/sniff.ts';
export { LONG_MS } from './lanes.ts';
export type { DrawnPage, PageSpan, RasterWish } from './raster.ts';
export type { ConversionReason, Refusal } from './reasons.ts';
export type { Converted, DocumentFormat, RefusalReason, Source };
export type DocumentHints = Hints;

/** What conversion needs of a context. */
export type Kit = { readonly clock: Clock; readonly log: Log; readonly settings: Settings };

/** `format` is a media type, with its character set where it is a text. */
export type RecognizedDocument =
  | { readonly kind: 'document'; readonly format: string }
  | { readonly kind: 'package'; readonly format: 'application/ms-tnef' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

/** Tells what a document is from its first `SNIFF_BYTES`. */
export function recognize(beginning: Buffer, hints: DocumentHints = {}): RecognizedDocument {
  const sniffed: Sniffed = sniffFormat(beginning, hints);
  if (sniffed.kind !== 'document') return sniffed;
  const { format, charset } = sniffed;
  return { kind: 'document', format: charset === undefined ? format : `${format}; charset=${charset}` };
}

/** Which lane a document of this format takes. */
export function paceOf(format: string): Lane {
  return format === 'application/pdf' || (format.startsWith('image/') && format !== 'image/svg+xml') ? 'quick' : 'slow';
}

// One for each running Platen: several run in one process in tests.
const converters = new WeakMap<Settings, Converter>();

function converterOf(kit: Kit): Converter {
  const known = converters.get(kit.settings);
  if (known !== undefined) return known;
  const converter = new Converter(kit);
  converters.set(kit.settings, converter);
  return converter;
}

/** How many documents of each pace are converted at a time on this node, beside those that take long. */
export function countPlaces(kit: Kit): number {
  return converterOf(kit).places;
}

/** How many documents of a pace this node may begin, where these have been open for so many milliseconds. */
export function countFreePlaces(kit: Kit, openForMs: readonly number[]): number {
  return countRoom(converterOf(kit).places, openForMs);
}

/** Converts a document, or says why it cannot be. The result is gone when it is disposed. */
export function convert(kit: Kit, source: Source, signal: AbortSignal): Promise<Converted | Refusal> {
  return converterOf(kit).convert(source, signal);
}

/** Looks at a converted document: whether it needs color; the picture of its first page goes to `use`. */
export function look(
  kit: Kit,
  path: string,
  use: (preview: Readable) => Promise<void>,
  signal: AbortSignal,
): Promise<{ isColor: boolean }> {
  return looks.look(converterOf(kit), path, use, signal);
}

/** Gives the picture (PNG) of one page of a converted document to `use`. */
export function preview(
  kit: Kit,
  page: { readonly path: string; readonly page: number },
  use: (preview: Readable) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  return looks.preview(converterOf(kit), page, use, signal);
}

/** Gives each document of a winmail.dat to `use`. Throws the code of what went wrong. */
export function unpack(
  kit: Kit,
  path: string,
  use: (packed: winmail.Packed) => Promise<void>,
  signal: AbortSignal,
): Promise<{ readonly kind: 'unpacked'; readonly isWhole: boolean } | Refusal> {
  return winmail.unpack(converterOf(kit), path, use, signal);
}

/** Draws pages of a converted document for a printer that takes no PDF; `use` takes each of them. Throws what went wrong. */
export function rasterize(
  kit: Kit,
  drawing: raster.Drawing,
  use: (page: raster.DrawnPage) => Promise<void>,
  signal: AbortSignal,
): Promise<{ readonly kind: 'rasterized' } | Refusal> {
  return raster.rasterize(converterOf(kit), drawing, use, signal);
}

/** Gives some pages of a converted document, as a document of their own, to `use`. Throws what went wrong. */
export function cutPages<T>(
  kit: Kit,
  wish: { readonly path: string; readonly ranges: readonly pages.PageRange[] },
  use: (file: FileHandle) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return pages.cutPages(converterOf(kit), wish, use, signal);
}

export type ConversionState = {
  readonly level: 'A' | 'C';
  readonly canary: 'unknown' | 'kept' | 'escaped' | 'untried';
  readonly detail: string;
  /** Packages of the system whose programs are missing, and with them kinds of documents. */
  readonly missingPackages: readonly string[];
};

/** What this node can convert, and how safely. */
export async function readConversionState(kit: Kit): Promise<ConversionState> {
  const { walls } = converterOf(kit);
  const level = await walls.level();
  const programs = await findPrograms();
  const missing = Object.entries(PROGRAM_PACKAGES).filter(
    ([name]) => !programs.has(name as keyof typeof PROGRAM_PACKAGES),
  );
  return {
    level,
    canary: walls.state?.canary ?? 'unknown',
    detail: walls.state?.detail ?? '',
    missingPackages: [...new Set(missing.map(([, program]) => program.package))],
  };
}

/** The same in one line, as far as it is known now: nothing is tried and nobody waits. */
export function tellConversion(kit: Kit): string {
  const { state } = converterOf(kit).walls;
  return state === undefined ? 'not tried yet' : `level ${state.level}, ${state.detail}`;
}

/** Finds out whether the box can have walls here, and keeps one with them ready until it is disposed. */
export async function keepBoxReady(kit: Kit): Promise<AsyncDisposable> {
  const { walls, rooms } = converterOf(kit);
  rooms.keepReady(await walls.level());
  return { [Symbol.asyncDispose]: () => rooms.stop() };
}

/** Tests the walls of the box if that has not been done. */
export async function testWalls(kit: Kit, signal: AbortSignal): Promise<void> {
  await converterOf(kit).walls.test(signal);
}
