/**
 * Bytes at rest: documents, and messages too large for a row. Written once, never changed, removed when nobody needs them.
 *
 * `keep` returns only when the bytes and their directory entry are synced. The caller commits the row that `addSpoolFiles`
 * writes; a file without a row is an orphan of a crash and is swept after a grace period. File names are random ids:
 * no name from outside ever becomes a path.
 */
import { createHash } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type RawBuilder, sql } from 'kysely';
import { isSystemError, PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import type { Context } from '../store/database.ts';
import * as disk from './disk.ts';
import { syncDirectory } from './sync.ts';

export type { DiskState, ReadDisk } from './disk.ts';

export type SpoolFile = {
  readonly id: string;
  readonly bytes: number;
  readonly sha256: Buffer;
  readonly mediaType: string;
};

export type KeepOptions = {
  readonly mediaType: string;
  readonly maxBytes: number;
  /** Nobody reads the chunks after this: their memory is given back at once, not when the garbage is next collected. */
  readonly usesUpChunks?: boolean;
};

// Up to sixteen chunks of a stream go to the disk with one call: half the system calls decide the speed of large files.
const CHUNKS_PER_WRITE = 16;
/** Never more than this at once: a hundred devices that hand in large scans all have such a group in memory. */
const BYTES_PER_WRITE = 256 * 1024;

/** The room on the disks of the spool and the data directory; the worse of the two counts. */
export function readDiskState(context: Context, readDisk?: disk.ReadDisk): Promise<disk.DiskState> {
  return disk.readDiskState(context, readDisk);
}

/** Makes the spool folder. Throws `spool-unavailable` when it cannot be written. */
export async function openSpool(context: Context): Promise<void> {
  try {
    await mkdir(context.settings.spoolDir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw spoolUnavailable(context, cause);
  }
}

/**
 * Keeps the bytes of a stream or buffer durably. Throws `document-too-large` past `maxBytes` and `spool-unavailable`
 * when the disk refuses; in both cases nothing is left behind.
 */
export async function keep(
  context: Context,
  source: AsyncIterable<Buffer> | Buffer,
  options: KeepOptions,
): Promise<SpoolFile> {
  const id = newId();
  const hash = createHash('sha256');
  let bytes = 0;
  let file: FileHandle | undefined;
  try {
    file = await createFile(context, id);
    for await (const chunks of inGroups(source)) {
      for (const chunk of chunks) {
        bytes += chunk.length;
        if (bytes > options.maxBytes) {
          throw new PlatenError('document-too-large', `the document is larger than ${options.maxBytes} bytes`, {
            values: { maxBytes: options.maxBytes },
          });
        }
        hash.update(chunk);
      }
      await writeAll(file, chunks);
      if (options.usesUpChunks === true) chunks.forEach(giveBack);
    }
    // A failed sync is never tried again: the kernel may have dropped the pages, and a second one would succeed.
    await file.datasync();
    await file.close();
    file = undefined;
    await syncDirectory(folderOf(context, id));
    return { id, bytes, sha256: hash.digest(), mediaType: options.mediaType };
  } catch (cause) {
    await file?.close().catch(() => undefined);
    await unlink(pathOf(context, id)).catch(() => undefined);
    if (isSystemError(cause) && cause.syscall !== undefined && cause.code !== 'ECONNRESET') {
      throw spoolUnavailable(context, cause);
    }
    throw cause;
  }
}

/** Writes the rows of kept files in the transaction of `context.db`. */
export async function addSpoolFiles(context: Context, files: readonly SpoolFile[]): Promise<void> {
  if (files.length > 0) await addSpoolFilesOf(files).execute(context.db);
}

/** The same as a part of a statement, whose text is the same for however many files there are. */
export function addSpoolFilesOf(files: readonly SpoolFile[]): RawBuilder<unknown> {
  return sql`
    INSERT INTO spool_files (id, bytes, sha256, media_type)
    SELECT id, bytes, decode(sha256, 'hex'), media_type FROM unnest(
      ${files.map(({ id }) => id)}::uuid[], ${files.map(({ bytes }) => bytes)}::bigint[],
      ${files.map(({ sha256 }) => sha256.toString('hex'))}::text[], ${files.map(({ mediaType }) => mediaType)}::text[]
    ) AS f (id, bytes, sha256, media_type)`;
}

/** Opens a kept file. Throws `document-missing` when its bytes are gone or have another length than the row says. */
export async function openSpoolFile(context: Context, id: string): Promise<Readable> {
  const row = await context.db.selectFrom('spool_files').select('bytes').where('id', '=', id).executeTakeFirst();
  return await openKeptFile(context, { id, bytes: row?.bytes ?? -1 });
}

/** The same for a caller who knows the length from a row of its own. */
export async function openKeptFile(
  context: Context,
  { id, bytes }: Pick<SpoolFile, 'id' | 'bytes'>,
): Promise<ReadStream> {
  const path = pathOf(context, id);
  const size = await stat(path).then(
    (found) => found.size,
    () => undefined,
  );
  if (size !== bytes) {
    throw new PlatenError('document-missing', `the spool file ${id} is missing or damaged`, { values: { id } });
  }
  return createReadStream(path, { highWaterMark: 256 * 1024 });
}

/** Removes the rows of files in the transaction of `context.db`; the bytes go with the next sweep. */
export async function forget(context: Context, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await context.db
    .deleteFrom('spool_files')
    .where('id', 'in', [...ids])
    .execute();
}

/** Removes bytes that no row names: kept and not needed, or forgotten by a commit that is over. */
export async function discard(context: Context, files: readonly Pick<SpoolFile, 'id'>[]): Promise<void> {
  for (const file of files) await unlink(pathOf(context, file.id)).catch(() => undefined);
}

const LISTED_AT_ONCE = 1000;
const FOLDER = /^[0-9a-f]{6}$/;
const FILE = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Gives every file that a row names, oldest first. */
export async function* listSpoolFiles(context: Context): AsyncGenerator<Omit<SpoolFile, 'mediaType'>> {
  for (let after: string | undefined; ; ) {
    let query = context.db.selectFrom('spool_files').select(['id', 'bytes', 'sha256']).orderBy('id');
    if (after !== undefined) query = query.where('id', '>', after);
    const rows = await query.limit(LISTED_AT_ONCE).execute();
    yield* rows;
    after = rows.at(-1)?.id;
    if (rows.length < LISTED_AT_ONCE) return;
  }
}

export async function isSpoolFileKnown(context: Context, id: string): Promise<boolean> {
  const row = await context.db.selectFrom('spool_files').select('id').where('id', '=', id).executeTakeFirst();
  return row !== undefined;
}

/** Ids of all files that lie in the spool, whether a row names them or not. Files of other names are left out. */
export async function listStoredFiles(context: Context): Promise<string[]> {
  const folders = (await readdir(context.settings.spoolDir)).filter((name) => FOLDER.test(name));
  const names: string[] = [];
  for (const folder of folders) names.push(...(await readdir(join(context.settings.spoolDir, folder))));
  return names.filter((name) => FILE.test(name)).sort();
}

/** Where the bytes of a file lie. */
export function spoolPathOf(context: Context, id: string): string {
  return pathOf(context, id);
}

export function folderOf(context: Context, id: string): string {
  // The first digits of a UUID of version 7 are its time: files of the same hours share a folder, and so its sync.
  return join(context.settings.spoolDir, id.slice(0, 6));
}

export function pathOf(context: Context, id: string): string {
  return join(folderOf(context, id), id);
}

async function createFile(context: Context, id: string): Promise<FileHandle> {
  try {
    return await open(pathOf(context, id), 'wx', 0o600);
  } catch (error) {
    if (!(isSystemError(error) && error.code === 'ENOENT')) throw error;
  }
  await mkdir(folderOf(context, id), { recursive: true, mode: 0o700 });
  await syncDirectory(context.settings.spoolDir);
  return await open(pathOf(context, id), 'wx', 0o600);
}

async function* inGroups(source: AsyncIterable<Buffer> | Buffer): AsyncGenerator<Buffer[]> {
  if (Buffer.isBuffer(source)) {
    yield [source];
    return;
  }
  let group: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    group.push(chunk);
    bytes += chunk.length;
    if (group.length < CHUNKS_PER_WRITE && bytes < BYTES_PER_WRITE) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}

async function writeAll(file: FileHandle, chunks: readonly Buffer[]): Promise<void> {
  let left = chunks.filter((chunk) => chunk.length > 0);
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left);
    while (left[0] !== undefined && bytesWritten >= left[0].length) {
      bytesWritten -= left[0].length;
      left = left.slice(1);
    }
    if (left[0] !== undefined && bytesWritten > 0) left = [left[0].subarray(bytesWritten), ...left.slice(1)];
  }
}

/**
 * A chunk that shares its memory stays. Of the others dozens of MiB would pile up until the next full collection, and bring
 * it about all the sooner.
 */
function giveBack({ buffer, byteLength }: Buffer): void {
  if (byteLength > 0 && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

function spoolUnavailable(context: Context, cause: unknown): PlatenError {
  return new PlatenError('spool-unavailable', `the spool folder ${context.settings.spoolDir} cannot be written`, {
    cause,
    values: { folder: context.settings.spoolDir },
  });
}
