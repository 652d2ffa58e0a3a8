import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import {
  corpusMessage,
  moveUntil,
  openWatchedMailbox,
  TWO_PAGES,
  type WatchedMailbox,
  writeMessage,
} from '../../test/harness/intake.ts';
import { connectPractice, PRINT_ROOM } from '../../test/harness/practice-connection.ts';
import { eventually } from '../../test/harness/time.ts';
import { listJobs } from '../jobs/jobs.ts';
import { readJournal } from '../journal/journal.ts';
import { openSpoolFile } from '../spool/spool.ts';
import { addMailbox, checkMailbox, getMailbox, removeMailbox, updateMailbox } from './intake.ts';
import { intakeLimits } from './limits.ts';

/** How many files lie in the spool. */
function spoolFiles({ context }: WatchedMailbox): number {
  return readdirSync(context.settings.spoolDir, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  ).length;
}

async function stateOf({ context, mailboxId }: WatchedMailbox, state: string): Promise<void> {
  await eventually(async () => (await getMailbox(context, mailboxId)).state === state, {
    what: `the mailbox is ${state}`,
  });
}

test('a mailed PDF becomes a job of its sender and the message is moved to Platen/Done', async () => {
  await using watched = await openWatchedMailbox();
  watched.deliver(writeMessage({ subject: 'Minutes' }));
  await using _worker = await watched.startWorker();
  const [message] = await watched.settled(1);
  assert.equal(message?.outcome, 'done');
  assert.equal(message?.sender, 'anna@practice.example');
  assert.equal(message?.subject, 'Minutes');
  assert.equal(message?.jobCount, 1);
  const [job] = await watched.jobs();
  assert.equal(job?.ownerId, watched.anna.id);
  assert.equal(job?.state, 'pending-held');
  assert.equal(job?.title, 'two-pages.pdf');
  assert.equal(job?.messageId, message?.id);
  const { document_id } = await watched.context.db.selectFrom('jobs').select('document_id').executeTakeFirstOrThrow();
  assert.ok(TWO_PAGES.equals(await buffer(await openSpoolFile(watched.context, document_id ?? ''))));
  assert.deepEqual(watched.uidsIn('INBOX'), []);
  assert.equal(watched.uidsIn('Platen/Done').length, 1);
  await stateOf(watched, 'connected');
  assert.deepEqual(
    (await watched.eventTypes()).filter((type) => /^(message|job|mailbox)-/.test(type)),
    ['mailbox-added', 'message-received', 'job-created', 'message-moved', 'mailbox-state-changed'],
  );
});

test('a job is found by a part of its file name, sender, subject, Message-ID or owner, whatever the letters', async () => {
  await using watched = await openWatchedMailbox();
  watched.deliver(writeMessage({ subject: 'Minutes of 100% Progress_Meeting' }));
  await using _worker = await watched.startWorker();
  await watched.settled(1);
  const { message_id } = await watched.context.db
    .selectFrom('incoming_messages')
    .select('message_id')
    .executeTakeFirstOrThrow();
  const find = async (text: string) => (await listJobs(watched.context, { text, limit: 5 })).length;
  const found = ['TWO-pages', 'anna@practice', 'minutes OF', '100% progress_', message_id ?? '', 'Anna'];
  for (const text of found) assert.equal(await find(text), 1, text);
  for (const text of ['three-pages', '100_', 'm_nutes', '\\', 'bruno@practice'])
    assert.equal(await find(text), 0, text);
});

test('mail that arrives while the mailbox is watched is taken at once', async () => {
  await using watched = await openWatchedMailbox();
  await using _worker = await watched.startWorker();
  await eventually(() => watched.practice.imap.sessions().some((session) => session.isIdling));
  for (let count = 1; count <= 3; count++) {
    watched.deliver(writeMessage());
    await watched.settled(count);
  }
  assert.equal((await watched.jobs()).length, 3);
});

test('mail that arrives while IDLE says nothing is found by the next full look', async () => {
  await using watched = await openWatchedMailbox();
  watched.practice.imap.faults.add({ kind: 'mute-idle', done: 'answered' });
  await using _worker = await watched.startWorker();
  await eventually(() => watched.practice.imap.sessions().some((session) => session.isIdling));
  watched.deliver(writeMessage());
  await moveUntil(watched, async () => watched.uidsIn('Platen/Done').length === 1);
});

