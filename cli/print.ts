/** `jobs print`: a document of this machine becomes a job of somebody. */
import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { MINUTE_MS } from '../server/base/clock.ts';
import { isSystemError } from '../server/base/errors.ts';
import type { Command } from './command.ts';
import { findId } from './find.ts';
import { JOB_OPTIONS, readOptions } from './options.ts';
import { Problem } from './problem.ts';
import type { Screen } from './screen.ts';
import { job } from './shapes.ts';
import { jobState, shortId } from './words.ts';

/** A large document over a slow line: as long as the server waits for it. */
const TIMEOUT_MS = 5 * MINUTE_MS;

export const print: Command = {
  words: ['jobs', 'print'],
  operands: ['file'],
  options: {
    for: { value: 'id', isRequired: true, about: 'print-for' },
    queue: { value: 'id', about: 'print-queue' },
    hold: { about: 'print-hold' },
    ...JOB_OPTIONS,
  },
  async run(call) {
    const { openClient, screen, operands, find, has } = call;
    const options = readOptions(call);
    const [path = ''] = operands;
    const file = await openDocument(screen, path);
    const client = await openClient();
    const queue = find('queue');
    const fields = new FormData();
    fields.append('ownerId', await findId(client, screen, { kind: 'user', text: find('for') ?? '' }));
    if (queue !== undefined) fields.append('queueId', await findId(client, screen, { kind: 'queue', text: queue }));
    fields.append('options', JSON.stringify(options));
    fields.append('hold', String(has('hold')));
    fields.append('file', file, basename(path));
    const request = { method: 'POST', path: '/jobs', form: fields, timeoutMs: TIMEOUT_MS } as const;
    const item = await client.askOnce(job, request);
    if (screen.isJson) return screen.json(item);
    screen.line(`${shortId(item.id)}  ${item.title}  `, jobState(screen.language, item));
  },
};

/** A file of this machine, read as it is sent. Throws `no-file`. */
export async function openDocument(screen: Screen, path: string): Promise<Blob> {
  try {
    return await openAsBlob(path);
  } catch (cause) {
    const title = screen.text('problem.no-file.title', { path });
    const advice = screen.text('problem.no-file.advice');
    const detail = isSystemError(cause) ? cause.code : undefined;
    throw new Problem({ code: 'no-file', title, advice, ...(detail === undefined ? {} : { detail }) }, cause);
  }
}
