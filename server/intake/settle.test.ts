import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { test } from 'node:test';
import { openTestContext } from '../../test/harness/database.ts';
import { newId } from '../base/secrets.ts';
import { addQueue, listJobs } from '../jobs/jobs.ts';
import { keep, openSpoolFile, pathOf } from '../spool/spool.ts';
import type { Context, Db } from '../store/database.ts';
import { withLease } from '../store/leases.ts';
import { shareTasks } from '../store/tasks.ts';
import { addUser } from '../users/users.ts';
import { getMailboxRow } from './mailbox.ts';
import type { ReceivedMessage } from './receive.ts';
import { settle } from './settle.ts';

/** A database whose answer to the next COMMIT is lost: it has been carried out, and nobody is told. */
function losingAnAnswer(db: Db): Db {
  let isLost = false;
  return new Proxy(db, {
    get(target, name) {
      if (name !== 'transaction' || isLost) {
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return () => ({
        async execute(work: Parameters<ReturnType<Db['transaction']>['execute']>[0]) {
          isLost = true;
          await target.transaction().execute(work);
          throw new Error('Connection terminated unexpectedly');
        },
      });
    },
  });
}

async function prepare(context: Context) {
  const user = await addUser(
    context,
    { email: 'anna@example.org', name: 'Anna', role: 'user', language: 'en' },
    'test',
  );
  const queue = await addQueue(context, { name: 'Hold', mode: 'hold' }, 'test');
  const id = newId();
  const server = JSON.stringify({ host: 'localhost', port: 993, security: 'tls', username: 'print' });
  const fixed = { protocol: 'imap', folder: 'INBOX', poll_seconds: 60, after_intake: 'move' } as const;
  await context.db
    .insertInto('mailboxes')
    .values({
      id,
      title: 'Print',
      address: 'print@example.org',
      server,
      queue_id: queue.id,
      state_since: new Date(),
      ...fixed,
    })
    .execute();
  const file = await keep(context, Buffer.from('%PDF-1.4'), { mediaType: 'application/pdf', maxBytes: 100 });
  const message: ReceivedMessage = {
    uid: 7,
    bytes: 100,
    head: undefined,
    outcome: 'done',
    user,
    documents: [{ outcome: 'accepted', file, title: 'a.pdf', format: 'application/pdf', bytes: file.bytes }],
  };
  return { mailbox: await getMailboxRow(context, id), message, file };
}

test('a lost answer to the commit keeps the documents of the jobs that it made', async () => {
  await using test = await openTestContext();
  const { mailbox, message, file } = await prepare(test.context);
  const db = losingAnAnswer(test.context.db);
  shareTasks(test.context.db, db);
  const context = { ...test.context, db };
  await withLease(test.context, `mailbox:${mailbox.id}`, {}, async (lease) => {
    const place = { mailbox, lease, uidValidity: 14 };
    await assert.rejects(settle(context, place, [message]), /Connection terminated/);
    const jobs = await listJobs(test.context, { limit: 10 });
    assert.equal(jobs.length, 1);
    const bytes = await (await openSpoolFile(test.context, file.id)).toArray();
    assert.equal(Buffer.concat(bytes).toString(), '%PDF-1.4');
    // The same message comes again: it is recorded already, and makes no second job.
    const copy = await keep(test.context, Buffer.from('%PDF-1.4'), { mediaType: 'application/pdf', maxBytes: 100 });
    const document = { outcome: 'accepted', title: 'a.pdf', format: 'application/pdf', bytes: copy.bytes } as const;
    const again: ReceivedMessage = { ...message, documents: [{ ...document, file: copy }] };
    assert.equal((await settle(test.context, place, [again])).length, 1);
    assert.equal((await listJobs(test.context, { limit: 10 })).length, 1);
    await assert.rejects(stat(pathOf(test.context, copy.id)), 'the second copy is not needed');
  });
});
