/** Looks into a ZIP package before any program unpacks it: how many entries, and how much they say they hold. */
import { open } from 'node:fs/promises';
import { inflateRawSync } from 'node:zlib';
import { conversionLimits } from '../limits.ts';
import { type Refusal, refusal } from '../reasons.ts';

const END_SIGNATURE = Buffer.from('PK\x05\x06', 'latin1');
const ENTRY_SIGNATURE = 0x02014b50;
// The record at the end is 22 bytes and a comment of at most 64 KiB.
const END_BYTES = 22 + 0xffff;
const MAX_DIRECTORY_BYTES = 16 * 1024 * 1024;
const MANIFEST_BYTES = 4 * 1024 * 1024;

type Entry = {
  readonly name: string;
  readonly packed: number;
  readonly unpacked: number;
  readonly at: number;
  readonly method: number;
};

/** Answers `undefined` when the package may be opened. What it says of itself is believed only when it is against it. */
export async function checkZip(path: string): Promise<Refusal | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const tail = await readAt(file, Math.max(0, size - END_BYTES), Math.min(size, END_BYTES));
    const end = tail.lastIndexOf(END_SIGNATURE);
    if (end < 0 || end + 22 > tail.length)
      return refusal('document-corrupt', 'the directory of the package is missing');
    const count = tail.readUInt16LE(end + 10);
    const length = tail.readUInt32LE(end + 12);
    const start = tail.readUInt32LE(end + 16);
    if (count > conversionLimits.zipEntries) return refusal('document-too-complex', `${count} entries in the package`);
    if (length > MAX_DIRECTORY_BYTES || start + length > size) {
      return refusal('document-corrupt', 'the directory of the package is not where it should be');
    }
    const entries = readDirectory(await readAt(file, start, length));
    return judge(entries, size) ?? (await findLock(file, entries));
  } finally {
    await file.close();
  }
}

type File = Awaited<ReturnType<typeof open>>;

async function readAt(file: File, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position });
  return buffer.subarray(0, bytesRead);
}

function readDirectory(bytes: Buffer): Entry[] {
  const entries: Entry[] = [];
  let at = 0;
  while (at + 46 <= bytes.length && bytes.readUInt32LE(at) === ENTRY_SIGNATURE) {
    const nameLength = bytes.readUInt16LE(at + 28);
    entries.push({
      name: bytes.toString('utf8', at + 46, at + 46 + nameLength),
      method: bytes.readUInt16LE(at + 10),
      packed: bytes.readUInt32LE(at + 20),
      unpacked: bytes.readUInt32LE(at + 24),
      at: bytes.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries;
}

function judge(entries: readonly Entry[], size: number): Refusal | undefined {
  const { zipBytes, zipEntries, zipRatio } = conversionLimits;
  const sum = entries.reduce((total, { unpacked }) => total + unpacked, 0);
  if (entries.length > zipEntries) return refusal('document-too-complex', `${entries.length} entries in the package`);
  if (sum > zipBytes) return refusal('document-too-complex', `${sum} bytes in the package`);
  if (sum > zipRatio * size)
    return refusal('document-too-complex', 'the package unpacks to more than a hundred times its size');
  return undefined;
}

/** OpenDocument 1.2 part 3 section 3.4.1: the manifest tells which entries are encrypted. */
async function findLock(file: File, entries: readonly Entry[]): Promise<Refusal | undefined> {
  const manifest = entries.find(({ name }) => name === 'META-INF/manifest.xml');
  if (manifest === undefined || manifest.packed > MANIFEST_BYTES) return undefined;
  const head = await readAt(file, manifest.at, 30);
  if (head.length < 30) return undefined;
  const bytes = await readAt(file, manifest.at + 30 + head.readUInt16LE(26) + head.readUInt16LE(28), manifest.packed);
  try {
    const text = manifest.method === 0 ? bytes : inflateRawSync(bytes, { maxOutputLength: MANIFEST_BYTES });
    return text.includes('encryption-data')
      ? refusal('document-encrypted', 'it opens only with a password')
      : undefined;
  } catch {
    // What cannot be read here is for the program to judge.
    return undefined;
  }
}
