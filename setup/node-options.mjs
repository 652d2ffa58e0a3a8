// How Node 24 is started for the server and the command line, so that it starts quickly and stays small.
import { join } from 'node:path';

/**
 * The young generation would otherwise grow to 64 MiB under load, half of what the server needs altogether. The old one
 * would otherwise begin with room for hundreds of MiB of garbage and grow to several times of what is alive before it is
 * looked through: a mailbox with 10,000 messages then took three times the memory, at the same speed. With half of each
 * (4 and 40) the relay needed 15 to 20 MiB less and a tenth more processor time, for messages of 2 MB a fifth more. None of
 * this is an end: what is alive has all the room that Node gives it.
 */
export const NODE_OPTIONS = ['--max-semi-space-size=8', '--initial-old-space-size=48', '--heap-growing-percent=100'];

/** Compiled modules are kept inside the package, where nobody else can write: over half of a start was compiling. */
export function nodeEnvironment(root) {
  return { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'platen') };
}
