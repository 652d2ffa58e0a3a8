/**
 * A backup on disk: a folder with `rows/<table>.jsonl.gz`, `spool/<id>` and `manifest.json`, which is written last.
 *
 * A folder without its manifest is not a backup. Every file's digest stands in the manifest and is checked before
 * anything is restored; a backup comes from outside like any other file.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Transform, type Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { isSystemError, PlatenError } from '../base/errors.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const manifestShape = z.object({
  format: z.literal(1),
  madeAt: z.iso.datetime(),
  /** The migration that the rows have the shape of. */
  schema: z.string().max(200),
  keyFingerprint: z.string().max(64),
  tables: z.record(z.string().regex(/^[a-z0-9_]{1,63}$/), z.object({ rows: z.number().int().min(0), sha256: digest })),
  files: z.record(z.uuid(), z.object({ bytes: z.number().int().min(0), sha256: digest })),
  /** Files of the spool that were already missing or damaged when the backup was made. */
  missing: z.array(z.uuid()),
});
export type Manifest = z.infer<typeof manifestShape>;

// A manifest of a million files is 150 MB; more is not a backup of ours.
const MAX_MANIFEST_BYTES = 512 * 1024 * 1024;

export const rowsFile = (folder: string, table: string): string => join(folder, 'rows', `${table}.jsonl.gz`);
export const spoolFile = (folder: string, id: string): string => join(folder, 'spool', id.slice(0, 6), id);
const manifestFile = (folder: string): string => join(folder, 'manifest.json');

/** Makes the folder, readable for its owner alone. Throws `backup-folder-in-use` when something is in it. */
export async function createArchive(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0) {
    throw new PlatenError('backup-folder-in-use', `the folder ${folder} is not empty`, { values: { folder } });
  }
  await mkdir(join(folder, 'rows'), { mode: 0o700 });
  await mkdir(join(folder, 'spool'), { mode: 0o700 });
}

/** Writes the lines of one table, compressed; `close` answers once they are synced. */
export class RowsWriter {
  readonly #gzip = createGzip({ level: 6 });
  readonly #hash = createHash('sha256');
  readonly #path: string;
  readonly #written: Promise<void>;
  #rows = 0;

  constructor(folder: string, table: string) {
    this.#path = rowsFile(folder, table);
    const hash = this.#hash;
    const hashing = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    this.#written = pipeline(this.#gzip, hashing, createWriteStream(this.#path, { mode: 0o600 }));
    // Whoever writes or closes hears of it.
    this.#written.catch(() => undefined);
  }

  async write(lines: readonly string[]): Promise<void> {
    this.#rows += lines.length;
    for (const line of lines) await push(this.#gzip, `${line}\n`);
  }

  async close(): Promise<{ rows: number; sha256: string }> {
    this.#gzip.end();
    await this.#written;
    await syncFile(this.#path);
    return { rows: this.#rows, sha256: this.#hash.digest('hex') };
  }
}

/** Reads the lines of a table in batches that stay below some megabytes. */
export async function* readRows(folder: string, table: string): AsyncGenerator<string[]> {
  const source = createReadStream(rowsFile(folder, table));
  const gunzip = createGunzip();
  const flowing = pipeline(source, gunzip);
  flowing.catch(() => undefined);
  let batch: string[] = [];
  let chars = 0;
  for await (const line of createInterface({ input: gunzip, crlfDelay: Number.POSITIVE_INFINITY })) {
    batch.push(line);
    chars += line.length;
    if (batch.length < 500 && chars < 8 * 1024 * 1024) continue;
    yield batch;
    batch = [];
    chars = 0;
  }
  await flowing;
  if (batch.length > 0) yield batch;
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const file = await open(manifestFile(folder), 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(manifest)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  for (const directory of [join(folder, 'rows'), join(folder, 'spool'), folder]) await syncFile(directory);
}

/** Throws `backup-unreadable` when the folder holds no complete backup. */
export async function readManifest(folder: string): Promise<Manifest> {
  try {
    if ((await stat(manifestFile(folder))).size > MAX_MANIFEST_BYTES) throw new RangeError('the manifest is too large');
    return manifestShape.parse(JSON.parse(await readFile(manifestFile(folder), 'utf8')));
  } catch (cause) {
    throw unreadable(folder, 'it has no manifest that can be read', cause);
  }
}

/** Reads every file of the backup once. Throws `backup-unreadable` at the first one that is missing or was changed. */
export async function verifyArchive(folder: string, manifest: Manifest): Promise<void> {
  for (const [table, { sha256 }] of Object.entries(manifest.tables)) {
    const found = await digestOf(rowsFile(folder, table));
    if (found?.sha256 !== sha256) throw unreadable(folder, `the rows of ${table} are missing or were changed`);
  }
  for (const [id, { sha256 }] of Object.entries(manifest.files)) {
    const found = await digestOf(spoolFile(folder, id));
    if (found?.sha256 !== sha256) throw unreadable(folder, `the document ${id} is missing or was changed`);
  }
}

/** Length and SHA-256 of a file, or `undefined` when it is not there. */
export async function digestOf(path: string): Promise<{ bytes: number; sha256: string } | undefined> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path)) {
      bytes += (chunk as Buffer).length;
      hash.update(chunk as Buffer);
    }
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function push(stream: Writable, text: string): Promise<void> {
  if (stream.write(text)) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: Error | null) => {
      stream.off('drain', settle);
      if (error) reject(error);
      else resolve();
    };
    stream.once('drain', settle);
    finished(stream).then(() => settle(), settle);
  });
}

/** Syncs a file, or the entries of a folder. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function unreadable(folder: string, why: string, cause?: unknown): PlatenError {
  return new PlatenError('backup-unreadable', `the backup in ${folder} cannot be used: ${why}`, {
    values: { folder },
    ...(cause === undefined ? {} : { cause }),
  });
}