const refusals: readonly (readonly [string, string, () => Buffer])[] = [
  ['of an unknown sender', 'unknown-sender', () => writeMessage({ from: 'stranger@elsewhere.example' })],
  [
    'without anything that can be printed',
    'no-printable-document',
    () => writeMessage({ document: Buffer.from('MZ\0') }),
  ],
  ['with two From fields', 'several-senders', () => writeMessage({ headers: 'From: boss@practice.example\r\n' })],
  [
    'whose sender is hidden in an encoded word',
    'unreadable-sender',
    () => corpusMessage('encoded-word-hides-an-address'),
  ],
  ['without a sender', 'no-sender', () => Buffer.from('Subject: a\r\n\r\nb')],
  ['from the mailbox itself', 'own-message', () => writeMessage({ from: PRINT_ROOM })],
  ['that goes in a circle', 'too-many-hops', () => writeMessage({ headers: 'Received: by x\r\n'.repeat(26) })],
];

test('what may not print is refused with its reason, moved to Platen/Refused, and makes no job', async () => {
  await using watched = await openWatchedMailbox();
  const expected = new Map(refusals.map(([, reason, make]) => [watched.deliver(make()), reason]));
  await using _worker = await watched.startWorker();
  await watched.settled(refusals.length);
  const rows = await watched.context.db.selectFrom('incoming_messages').select(['uid', 'outcome', 'reason']).execute();
  for (const row of rows) assert.deepEqual([row.outcome, row.reason], ['refused', expected.get(row.uid)]);
  assert.deepEqual(await watched.jobs(), []);
  assert.equal(watched.uidsIn('Platen/Refused').length, refusals.length);
  assert.equal(spoolFiles(watched), 0);
});

test('every PDF of a message becomes a job, the ones in a forwarded message too', async () => {
  await using watched = await openWatchedMailbox();
  const [inner = '', outer = ''] = [writeMessage().toString('latin1'), writeMessage().toString('latin1')];
  watched.deliver(
    Buffer.from(
      outer.replace(
        '--b--',
        `--b\r\nContent-Type: message/rfc822\r\n\r\n${inner.replaceAll('--b', '--i').replace('"b"', '"i"')}\r\n--b--`,
      ),
      'latin1',
    ),
  );
  await using _worker = await watched.startWorker();
  await watched.settled(1);
  assert.equal((await watched.jobs()).length, 2);
});

test('a large message is streamed and becomes a job like any other', async () => {
  await using watched = await openWatchedMailbox();
  const document = Buffer.concat([TWO_PAGES, Buffer.alloc(intakeLimits.chunkBytes, '%')]);
  watched.deliver(writeMessage({ document }));
  watched.deliver(writeMessage());
  await using _worker = await watched.startWorker();
  await watched.settled(2);
  const jobs = await watched.jobs();
  assert.deepEqual(
    jobs.map((job) => job.documentBytes).sort((a, b) => a - b),
    [TWO_PAGES.length, document.length],
  );
});

test('a message beyond the limit is refused before it is fetched', async () => {
  await using watched = await openWatchedMailbox();
  watched.practice.imap.faults.add({ kind: 'exact-size' });
  const document = Buffer.alloc(intakeLimits.maxMessageBytes, '%PDF-1.4 ');
  watched.deliver(writeMessage({ document, subject: 'Too much' }));
  const before = watched.practice.imap.counters.bodiesFetched;
  await using _worker = await watched.startWorker();
  const [message] = await watched.settled(1);
  assert.deepEqual([message?.outcome, message?.reason, message?.subject], ['refused', 'message-too-large', 'Too much']);
  assert.ok((message?.bytes ?? 0) > intakeLimits.maxMessageBytes);
  assert.equal(watched.practice.imap.counters.bodiesFetched - before, 1);
  assert.equal(message?.senderUserId, watched.anna.id, 'its beginning says whose it is');
  const [refused] = await readJournal(watched.context, { type: 'message-refused', limit: 1 });
  assert.equal(refused?.data.mayReply, true);
});

test('of a message beyond the limit nobody is told who is not proven to have sent it', async () => {
  await using watched = await openWatchedMailbox({ proofPolicy: { unproven: 'hold' } });
  watched.practice.imap.faults.add({ kind: 'exact-size' });
  const document = Buffer.alloc(intakeLimits.maxMessageBytes, '%PDF-1.4 ');
  watched.deliver(writeMessage({ document, subject: 'Forged' }));
  await using _worker = await watched.startWorker();
  await watched.settled(1);
  const [refused] = await readJournal(watched.context, { type: 'message-refused', limit: 1 });
  assert.equal(refused?.data.mayReply, false);
});

