/**
 * Backup: everything of one moment into a folder, while Platen works, and back into an empty Platen.
 *
 * What is in it: all rows and the documents that they name. What is not: the key file, without which no token or
 * password in it can be opened, and which is kept apart for that reason.
 *
 * What comes back is older than the world: a job may have been printed and a message sent since. So nothing that waited
 * goes on by itself after a restore; a person looks first. Sessions end.
 */
import { copyFile, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PlatenError } from '../base/errors.ts';
import { pauseRestoredMailboxes } from '../intake/intake.ts';
import { holdRestoredJobs } from '../jobs/jobs.ts';
import { record } from '../journal/journal.ts';
import { skipNoticesSoFar } from '../notices/notices.ts';
import { holdRestoredMessages } from '../outbox/outbox.ts';
import { isSpoolFileKnown, listSpoolFiles, spoolPathOf } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import { LATEST, migrate } from '../store/migrate.ts';
import { transaction } from '../store/transaction.ts';
import { endAllSessions, prepareFirstRun } from '../users/users.ts';
import {
  createArchive,
  digestOf,
  type Manifest,
  RowsWriter,
  readManifest,
  readRows,
  rowsFile,
  spoolFile,
  syncFile,
  verifyArchive,
  writeManifest,
} from './archive.ts';
import { dumpRows, emptyTables, fillTable, listTables, moveCounters } from './rows.ts';

export { checkStore, type StoreReport } from './check.ts';

export type BackupReport = {
  readonly folder: string;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  /** Documents that a row names and that were already missing or damaged. */
  readonly missing: readonly string[];
};

/**
 * Writes a backup of this moment into an empty or new folder. Complete and synced when it returns. A server may be at
 * work on the same database. Throws `backup-folder-in-use`, and what disk and database throw.
 */
export async function writeBackup(context: Context, folder: string): Promise<BackupReport> {
  await createArchive(folder);
  const tables: Manifest['tables'] = {};
  const files: Manifest['files'] = {};
  const missing: string[] = [];
  let open: { table: string; writer: RowsWriter } | undefined;
  const closeRows = async (): Promise<void> => {
    if (open !== undefined) tables[open.table] = await open.writer.close();
    open = undefined;
  };
  await dumpRows(context, {
    async take(table, rows) {
      if (open?.table !== table) {
        await closeRows();
        open = { table, writer: new RowsWriter(folder, table) };
      }
      await open.writer.write(rows);
    },
    async read(moment) {
      await closeRows();
      for await (const file of listSpoolFiles(moment)) {
        const copied = await copyDocument(context, { folder, id: file.id, sha256: file.sha256 });
        if (copied === 'missing') missing.push(file.id);
        if (copied === 'copied') files[file.id] = { bytes: file.bytes, sha256: file.sha256.toString('hex') };
      }
    },
  });
  const madeAt = context.clock.now().toISOString();
  const keyFingerprint = context.secrets.fingerprint;
  await writeManifest(folder, { format: 1, madeAt, schema: LATEST, keyFingerprint, tables, files, missing });
  return { folder, ...sumsOf({ tables, files }), missing };
}

type Wanted = { readonly folder: string; readonly id: string; readonly sha256: Buffer };

/** A document that was forgotten since the moment of the backup is nobody's any more. */
async function copyDocument(context: Context, { folder, id, sha256 }: Wanted): Promise<'copied' | 'missing' | 'gone'> {
  const from = spoolPathOf(context, id);
  const found = await digestOf(from);
  if (found?.sha256 !== sha256.toString('hex')) {
    return (await isSpoolFileKnown(context, id)) ? 'missing' : 'gone';
  }
  await copyDurably(from, spoolFile(folder, id));
  return 'copied';
}

async function copyDurably(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await copyFile(from, to);
  const file = await open(to, 'r+');
  try {
    await file.chmod(0o600);
    await file.datasync();
  } finally {
    await file.close();
  }
  // The names too: of the file in its folder, and of the folder, which may be new.
  for (const folder of [dirname(to), dirname(dirname(to))]) await syncFile(folder);
}

export type RestoreReport = {
  readonly madeAt: string;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  /** What waits for a person now. */
  readonly heldJobs: number;
  readonly heldMessages: number;
  readonly pausedMailboxes: number;
  readonly missing: readonly string[];
};

/** Reads and checks what a restore needs to know before a database is opened. Throws `backup-unreadable`. */
export async function openBackup(folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  await verifyArchive(folder, manifest);
  return manifest;
}

/**
 * Fills a database that nobody has used yet, opened with the schema of the backup, and brings it up to date. All or
 * nothing. Throws `restore-target-in-use`, and `key-file-wrong` when the key is not the one of the backup.
 */
export async function restoreBackup(context: Context, folder: string, manifest: Manifest): Promise<RestoreReport> {
  if (!(await prepareFirstRun(context)).due) {
    throw new PlatenError('restore-target-in-use', 'this Platen has been set up already', {
      values: { folder: context.settings.dataDir },
    });
  }
  if (manifest.keyFingerprint !== context.secrets.fingerprint) {
    throw new PlatenError('key-file-wrong', 'the key file is not the one that this backup was made with', {
      values: { file: context.settings.keyFile },
    });
  }
  // Documents first: a file without a row is swept, a row without its file would be a loss.
  for (const id of Object.keys(manifest.files)) await copyDurably(spoolFile(folder, id), spoolPathOf(context, id));
  await transaction(context, async (context) => {
    await emptyTables(context);
    const known = new Set(await listTables(context));
    for (const table of Object.keys(manifest.tables)) {
      if (!known.has(table)) throw new Error(`${rowsFile(folder, table)} belongs to no table`);
      for await (const rows of readRows(folder, table)) await fillTable(context, table, rows);
    }
    await moveCounters(context);
  });
  await migrate(context.db);
  const held = await transaction(context, async (context) => {
    await endAllSessions(context);
    await skipNoticesSoFar(context);
    const heldJobs = await holdRestoredJobs(context);
    const heldMessages = await holdRestoredMessages(context);
    const pausedMailboxes = await pauseRestoredMailboxes(context);
    const data = { madeAt: manifest.madeAt, heldJobs, heldMessages, pausedMailboxes };
    await record(context, 'backup-restored', { subjectId: manifest.madeAt, data });
    return { heldJobs, heldMessages, pausedMailboxes };
  });
  return { madeAt: manifest.madeAt, ...sumsOf(manifest), ...held, missing: manifest.missing };
}

function sumsOf({ tables, files }: Pick<Manifest, 'tables' | 'files'>): { rows: number; files: number; bytes: number } {
  const sizes = Object.values(files).map((file) => file.bytes);
  return {
    rows: Object.values(tables).reduce((sum, table) => sum + table.rows, 0),
    files: sizes.length,
    bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
  };
}
