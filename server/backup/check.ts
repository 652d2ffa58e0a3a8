/** Compares the rows with the bytes in the spool, both ways. It changes nothing. */

import { listSpoolFiles, listStoredFiles, spoolPathOf } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import { digestOf } from './archive.ts';

export type StoreReport = {
  readonly files: number;
  readonly bytes: number;
  /** Named by a row, and not there. */
  readonly missing: readonly string[];
  /** There, with other bytes than the row says. */
  readonly damaged: readonly string[];
  /** There, and named by no row: left by a crash, swept by the server a day later. */
  readonly orphans: readonly string[];
};

/** Reads every document once and compares its length and SHA-256 with its row. */
export async function checkStore(context: Context): Promise<StoreReport> {
  const missing: string[] = [];
  const damaged: string[] = [];
  const known = new Set<string>();
  let bytes = 0;
  for await (const file of listSpoolFiles(context)) {
    known.add(file.id);
    const found = await digestOf(spoolPathOf(context, file.id));
    if (found === undefined) missing.push(file.id);
    else if (found.bytes !== file.bytes || found.sha256 !== file.sha256.toString('hex')) damaged.push(file.id);
    bytes += found?.bytes ?? 0;
  }
  const stored = await listStoredFiles(context);
  return { files: known.size, bytes, missing, damaged, orphans: stored.filter((id) => !known.has(id)) };
}