test('a message that comes again under another UID is ignored', async () => {
  await using watched = await openWatchedMailbox();
  const raw = writeMessage();
  watched.deliver(raw);
  watched.deliver(raw);
  await using _worker = await watched.startWorker();
  const messages = await watched.settled(2);
  assert.deepEqual(messages.map((message) => message.outcome).sort(), ['done', 'ignored']);
  assert.equal((await watched.jobs()).length, 1);
  assert.equal(spoolFiles(watched), 1);
  assert.equal(watched.uidsIn('Platen/Done').length, 2);
});

test('messages that lie in the folder under new numbers are not printed again, and the change is told', async () => {
  await using watched = await openWatchedMailbox({ afterIntake: 'keep' });
  watched.deliver(writeMessage());
  {
    await using _worker = await watched.startWorker();
    await watched.settled(1);
  }
  watched.practice.imap.mailboxes.getFolder(PRINT_ROOM, 'INBOX').uidValidity += 1000;
  await using _worker = await watched.startWorker();
  const messages = await watched.settled(2);
  assert.deepEqual(
    messages.map((message) => message.outcome),
    ['ignored', 'done'],
  );
  assert.equal((await watched.jobs()).length, 1);
  assert.ok((await watched.eventTypes()).includes('mailbox-renumbered'));
});

test('a mailbox that keeps its mail takes each message once', async () => {
  await using watched = await openWatchedMailbox({ afterIntake: 'keep' });
  const uid = watched.deliver(writeMessage());
  for (let round = 0; round < 2; round++) {
    await using _worker = await watched.startWorker();
    await watched.settled(1);
    await stateOf(watched, 'connected');
  }
  assert.deepEqual(watched.uidsIn('INBOX'), [uid]);
  assert.equal((await watched.jobs()).length, 1);
});

test('a mailbox that deletes its mail keeps what was refused', async () => {
  await using watched = await openWatchedMailbox({ afterIntake: 'delete' });
  watched.deliver(writeMessage());
  watched.deliver(writeMessage({ from: 'stranger@elsewhere.example' }));
  await using _worker = await watched.startWorker();
  await watched.settled(2);
  assert.deepEqual(watched.uidsIn('INBOX'), []);
  assert.deepEqual(watched.uidsIn('Platen/Done'), []);
  assert.equal(watched.uidsIn('Platen/Refused').length, 1);
});

for (const when of ['before', 'after'] as const) {
  test(`a connection lost ${when} the move makes no second job and the message is moved in the end`, async () => {
    await using watched = await openWatchedMailbox();
    watched.practice.imap.faults.add({ kind: 'cut-move', when, how: 'reset' });
    watched.deliver(writeMessage());
    await using _worker = await watched.startWorker();
    await moveUntil(watched, async () => (await watched.messages()).some((message) => message.movedAt !== undefined));
    assert.equal((await watched.jobs()).length, 1);
    assert.equal(watched.uidsIn('Platen/Done').length, 1);
    assert.deepEqual(watched.uidsIn('INBOX'), []);
  });
}

test('a body that is cut off is fetched again and is never an empty message', async () => {
  await using watched = await openWatchedMailbox();
  watched.practice.imap.faults.add({ kind: 'cut-fetch', afterBytes: 700, how: 'close', times: 2 });
  watched.deliver(writeMessage());
  watched.deliver(writeMessage());
  await using _worker = await watched.startWorker();
  await eventually(async () => {
    watched.test.clock.advance(3_000);
    const messages = await watched.messages();
    return messages.length === 2 && messages.every((message) => message.movedAt !== undefined);
  });
  assert.deepEqual(
    (await watched.messages()).map((message) => message.outcome),
    ['done', 'done'],
  );
  assert.equal((await watched.jobs()).length, 2);
});

test('a large message whose connection is lost is fetched again from its beginning', async () => {
  await using watched = await openWatchedMailbox();
  watched.practice.imap.faults.add({ kind: 'cut-fetch', afterBytes: 900_000, how: 'reset' });
  const document = Buffer.concat([TWO_PAGES, Buffer.alloc(intakeLimits.chunkBytes, '%')]);
  watched.deliver(writeMessage({ document }));
  await using _worker = await watched.startWorker();
  await moveUntil(watched, () => watched.uidsIn('Platen/Done').length === 1);
  const [job] = await watched.jobs();
  assert.equal(job?.documentBytes, document.length);
  assert.equal(spoolFiles(watched), 1);
});

