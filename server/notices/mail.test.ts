import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openWatchedMailbox, writeMessage } from '../../test/harness/intake.ts';
import { setNetworkSettings } from '../connections/connections.ts';
import { finishMessages } from '../intake/finish.ts';
import { intakeLimits } from '../intake/limits.ts';
import { withLease } from '../store/leases.ts';
import { writeNotices } from './write.ts';

test('of the mail that comes in, what a person sent is answered and what a machine sent is not', async () => {
  await using watched = await openWatchedMailbox();
  const { context } = watched;
  const server = { host: 'mail.practice.example', port: 25, security: 'none', verifyCertificate: true } as const;
  const outgoing = { kind: 'classic', server: { ...server, username: null } } as const;
  await setNetworkSettings(
    context,
    { senderEmail: 'platen@practice.example', senderName: undefined, outgoing },
    'test',
  );
  const write = () =>
    withLease(context, 'notices', {}, async (lease) => {
      while ((await writeNotices(context, lease)) > 0);
    });
  await write();
  const personal = writeMessage({ subject: 'Minutes' });
  watched.deliver(personal);
  watched.deliver(writeMessage({ subject: 'Nightly report', headers: 'Auto-Submitted: auto-generated\r\n' }));
  watched.deliver(writeMessage({ subject: 'Junk', from: 'stranger@elsewhere.example' }));
  {
    await using _worker = await watched.startWorker();
    await watched.settled(3);
  }
  assert.equal((await watched.jobs()).length, 2, 'both are printed all the same');
  await write();
  const outbox = () => context.db.selectFrom('outbox_messages').select('id').execute();
  assert.deepEqual(await outbox(), [], 'a reply waits for what becomes of the documents');
  watched.test.clock.advance(intakeLimits.replyPatienceMs);
  await withLease(context, 'message-endings', {}, (lease) => finishMessages(context, lease));
  await write();
  await write();
  const rows = await context.db
    .selectFrom('outbox_messages')
    .innerJoin('outbox_recipients', 'outbox_recipients.message_id', 'outbox_messages.id')
    .select(['body', 'address'])
    .execute();
  assert.deepEqual(
    rows.map(({ address }) => address),
    ['anna@practice.example'],
  );
  const id = /^Message-ID: (<[^>]+>)/m.exec(personal.toString('latin1'))?.[1] ?? '?';
  assert.ok(rows[0]?.body?.toString('latin1').includes(`In-Reply-To: ${id}`));
});
