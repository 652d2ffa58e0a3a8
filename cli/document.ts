/** `jobs document`: the document of a job as a file of this machine, as far as the API gives it away. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isSystemError } from '../server/base/errors.ts';
import type { Command } from './command.ts';
import { findId, pathOf } from './find.ts';
import { Problem } from './problem.ts';
import type { Screen } from './screen.ts';
import { size } from './words.ts';

export const document: Command = {
  words: ['jobs', 'document'],
  operands: ['id', 'file'],
  options: { original: { about: 'document-original' } },
  async run(call) {
    const { openClient, screen, operands, has } = call;
    const [text = '', file = ''] = operands;
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'job', text });
    const query = has('original') ? { as: 'original' } : {};
    let bytes = 0;
    await client.download(`${pathOf('job', id)}/document`, query, async (body) => {
      bytes = await save(screen, file, body);
    });
    if (screen.isJson) return screen.json({ file, bytes });
    screen.line(`${file}  ${size(screen.language, bytes)}`);
  },
};

/** Writes a new file that its owner alone may read; half of a document is none. Throws `no-file-written`. */
async function save(screen: Screen, path: string, body: Readable): Promise<number> {
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  let isOurs = false;
  file.once('open', () => {
    isOurs = true;
  });
  try {
    await pipeline(body, file);
    return file.bytesWritten;
  } catch (cause) {
    if (isOurs) await rm(path, { force: true });
    if (!isSystemError(cause) || cause.path === undefined) throw cause;
    const title = screen.text('problem.no-file-written.title', { path });
    const advice = screen.text('problem.no-file-written.advice');
    throw new Problem({ code: 'no-file-written', title, advice, ...(cause.code ? { detail: cause.code } : {}) }, cause);
  }
}
