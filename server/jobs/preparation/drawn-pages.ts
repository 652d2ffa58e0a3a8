/** Where pages go as they are drawn: into one file of all of them, or each into a file of its own. */
import { PassThrough } from 'node:stream';
import type { DrawnPage } from '../../conversion/conversion.ts';
import { discard, keep, type SpoolFile } from '../../spool/spool.ts';
import type { Context } from '../../store/database.ts';

/** All pages of a document that are on the disk at a time: 500 pages of text are a fifth of it. */
const MAX_DRAWN_BYTES = 1024 * 1024 * 1024;

export type Keeping = {
  /** Throws `document-too-large` when the pages become larger than they may. */
  add(page: DrawnPage): Promise<void>;
  count(): number;
  finish(): Promise<readonly SpoolFile[]>;
  /** Nothing is left. */
  drop(): Promise<void>;
};

/** Each page becomes a file. */
export function keepPages(
  context: Context,
  mediaType: string,
  { maxBytes: most = MAX_DRAWN_BYTES }: { readonly maxBytes?: number },
): Keeping {
  const files: SpoolFile[] = [];
  let left = MAX_DRAWN_BYTES;
  return {
    async add({ file }) {
      const source = file.createReadStream({ autoClose: false });
      const kept = await keep(context, source, { mediaType, maxBytes: Math.min(most, left) });
      left -= kept.bytes;
      files.push(kept);
    },
    count: () => files.length,
    finish: async () => files,
    drop: () => discard(context, files),
  };
}

/** All pages become one file, which is written while they are drawn. */
export function joinPages(context: Context, mediaType: string, maxBytes: number = MAX_DRAWN_BYTES): Keeping {
  const joined = new PassThrough();
  const keeping = keep(context, joined, { mediaType, maxBytes });
  // Told to whoever adds the next page.
  keeping.catch(() => undefined);
  let count = 0;
  return {
    async add({ file, start }) {
      try {
        for await (const chunk of file.createReadStream({ autoClose: false, start })) await write(joined, chunk);
      } catch (error) {
        // A stream that nobody reads any more says less than the reason why.
        joined.destroy();
        await keeping;
        throw error;
      }
      count += 1;
    },
    count: () => count,
    async finish() {
      joined.end();
      return [await keeping];
    },
    async drop() {
      joined.destroy(new Error('the pages are not needed'));
      const kept = await keeping.catch(() => undefined);
      if (kept !== undefined) await discard(context, [kept]);
    },
  };
}

/** Returns when there is room for more. */
function write(stream: PassThrough, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => (error == null ? resolve() : reject(error)));
  });
}
