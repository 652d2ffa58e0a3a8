/** What a document may cost, each with its reason. The figures are those of the reliability goals. */
import { HOUR_MS, SECOND_MS } from '../base/clock.ts';

const MIB = 1024 * 1024;

export const conversionLimits = {
  /** By the clock on the wall, for one document. */
  wallMs: 60 * SECOND_MS,
  /** Of the processor: what hangs in a loop ends earlier than what waits. */
  cpuSeconds: 40,
  /** Address space of one process: LibreOffice works well with it, and a bomb does not take the machine. */
  memoryBytes: 2048 * MIB,
  /** Node reserves more addresses than it uses; its heap is limited by itself. */
  nodeMemoryBytes: 8192 * MIB,
  /** One file that a program writes, and what it may keep in its temporary folder. */
  outputBytes: 200 * MIB,
  temporaryBytes: 512 * MIB,
  /** All files that it writes: what is made, what it is made of, and a drawing of each of 500 pages. */
  outputTotalBytes: 1024 * MIB,
  outputFiles: 5_000,
  openFiles: 256,
  /** LibreOffice and its threads need a few dozen; a fork bomb is stopped here. */
  processes: 128,
  pages: 500,
  /** 200 inches, the largest page that PDF 1.7 knows without units of its own (ISO 32000-1 annex C). */
  pagePoints: 14_400,
  /** Decoded, 100 million pixels are 300 to 400 MB. */
  pixels: 100_000_000,
  /** What a program says, of which the last lines are kept. */
  wordsBytes: 64 * 1024,
  /** Text beyond this is more than 500 pages. */
  textBytes: 4 * MIB,
  /** Packages of office documents, before any program opens them. */
  zipEntries: 10_000,
  zipRatio: 100,
  zipBytes: 500 * MIB,
  /** Attachments in one winmail.dat. */
  packageFiles: 50,
} as const;

/** Work folders that a crash left behind are removed when they are this old: no conversion takes so long. */
export const LEFTOVER_AGE_MS = 1 * HOUR_MS;