test('a message that ends the session each time holds up no other and fails in the end', async () => {
  await using watched = await openWatchedMailbox();
  const uid = watched.deliver(writeMessage());
  watched.practice.imap.faults.add({ kind: 'cut-fetch', uid, afterBytes: 50, how: 'close', times: 1000 });
  watched.deliver(writeMessage());
  await using _worker = await watched.startWorker();
  await moveUntil(watched, () => watched.uidsIn('Platen/Done').length === 1);
  await moveUntil(watched, () => watched.uidsIn('Platen/Failed').length === 1, 9000);
  const reasons = (await watched.messages()).map(({ outcome, reason }) => reason ?? outcome);
  assert.deepEqual(reasons.sort(), ['connection-lost', 'done']);
});

test('a token that the server refuses is replaced by a fresh one without the mailbox failing', async () => {
  await using watched = await openWatchedMailbox();
  const start = watched.test.clock.now().getTime();
  // Microsoft gives no second token within half a minute.
  await moveUntil(watched, () => watched.test.clock.now().getTime() - start > 60_000);
  watched.practice.imap.faults.add({ kind: 'refuse-login', times: 1 });
  const renewals = watched.practice.asked('refresh_token');
  await using _worker = await watched.startWorker();
  await stateOf(watched, 'connected');
  assert.equal(watched.practice.asked('refresh_token'), renewals + 1);
  const changes = (await watched.eventTypes()).filter((type) => type === 'mailbox-state-changed');
  assert.equal(changes.length, 1);
});

for (const peek of ['no-data', 'substitute'] as const) {
  test(`a message for which the server gives ${peek} fails after three tries and is never printed`, async () => {
    await using watched = await openWatchedMailbox();
    const uid = watched.deliver(writeMessage());
    watched.practice.imap.faults.add({ kind: 'substitute', uid, peek });
    watched.deliver(writeMessage());
    await using _worker = await watched.startWorker();
    await eventually(async () => (await watched.messages()).length === 1);
    assert.deepEqual(watched.uidsIn('Platen/Failed'), []);
    await moveUntil(watched, async () => watched.uidsIn('Platen/Failed').length === 1);
    const [failed] = await watched.settled(2);
    assert.deepEqual(
      [failed?.outcome, failed?.reason],
      ['failed', peek === 'no-data' ? 'empty-message' : 'substitute-message'],
    );
    assert.equal((await watched.jobs()).length, 1);
  });
}

test('a message that goes beyond a limit of structure fails with that reason and holds up nobody', async () => {
  await using watched = await openWatchedMailbox();
  watched.deliver(
    Buffer.from(
      `From: anna@practice.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(10_000)}`,
    ),
  );
  watched.deliver(writeMessage());
  await using _worker = await watched.startWorker();
  const messages = await watched.settled(2);
  assert.deepEqual(messages.map(({ outcome, reason }) => reason ?? outcome).sort(), ['done', 'structure-limit']);
});

test('one message that the database refuses does not hold up its neighbours', async () => {
  await using watched = await openWatchedMailbox();
  await watched.context.db.schema
    .alterTable('incoming_messages')
    .addCheckConstraint('no_poison', (await import('kysely')).sql`subject <> 'poison'`)
    .execute();
  for (const subject of ['one', 'poison', 'three']) watched.deliver(writeMessage({ subject }));
  await using _worker = await watched.startWorker();
  await moveUntil(watched, async () => watched.uidsIn('Platen/Failed').length === 1);
  const messages = await watched.settled(3);
  assert.deepEqual(messages.map(({ subject, outcome }) => `${subject} ${outcome}`).sort(), [
    ' failed',
    'one done',
    'three done',
  ]);
  assert.equal((await watched.jobs()).length, 2);
  assert.equal(spoolFiles(watched), 2);
});

