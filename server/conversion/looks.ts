/** How a finished document looks: whether it needs color, and pictures of its pages for the screen. */
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Box } from './box/box.ts';
import { type Converter, listResults, openResult } from './converter.ts';
import { conversionLimits } from './limits.ts';
import { hasColor } from './pixels.ts';

const PREVIEW_PIXELS = 1000;
// Enough to see a colored word; a page of A4 is then 100 KB.
const GLANCE_PIXELS = 220;

/** Looks at all pages, and makes a picture of the first. */
export async function look(
  converter: Converter,
  path: string,
  use: (preview: Readable) => Promise<void>,
  signal: AbortSignal,
): Promise<{ isColor: boolean }> {
  const script =
    `${previewOf(1)} && ` + `pdftoppm -f 1 -l ${conversionLimits.pages} -scale-to ${GLANCE_PIXELS} "$IN" "$OUT/glance"`;
  return await converter.runOn(
    'slow',
    { path, ending: 'pdf', work: { script, canWait: true } },
    async (box) => {
      await usePreview(box, use);
      return { isColor: await seesColor(box) };
    },
    signal,
  );
}

/** Makes a picture of one page. */
export async function preview(
  converter: Converter,
  { path, page }: { readonly path: string; readonly page: number },
  use: (preview: Readable) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await converter.runOn(
    'quick',
    { path, ending: 'pdf', work: { script: previewOf(page) } },
    (box) => usePreview(box, use),
    signal,
  );
}

const previewOf = (page: number): string =>
  `pdftoppm -png -f ${page} -l ${page} -singlefile -scale-to ${PREVIEW_PIXELS} "$IN" "$OUT/preview"`;

async function usePreview(box: Box, use: (preview: Readable) => Promise<void>): Promise<void> {
  const file = await openResult(box, 'preview.png');
  if (file !== undefined) await use(file.createReadStream());
}

async function seesColor(box: Box): Promise<boolean> {
  for (const name of await listResults(box)) {
    if (!name.startsWith('glance')) continue;
    const file = await openResult(box, name);
    if (file !== undefined && hasColor(await buffer(file.createReadStream()))) return true;
  }
  return false;
}
