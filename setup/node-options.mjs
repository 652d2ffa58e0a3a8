// How Node 24 is started for the server and the command line, so that it starts quickly and stays small.
import { join } from 'node:path';

/**
 * The young generation would otherwise grow to 64 MiB under load, half of what the server needs altogether. The old one
 * would otherwise begin with room for hundreds of MiB of garbage and grow to several times of what is alive before it is
 * looked through: a mailbox with 10,000 messages then took three times the memory, at the same speed. With a young
 * generation of 4 or 8 MiB, instead of 16, the relay took a sixth to a fifth fewer small messages and needed 3 to 20 MiB
 * less. None of this is an end: what is alive has all the room that Node gives it.
 */
export const NODE_OPTIONS = ['--max-semi-space-size=16', '--initial-old-space-size=48', '--heap-growing-percent=100'];

/** Compiled modules are kept inside the package, where nobody else can write: over half of a start was compiling. */
export function nodeEnvironment(root) {
  return { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'platen') };
}