test('nothing is read before the connection is confirmed, and the mailbox says so', async () => {
  await using watched = await openWatchedMailbox();
  await watched.context.db.updateTable('connections').set({ state: 'awaiting-confirmation' }).execute();
  const logins = watched.practice.imap.counters.logins;
  await using _worker = await watched.startWorker();
  await eventually(async () => (await getMailbox(watched.context, watched.mailboxId)).problem !== undefined);
  const mailbox = await getMailbox(watched.context, watched.mailboxId);
  assert.deepEqual([mailbox.state, mailbox.problem?.code], ['waiting', 'connection-not-confirmed']);
  assert.equal(watched.practice.imap.counters.logins, logins);
  watched.deliver(writeMessage());
  await watched.context.db.updateTable('connections').set({ state: 'connected' }).execute();
  await moveUntil(watched, async () => watched.uidsIn('Platen/Done').length === 1);
});

test('a mailbox that does not open is failing with the words of the server', async () => {
  await using watched = await openWatchedMailbox();
  watched.practice.imap.faults.add({ kind: 'no-mailbox' });
  await using _worker = await watched.startWorker();
  await stateOf(watched, 'failing');
  const { problem } = await getMailbox(watched.context, watched.mailboxId);
  assert.equal(problem?.code, 'mailbox-refused');
  assert.match(problem?.remote ?? '', /authenticated but not connected/);
  assert.ok((await watched.eventTypes()).includes('mailbox-state-changed'));
  assert.equal((await checkMailbox(watched.context, watched.mailboxId, AbortSignal.timeout(5000))).outcome, 'failed');
  watched.practice.imap.faults.clear();
  const check = await checkMailbox(watched.context, watched.mailboxId, AbortSignal.timeout(5000));
  assert.equal(check.outcome, 'passed');
  await moveUntil(watched, async () => (await getMailbox(watched.context, watched.mailboxId)).state === 'connected');
});

test('a server that throttles is left alone for as long as it asks', async () => {
  await using watched = await openWatchedMailbox();
  watched.practice.imap.faults.add({ kind: 'throttle', backoffMs: 299_961, command: 'SEARCH' });
  watched.deliver(writeMessage());
  await using _worker = await watched.startWorker();
  await stateOf(watched, 'failing');
  const { logins } = watched.practice.imap.counters;
  const before = watched.test.clock.now().getTime();
  await moveUntil(watched, async () => watched.test.clock.now().getTime() - before > 290_000, 9000);
  assert.equal(watched.practice.imap.counters.logins, logins);
  await moveUntil(watched, async () => watched.uidsIn('Platen/Done').length === 1);
});

test('the session is replaced before its token ends, and after the server has ended it', async () => {
  await using watched = await openWatchedMailbox();
  await using _worker = await watched.startWorker();
  await eventually(() => watched.practice.imap.sessions().some((session) => session.isIdling));
  const { logins } = watched.practice.imap.counters;
  const token = await watched.context.db
    .selectFrom('connection_tokens')
    .select('access_expires_at')
    .executeTakeFirstOrThrow();
  const leftMs = token.access_expires_at.getTime() - watched.test.clock.now().getTime();
  // Step by step, so that the lease is renewed on the way.
  const before = watched.test.clock.now().getTime();
  await moveUntil(watched, async () => watched.test.clock.now().getTime() - before > leftMs - 5 * 60_000, 9000);
  // On a busy machine the worker may be in a pause of its own by now.
  await moveUntil(watched, () => watched.practice.imap.counters.logins > logins, 1000);
  await moveUntil(watched, () => watched.practice.imap.sessions().some((session) => session.isIdling), 1000);
  await watched.practice.imap.endSessions('token-expired');
  watched.deliver(writeMessage());
  await moveUntil(watched, async () => watched.uidsIn('Platen/Done').length === 1);
});

test('two nodes do not watch the same mailbox', async () => {
  await using watched = await openWatchedMailbox();
  await using _first = await watched.startWorker();
  await using _second = await watched.startWorker();
  await eventually(() => watched.practice.imap.sessions().some((session) => session.isIdling));
  for (let i = 0; i < 5; i++) watched.deliver(writeMessage());
  await watched.settled(5);
  assert.equal(watched.practice.imap.counters.logins, 1);
  assert.equal((await watched.jobs()).length, 5);
});

test('a node whose lease was taken over records and moves nothing', async () => {
  await using watched = await openWatchedMailbox();
  await using _worker = await watched.startWorker();
  await eventually(() => watched.practice.imap.sessions().some((session) => session.isIdling));
  await watched.context.db
    .updateTable('leases')
    .set((builder) => ({ fence: builder('fence', '+', 1), holder: 'another node' }))
    .where('name', '=', `mailbox:${watched.mailboxId}`)
    .execute();
  const uid = watched.deliver(writeMessage());
  await eventually(() => watched.practice.imap.sessions().length === 0);
  assert.deepEqual(await watched.messages(), []);
  assert.deepEqual(await watched.jobs(), []);
  assert.deepEqual(watched.uidsIn('INBOX'), [uid]);
  await eventually(() => spoolFiles(watched) === 0);
});

