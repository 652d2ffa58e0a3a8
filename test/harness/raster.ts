/** Reads what a printer of pictures was sent: PWG raster, by PWG 5102.4 sections 4.3 and 4.4. */
import assert from 'node:assert/strict';

export type RasterPage = {
  /** Dots per inch. */
  readonly x: number;
  readonly y: number;
  /** In dots. */
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
  /** cupsColorSpace: 19 is sRGB, 18 is sGray. */
  readonly space: number;
  readonly colors: number;
  /** How many dots of each color the page has, by its bytes in hexadecimal. */
  readonly dots: ReadonlyMap<string, number>;
};

const SYNC = 'RaS2';
const HEADER_BYTES = 1796;

/** The pages in their order. Throws when the lines of a page do not add up to its size, or something is left. */
export function readRaster(bytes: Buffer): readonly RasterPage[] {
  assert.equal(bytes.toString('latin1', 0, SYNC.length), SYNC);
  const pages: RasterPage[] = [];
  for (let at = SYNC.length; at < bytes.length; ) {
    const header = bytes.subarray(at, at + HEADER_BYTES);
    assert.equal(header.toString('latin1', 0, 9), 'PwgRaster');
    const number = (offset: number) => header.readUInt32BE(offset);
    const size = { width: number(372), height: number(376), bitsPerPixel: number(388) };
    const lines = countDots(bytes, at + HEADER_BYTES, size);
    pages.push({ x: number(276), y: number(280), ...size, space: number(400), colors: number(420), dots: lines.dots });
    at = lines.end;
  }
  return pages;
}

type Size = Pick<RasterPage, 'width' | 'height' | 'bitsPerPixel'>;

function countDots(bytes: Buffer, start: number, { width, height, bitsPerPixel }: Size) {
  const pixelBytes = bitsPerPixel / 8;
  const dots = new Map<string, number>();
  const count = (pixel: string, times: number) => void dots.set(pixel, (dots.get(pixel) ?? 0) + times);
  let at = start;
  for (let line = 0; line < height; ) {
    const times = bytes.readUInt8(at) + 1;
    at += 1;
    for (let dot = 0; dot < width; ) {
      const code = bytes.readUInt8(at);
      at += 1;
      if (code === 128) {
        // The rest of the line is white.
        count('ff'.repeat(pixelBytes), times * (width - dot));
        dot = width;
        continue;
      }
      const [pixels, runs] = code < 128 ? [1, code + 1] : [257 - code, 1];
      for (let pixel = 0; pixel < pixels; pixel += 1) {
        count(bytes.toString('hex', at, at + pixelBytes), times * runs);
        at += pixelBytes;
      }
      dot += pixels * runs;
      assert.ok(dot <= width, 'a line is longer than the page is wide');
    }
    line += times;
    assert.ok(line <= height, 'the page has more lines than it is high');
  }
  return { dots, end: at };
}

export type ApplePage = {
  readonly bits: number;
  /** 0 is gray, 1 is sRGB. */
  readonly space: number;
  /** 1 is one side, 2 two sides that are turned over the short edge, 3 over the long one. */
  readonly sides: number;
  readonly width: number;
  readonly height: number;
  readonly dpi: number;
};

/** Counts the pages of Apple raster by its lines, and tells what the first one is. Throws when something is left. */
export function readAppleRaster(bytes: Buffer): { readonly pages: number; readonly first: ApplePage | undefined } {
  assert.equal(bytes.toString('latin1', 0, 8), 'UNIRAST\0');
  let pages = 0;
  let first: ApplePage | undefined;
  for (let at = 12; at < bytes.length; pages += 1) {
    const [bits = 0, space = 0, sides = 0] = bytes.subarray(at, at + 3);
    const number = (offset: number) => bytes.readUInt32BE(at + offset);
    const size = { width: number(12), height: number(16), bitsPerPixel: bits };
    first ??= { bits, space, sides, width: size.width, height: size.height, dpi: number(20) };
    at = countDots(bytes, at + 32, size).end;
  }
  return { pages, first };
}
