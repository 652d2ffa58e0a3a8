/** How much room the disks of the spool and the data directory have left. */
import { statfs } from 'node:fs/promises';
import { isSystemError } from '../base/errors.ts';
import type { Context } from '../store/database.ts';

const GIB = 1024 * 1024 * 1024;

/** The share of the disk below which nothing more is taken, and below which a warning is due. */
export const diskMarks = {
  warnShare: 0.15,
  stopShare: 0.1,
  /** With this much left a disk is not full, however large it is. */
  plentyBytes: 20 * GIB,
} as const;

export type DiskState = 'plenty' | 'low' | 'full';
export type DiskReading = { readonly freeBytes: number; readonly totalBytes: number };
export type ReadDisk = (folder: string) => Promise<DiskReading>;

/** The room on the disks of the spool and the data directory; the worse of the two counts. */
export async function readDiskState(context: Context, readDisk: ReadDisk = readFileSystem): Promise<DiskState> {
  const { spoolDir, dataDir } = context.settings;
  const states = await Promise.all(
    [spoolDir, dataDir].map(async (folder) => {
      const reading = await readDisk(folder).catch((error: unknown) => {
        if (isSystemError(error) && error.code === 'ENOENT' && folder === dataDir) return undefined;
        throw error;
      });
      return reading === undefined ? 'plenty' : judgeDisk(reading);
    }),
  );
  return states.includes('full') ? 'full' : states.includes('low') ? 'low' : 'plenty';
}

export function judgeDisk({ freeBytes, totalBytes }: DiskReading): DiskState {
  const share = totalBytes === 0 ? 0 : freeBytes / totalBytes;
  if (freeBytes >= diskMarks.plentyBytes || share >= diskMarks.warnShare) return 'plenty';
  return share >= diskMarks.stopShare ? 'low' : 'full';
}

async function readFileSystem(folder: string): Promise<DiskReading> {
  const { bsize, blocks, bavail } = await statfs(folder);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}