test('a changed mailbox is watched anew, a removed one no more', async () => {
  await using watched = await openWatchedMailbox();
  await using _worker = await watched.startWorker();
  await stateOf(watched, 'connected');
  await updateMailbox(watched.context, watched.mailboxId, { change: { afterIntake: 'keep' }, actor: 'test' });
  await moveUntil(watched, async () => watched.practice.imap.counters.logins >= 2);
  const uid = watched.deliver(writeMessage());
  await watched.settled(1);
  assert.deepEqual(watched.uidsIn('INBOX'), [uid]);
  await removeMailbox(watched.context, watched.mailboxId, 'test');
  await moveUntil(watched, async () => watched.practice.imap.sessions().length === 0);
  assert.equal((await watched.jobs()).length, 1);
});

test('the same folder is not watched twice, over either protocol, and POP3 has the inbox alone', async () => {
  await using watched = await openWatchedMailbox();
  const { context, connectionId, queueId } = watched;
  const asked = {
    title: 'Twice',
    address: PRINT_ROOM.toUpperCase(),
    connectionId,
    queueId,
    afterIntake: 'move',
  } as const;
  await assert.rejects(addMailbox(context, { ...asked, protocol: 'imap' }, 'test'), { code: 'conflict' });
  await assert.rejects(addMailbox(context, { ...asked, protocol: 'pop3' }, 'test'), { code: 'pop3-has-no-folders' });
  const other = { ...asked, protocol: 'pop3', afterIntake: 'keep' } as const;
  await assert.rejects(addMailbox(context, { ...other, folder: 'Print' }, 'test'), { code: 'pop3-has-no-folders' });
  await assert.rejects(addMailbox(context, other, 'test'), { code: 'conflict' });
  await assert.rejects(addMailbox(context, { ...asked, protocol: 'imap', connectionId: undefined }, 'test'), {
    code: 'invalid-request',
  });
});

/** Another server behind the same address: its numbering has the same value, and the same number is another message. */
function moveServer({ practice }: WatchedMailbox, messages: readonly Buffer[]): void {
  const folder = practice.imap.mailboxes.getFolder(PRINT_ROOM, 'INBOX');
  folder.messages.length = 0;
  folder.uidNext = 1;
  for (const raw of messages) practice.imap.mailboxes.deliver(PRINT_ROOM, raw);
}

test('after a move to another server new mail under used numbers is taken, and mail that moved along is not printed again', async () => {
  await using watched = await openWatchedMailbox({ afterIntake: 'keep' });
  const { context, mailboxId } = watched;
  moveServer(watched, []);
  const [first, second] = [writeMessage({ subject: 'first' }), writeMessage({ subject: 'second' })];
  for (const raw of [first, second]) watched.deliver(raw);
  const firstConnection = watched.connectionId;
  const connectionId = await connectPractice(watched.test, watched.practice, { uses: ['imap'] });
  await using _worker = await watched.startWorker();
  await watched.settled(2);
  moveServer(watched, [second, writeMessage({ subject: 'third' })]);
  await updateMailbox(context, mailboxId, { change: { connectionId }, actor: 'test' });
  await moveUntil(watched, async () => (await watched.messages()).length === 4);
  const taken = (await watched.messages()).map(({ subject, outcome }) => `${subject} ${outcome}`);
  assert.deepEqual(taken.sort(), ['first done', 'second done', 'second ignored', 'third done']);
  assert.equal((await watched.jobs()).length, 3);
  // Back at the first one, what was taken there under its numbers is known.
  moveServer(watched, [first, second]);
  await updateMailbox(context, mailboxId, { change: { connectionId: firstConnection }, actor: 'test' });
  const { logins } = watched.practice.imap.counters;
  await moveUntil(watched, () => watched.practice.imap.counters.logins > logins);
  await stateOf(watched, 'connected');
  watched.deliver(writeMessage({ subject: 'fourth' }));
  await moveUntil(watched, async () => (await watched.messages()).length === 5);
  assert.equal((await watched.jobs()).length, 4);
});
