/** Looks at small pictures of pages in the plainest of formats (PPM, P6). */

type Picture = { readonly width: number; readonly height: number; readonly pixels: Buffer };

// What smoothing and rounding do to grey; a printer would print it black as well.
const GREY_TOLERANCE = 24;

function readPicture(bytes: Buffer): Picture | undefined {
  const head = /^P6\s+(\d{1,5})\s+(\d{1,5})\s+255\s/.exec(bytes.toString('latin1', 0, 32));
  if (head === null) return undefined;
  return { width: Number(head[1]), height: Number(head[2]), pixels: bytes.subarray(head[0].length) };
}

/** Is there a pixel that is not black, grey or white? */
export function hasColor(bytes: Buffer): boolean {
  const { pixels = Buffer.alloc(0) } = readPicture(bytes) ?? {};
  for (let at = 0; at + 2 < pixels.length; at += 3) {
    const [red = 0, green = 0, blue = 0] = [pixels[at], pixels[at + 1], pixels[at + 2]];
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > GREY_TOLERANCE) return true;
  }
  return false;
}

/** Is there a pixel of pure red? */
export function findRed(bytes: Buffer): boolean {
  const { pixels = Buffer.alloc(0) } = readPicture(bytes) ?? {};
  for (let at = 0; at + 2 < pixels.length; at += 3) {
    if ((pixels[at] ?? 0) > 200 && (pixels[at + 1] ?? 255) < 60 && (pixels[at + 2] ?? 255) < 60) return true;
  }
  return false;
}
