import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDovecot } from '../harness/dovecot.ts';
import { writeMessage } from '../harness/intake.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { letters, openReplyRoom } from '../harness/reply-room.ts';
import { eventually } from '../harness/time.ts';

const ANNA = 'anna@practice.example';
const REPLIES_FROM = 'platen@practice.example';
const LONG = { timeoutMs: 90_000 };

test('the vacation of Sieve answers people and no reply of Platen, and Platen does not answer a vacation', async () => {
  await using room = await openReplyRoom();
  const { watched, context } = room;
  const people = await startDovecot({ tls: room.watched.practice.certificates, password: 'x', vacation: 'I am away.' });
  await using undo = new AsyncDisposableStack();
  undo.defer(() => people.close());
  const lunch = `From: <erik@practice.example>\r\nTo: <${ANNA}>\r\nSubject: Lunch\r\nMessage-ID: <1.${ANNA}>\r\n\r\nToday?\r\n`;
  await people.deliver(ANNA, lunch, 'erik@practice.example');
  assert.equal(people.answers().length, 1, 'a person is answered, so the machine works');

  watched.deliver(writeMessage({ subject: 'Minutes' }));
  const reply = await eventually(async () => {
    const found = await context.db.selectFrom('outbox_messages').select('body').execute();
    return found[0]?.body?.toString('latin1');
  }, LONG);
  await people.deliver(ANNA, reply, REPLIES_FROM);
  assert.equal(people.answers().length, 1, 'a reply of Platen is not answered');
  const unmarked = reply.replace(/^(Auto-Submitted|X-Auto-Response-Suppress): .*\r\n/gm, '');
  assert.equal(unmarked.split('\r\n').length, reply.split('\r\n').length - 2);
  await people.deliver(ANNA, unmarked, REPLIES_FROM);
  const [, vacation] = people.answers();
  assert.ok(vacation !== undefined, 'without the two fields it would be');

  // It comes to the mailbox that Platen reads, as from a person whose documents are printed.
  assert.match(vacation.toString(), /I am away\./);
  watched.deliver(Buffer.from(vacation.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1'));
  // Somebody who forgot the document hears of it, after that.
  watched.deliver(
    Buffer.from(`From: Anna <${ANNA}>\r\nTo: ${PRINT_ROOM}\r\nSubject: Forgotten\r\nMessage-ID: <2.${ANNA}>\r\n\r\n`),
  );
  await watched.settled(3);
  const all = await eventually(async () => {
    const found = await letters(context);
    return found.length > 1 ? found : undefined;
  }, LONG);
  assert.equal(all.length, 2);
  assert.ok(all.every(({ text }) => !text.includes('I am away')));
  const events = await watched.messages();
  assert.deepEqual(events.map(({ subject }) => subject.replace(/^Auto: .*/, 'Auto')).sort(), [
    'Auto',
    'Forgotten',
    'Minutes',
  ]);
});
