/**
 * The data directory of one node: made on the first start, and held by one process at a time.
 *
 * On Linux the hold is a socket in the abstract namespace: it ends with the process, however it ends, and a frozen
 * process keeps it. Elsewhere it is a socket file, which the next start removes when nobody listens on it.
 */
import { createHash } from 'node:crypto';
import { mkdir, realpath, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSystemError, PlatenError } from '../base/errors.ts';

/** Throws `data-directory-in-use` when another Platen holds the directory. */
export async function holdDataDirectory(directory: string): Promise<AsyncDisposable> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const tag = createHash('sha256')
    .update(await realpath(directory))
    .digest('hex')
    .slice(0, 24);
  const isLinux = process.platform === 'linux';
  const path = isLinux ? `\0platen-${tag}` : join(tmpdir(), `platen-${tag}.lock`);
  const server = (await listen(path)) ?? (isLinux ? undefined : await listenAgain(path));
  if (server === undefined) {
    throw new PlatenError('data-directory-in-use', `another Platen is using ${directory}`, { values: { directory } });
  }
  server.unref();
  return {
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function listen(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return await new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if (isSystemError(error) && error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => resolve(server));
  });
}

async function listenAgain(path: string): Promise<Server | undefined> {
  const isHeld = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
  if (isHeld) return undefined;
  await unlink(path).catch(() => undefined);
  return await listen(path);
}
