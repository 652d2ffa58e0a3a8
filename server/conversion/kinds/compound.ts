/**
 * Looks into a compound file ([MS-CFB]) for what says that it opens only with a password. No program has to open it for
 * that, and what is read of it is bounded, whatever its chains say.
 */
import { type FileHandle, open } from 'node:fs/promises';

const END_OF_CHAIN = 0xfffffffa;
/** Of a file of 2 GB: more is no document that anybody prints. */
const MAX_SECTOR = 0x400000;
const MAX_DIRECTORY_SECTORS = 256;
/** Sectors of a chain that are followed to reach the beginning of a small stream. */
const MAX_STEPS = 4_096;
const ENTRY_BYTES = 128;
const MINI_BYTES = 64;

type Entry = { readonly name: string; readonly start: number; readonly size: number; readonly isRoot: boolean };

type Compound = {
  readonly file: FileHandle;
  readonly sectorBytes: number;
  /** Where the sectors of the allocation table are, as far as the header tells: 109 of them cover 6.8 MB at least. */
  readonly tables: readonly number[];
  readonly miniBelow: number;
};

/**
 * Does a document of the formats before 2007, or an encrypted one of the formats since, need a password? Meant for one
 * that could not be opened: some encrypted ones open with a password that all programs know.
 */
export async function needsPassword(path: string): Promise<boolean> {
  await using file = await open(path, 'r');
  const compound = await readHeader(file);
  if (compound === undefined) return false;
  const entries = await readEntries(compound, (await readAt(file, 48, 4)).readUInt32LE(0));
  const root = entries.find(({ isRoot }) => isRoot);
  const beginningOf = async (name: string, length: number): Promise<Buffer | undefined> => {
    const entry = entries.find((each) => each.name === name && !each.isRoot);
    if (entry === undefined || root === undefined) return undefined;
    return await readBeginning(compound, { entry, root, length });
  };
  if (entries.some(({ name }) => name === 'EncryptedPackage' || name === 'EncryptedSummary')) return true;
  return (
    isLockedText((await beginningOf('WordDocument', 12)) ?? NOTHING) ||
    isLockedSheet((await beginningOf('Workbook', 512)) ?? (await beginningOf('Book', 512)) ?? NOTHING) ||
    isLockedSlides((await beginningOf('Current User', 16)) ?? NOTHING)
  );
}

const NOTHING = Buffer.alloc(0);

/** [MS-DOC] 2.5.2 FibBase: fEncrypted, for obfuscation by XOR and for RC4. */
function isLockedText(bytes: Buffer): boolean {
  return bytes.length >= 12 && (bytes.readUInt16LE(10) & 0x0100) !== 0;
}

const FILE_PASS = 0x002f;

/** [MS-XLS] 2.4.117 FilePass: follows the first record of a workbook, with at most one of write protection between. */
function isLockedSheet(bytes: Buffer): boolean {
  for (let at = 0, records = 0; at + 4 <= bytes.length && records < 8; records += 1) {
    if (bytes.readUInt16LE(at) === FILE_PASS) return true;
    at += 4 + bytes.readUInt16LE(at + 2);
  }
  return false;
}

/** [MS-PPT] 2.3.2 CurrentUserAtom: headerToken of a file with an encrypted document. */
function isLockedSlides(bytes: Buffer): boolean {
  return bytes.length >= 16 && bytes.readUInt32LE(12) === 0xf3d1c4df;
}

async function readHeader(file: FileHandle): Promise<Compound | undefined> {
  const header = await readAt(file, 0, 512);
  if (header.length < 512 || header.toString('hex', 0, 8) !== 'd0cf11e0a1b11ae1') return undefined;
  const shift = header.readUInt16LE(30);
  if (shift !== 9 && shift !== 12) return undefined;
  const tables = Array.from({ length: 109 }, (_, index) => header.readUInt32LE(76 + 4 * index));
  return {
    file,
    sectorBytes: 2 ** shift,
    tables: tables.filter((sector) => sector < END_OF_CHAIN),
    miniBelow: header.readUInt32LE(56),
  };
}

async function readEntries(compound: Compound, first: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  let sector: number | undefined = first;
  for (let count = 0; sector !== undefined && count < MAX_DIRECTORY_SECTORS; count += 1) {
    const bytes: Buffer = await readSector(compound, sector);
    for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
      const nameBytes = Math.min(Math.max(bytes.readUInt16LE(at + 64) - 2, 0), 62);
      entries.push({
        name: bytes.toString('utf16le', at, at + nameBytes),
        isRoot: bytes.readUInt8(at + 66) === 5,
        start: bytes.readUInt32LE(at + 116),
        size: bytes.readUInt32LE(at + 120),
      });
    }
    sector = await nextSector(compound, sector);
  }
  return entries;
}

type Wanted = { readonly entry: Entry; readonly root: Entry; readonly length: number };

/** The first bytes of a stream, within its first sector. */
async function readBeginning(compound: Compound, { entry, root, length }: Wanted): Promise<Buffer> {
  const { file, sectorBytes, miniBelow } = compound;
  const bytes = Math.min(length, entry.size, sectorBytes);
  if (entry.size >= miniBelow) return await readAt(file, placeOf(compound, entry.start), bytes);
  // A small stream lies in the stream of the root, whose sectors are one chain.
  const at = entry.start * MINI_BYTES;
  const steps = Math.floor(at / sectorBytes);
  if (steps > MAX_STEPS) return NOTHING;
  let sector: number | undefined = root.start;
  for (let step = 0; step < steps && sector !== undefined; step += 1) sector = await nextSector(compound, sector);
  if (sector === undefined) return NOTHING;
  return await readAt(file, placeOf(compound, sector) + (at % sectorBytes), Math.min(bytes, MINI_BYTES));
}

async function nextSector(compound: Compound, sector: number): Promise<number | undefined> {
  const perTable = compound.sectorBytes / 4;
  const table = compound.tables[Math.floor(sector / perTable)];
  if (table === undefined) return undefined;
  const bytes = await readAt(compound.file, placeOf(compound, table) + 4 * (sector % perTable), 4);
  const next = bytes.length === 4 ? bytes.readUInt32LE(0) : END_OF_CHAIN;
  return next >= MAX_SECTOR ? undefined : next;
}

const readSector = async (compound: Compound, sector: number): Promise<Buffer> =>
  await readAt(compound.file, placeOf(compound, sector), compound.sectorBytes);

const placeOf = ({ sectorBytes }: Compound, sector: number): number => (Math.min(sector, MAX_SECTOR) + 1) * sectorBytes;

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position });
  return buffer.subarray(0, bytesRead);
}
