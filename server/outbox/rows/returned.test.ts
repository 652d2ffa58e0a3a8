import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestContext } from '../../../test/harness/database.ts';
import { systemClock } from '../../base/clock.ts';
import { getMessage, submitMessage } from '../outbox.ts';
import { awaitVerdicts, recordReturned } from './returned.ts';

const MESSAGE_ID = '<scan-1@contoso.example>';
const returned = {
  messageIds: [MESSAGE_ID],
  recipients: [{ address: 'nobody@fabrikam.example', status: '5.1.10', words: '550 5.1.10 not found' }],
};

async function openSent(state: 'active' | 'sent') {
  const test = await openTestContext();
  const context = { ...test.context, clock: systemClock };
  const id = await submitMessage(context, {
    kind: 'scan',
    sender: 'print@contoso.example',
    recipients: ['Nobody@Fabrikam.example', 'anna@contoso.example'],
    content: { kind: 'bytes', bytes: Buffer.from('Subject: x\r\n\r\nx') },
    subject: 'x',
    messageIdHeader: MESSAGE_ID,
  });
  const set = async (state: 'active' | 'sent') => {
    await context.db.updateTable('outbox_messages').set({ state, due_at: null }).where('id', '=', id).execute();
    const reached = state === 'sent' ? 'sent' : 'queued';
    await context.db.updateTable('outbox_recipients').set({ state: reached }).where('message_id', '=', id).execute();
  };
  await set(state);
  return { context, id, set, [Symbol.asyncDispose]: () => test[Symbol.asyncDispose]() };
}

test('one recipient did not get it, once, and the other one did', async () => {
  await using sent = await openSent('sent');
  for (const _ of [1, 2]) assert.equal(await recordReturned(sent.context, returned), true);
  const { recipients, problem, remoteAnswer } = await getMessage(sent.context, sent.id);
  assert.deepEqual(
    recipients.map((one) => [one.address, one.state, one.problem?.code]),
    [
      ['Nobody@Fabrikam.example', 'failed', 'message-returned'],
      ['anna@contoso.example', 'sent', undefined],
    ],
  );
  assert.deepEqual([problem?.code, remoteAnswer], ['message-returned', '550 5.1.10 not found']);
  const told = await sent.context.db
    .selectFrom('journal')
    .select('id')
    .where('type', '=', 'outbox-message-returned')
    .execute();
  assert.equal(told.length, 1);
});

for (const [status, code] of [
  ['5.1.90', 'daily-limit'],
  ['5.1.8', 'sender-blocked'],
  ['5.7.233', 'tenant-recipient-limit'],
  ['5.7.232', 'tenant-recipient-limit'],
] as const) {
  test(`a report of ${status} has the advice of ${code}`, async () => {
    await using sent = await openSent('sent');
    const recipients = [{ address: 'nobody@fabrikam.example', status, words: `550 ${status} over the limit` }];
    assert.equal(await recordReturned(sent.context, { ...returned, recipients }), true);
    assert.equal((await getMessage(sent.context, sent.id)).problem?.code, code);
  });
}

test('a report that is faster than the verdict about its message waits for that', async () => {
  await using sent = await openSent('active');
  let isOver = false;
  const waiting = awaitVerdicts(sent.context, returned.messageIds).then(() => {
    isOver = true;
  });
  await systemClock.sleep(300);
  assert.equal(isOver, false);
  assert.equal(await recordReturned(sent.context, returned), false, 'too early it would be lost');
  await sent.set('sent');
  await waiting;
  assert.equal(await recordReturned(sent.context, returned), true);
});

test('what is about no message of ours waits for nothing and changes nothing', async () => {
  await using sent = await openSent('active');
  const other = { ...returned, messageIds: ['<other@contoso.example>'] };
  await awaitVerdicts(sent.context, other.messageIds);
  assert.equal(await recordReturned(sent.context, other), false);
  assert.equal(await recordReturned(sent.context, { messageIds: [], recipients: [] }), false);
});
