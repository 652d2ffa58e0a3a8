import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PopFault } from '../../../simulator/pop3/faults.ts';
import { moveUntil, openWatchedMailbox, type WatchedMailbox, writeMessage } from '../../../test/harness/intake.ts';
import { connectPractice, PRINT_ROOM } from '../../../test/harness/practice-connection.ts';
import { checkMailbox, getMailbox, updateMailbox } from '../intake.ts';
import { intakeLimits } from '../limits.ts';

const openPopMailbox = (afterIntake: 'delete' | 'keep') => openWatchedMailbox({ protocol: 'pop3', afterIntake });

const fault = ({ practice }: WatchedMailbox, asked: PopFault): void => practice.pop3.faults.add(asked);
const logins = ({ practice }: WatchedMailbox): number => practice.pop3.counters.logins;

/** Waits until the mailbox was looked at so often again. */
async function looks(watched: WatchedMailbox, times: number): Promise<void> {
  const until = logins(watched) + times;
  await moveUntil(watched, () => logins(watched) >= until && watched.practice.pop3.sessions() === 0, 10_000);
}

async function outcomes(watched: WatchedMailbox): Promise<string[]> {
  return (await watched.messages()).map(({ outcome }) => outcome).sort();
}

test('a message over POP3 becomes a job, is deleted, and counts as deleted when the next session has seen it gone', async () => {
  await using watched = await openPopMailbox('delete');
  watched.deliver(writeMessage({ subject: 'Minutes' }));
  watched.deliver(writeMessage({ from: 'nobody@elsewhere.example' }));
  await using _worker = await watched.startWorker();
  await moveUntil(watched, async () => (await watched.messages()).length === 2);
  await looks(watched, 2);
  const messages = await watched.settled(2);
  assert.deepEqual(messages.map(({ outcome }) => outcome).sort(), ['done', 'refused']);
  assert.equal((await watched.jobs()).length, 1);
  // What was refused is never deleted.
  assert.equal(watched.uidsIn('INBOX').length, 1);
  assert.equal(watched.practice.pop3.counters.deleted, 1);
  assert.equal((await getMailbox(watched.context, watched.mailboxId)).state, 'connected');
});

test('a mailbox whose messages are kept is read again and again, and each message is printed once', async () => {
  await using watched = await openPopMailbox('keep');
  for (let count = 0; count < 3; count += 1) watched.deliver(writeMessage());
  await using _worker = await watched.startWorker();
  await moveUntil(watched, async () => (await watched.messages()).length === 3);
  const { retrieved } = watched.practice.pop3.counters;
  await looks(watched, 2);
  assert.equal(watched.uidsIn('INBOX').length, 3);
  assert.equal((await watched.jobs()).length, 3);
  assert.equal(watched.practice.pop3.counters.retrieved, retrieved);
});

test('a connection that ends before QUIT has deleted nothing, and nothing becomes a second job', async () => {
  await using watched = await openPopMailbox('delete');
  fault(watched, { name: 'drop-before-quit', times: 1 });
  watched.deliver(writeMessage());
  await using _worker = await watched.startWorker();
  await moveUntil(watched, async () => (await watched.messages()).length === 1);
  await moveUntil(watched, () => watched.uidsIn('INBOX').length === 0, 10_000);
  await looks(watched, 1);
  await watched.settled(1);
  assert.equal((await watched.jobs()).length, 1);
});

test('a server that ignores deletes is named, and prints nothing twice', () => deletesAreIgnored([]));
test('so is one without UIDL, whose messages are told by what is in them', () => deletesAreIgnored(['no-uidl']));

async function deletesAreIgnored(faults: readonly PopFault['name'][]): Promise<void> {
  await using watched = await openPopMailbox('delete');
  for (const name of faults) fault(watched, { name });
  fault(watched, { name: 'ignore-deletes' });
  watched.deliver(writeMessage());
  await using _worker = await watched.startWorker();
  const stateOf = () => getMailbox(watched.context, watched.mailboxId);
  await moveUntil(watched, async () => (await stateOf()).problem?.code === 'mailbox-delete-ignored', 10_000);
  assert.equal((await stateOf()).state, 'failing');
  assert.equal((await watched.jobs()).length, 1);
  watched.practice.pop3.faults.clear();
  await moveUntil(watched, async () => (await stateOf()).state === 'connected', 10_000);
  assert.equal(watched.uidsIn('INBOX').length, 0);
  assert.equal((await watched.jobs()).length, 1);
}

test('a server without UIDL is read by what its messages are', async () => {
  await using watched = await openPopMailbox('keep');
  fault(watched, { name: 'no-uidl' });
  for (let count = 0; count < 2; count += 1) watched.deliver(writeMessage());
  await using _worker = await watched.startWorker();
  await moveUntil(watched, async () => (await watched.messages()).length === 2);
  watched.deliver(writeMessage());
  await moveUntil(watched, async () => (await watched.messages()).length === 3, 10_000);
  await looks(watched, 1);
  assert.equal((await watched.jobs()).length, 3);
});

/** Two messages that differ in their documents alone, of the same length. */
function twoAlike(headers: (message: string) => string): [Buffer, Buffer] {
  const first = headers(writeMessage({ document: Buffer.from('The first document, as text.') }).toString('latin1'));
  const [one, other] = ['The first document, as text.', 'The other document, as text.'].map((text) =>
    Buffer.from(text).toString('base64'),
  );
  return [Buffer.from(first, 'latin1'), Buffer.from(first.replace(one ?? '', other ?? ''), 'latin1')];
}

test('a server without UIDL may have two messages of the same header and size: both are printed, at once or in turn', async () => {
  for (const afterIntake of ['keep', 'delete'] as const) {
    await using watched = await openPopMailbox(afterIntake);
    fault(watched, { name: 'no-uidl' });
    const [first, other] = twoAlike((message) => message);
    assert.equal(first.length, other.length);
    watched.deliver(first);
    await using _worker = await watched.startWorker();
    await moveUntil(watched, async () => (await watched.jobs()).length === 1);
    if (afterIntake === 'delete') await moveUntil(watched, () => watched.uidsIn('INBOX').length === 0, 10_000);
    watched.deliver(other);
    await moveUntil(watched, async () => (await watched.jobs()).length === 2, 10_000);
    await looks(watched, 2);
    assert.equal((await watched.jobs()).length, 2, afterIntake);
    const ignored = (await outcomes(watched)).filter((outcome) => outcome !== 'done');
    // What was read before under another name is known by its content.
    assert.deepEqual(ignored, afterIntake === 'keep' ? ['ignored'] : []);
    const [third, fourth] = twoAlike((message) => message);
    for (const raw of [third, fourth]) watched.deliver(raw);
    await moveUntil(watched, async () => (await watched.jobs()).length === 4, 10_000);
  }
});

test('a message without an id is known again by its way and what stands in it, and an alike one is another', async () => {
  await using watched = await openPopMailbox('keep');
  const cameAt = (time: string) => (message: string) =>
    `Received: from a by b; Sun, 22 Nov 2026 ${time} +0100\r\n${message.replace(/^Message-ID:.*\r\n/m, '')}`;
  const raw = writeMessage().toString('latin1');
  watched.deliver(Buffer.from(cameAt('10:00:01')(raw), 'latin1'));
  watched.deliver(Buffer.from(cameAt('10:00:02')(raw), 'latin1'));
  await using _worker = await watched.startWorker();
  await moveUntil(watched, async () => (await watched.messages()).length === 2);
  assert.deepEqual(await outcomes(watched), ['done', 'done']);
  assert.ok((await watched.messages()).every(({ messageId }) => messageId === undefined));
  fault(watched, { name: 'reset-uidls' });
  await moveUntil(watched, async () => (await watched.messages()).length === 4, 10_000);
  assert.deepEqual(await outcomes(watched), ['done', 'done', 'ignored', 'ignored']);
});

test('new UIDLs for old messages print nothing twice', async () => {
  await using watched = await openPopMailbox('keep');
  for (let count = 0; count < 2; count += 1) watched.deliver(writeMessage());
  await using _worker = await watched.startWorker();
  await moveUntil(watched, async () => (await watched.messages()).length === 2);
  fault(watched, { name: 'reset-uidls' });
  watched.deliver(writeMessage());
  await moveUntil(watched, async () => (await watched.messages()).length === 5, 10_000);
  assert.deepEqual(await outcomes(watched), ['done', 'done', 'done', 'ignored', 'ignored']);
  assert.equal((await watched.jobs()).length, 3);
});

test('from POP3 to IMAP and back each message is printed once', async () => {
  await using watched = await openPopMailbox('keep');
  const change = (protocol: 'imap' | 'pop3') =>
    updateMailbox(watched.context, watched.mailboxId, { change: { protocol }, actor: 'test' });
  const count = async () => (await watched.messages()).length;
  watched.deliver(writeMessage());
  await using _worker = await watched.startWorker();
  await moveUntil(watched, async () => (await count()) === 1);
  await change('imap');
  await moveUntil(watched, async () => (await count()) === 2);
  watched.deliver(writeMessage());
  await moveUntil(watched, async () => (await count()) === 3);
  await change('pop3');
  await moveUntil(watched, async () => (await count()) === 4, 10_000);
  await looks(watched, 1);
  assert.deepEqual(await outcomes(watched), ['done', 'done', 'ignored', 'ignored']);
  assert.equal((await watched.jobs()).length, 2);
  assert.ok(!(await watched.eventTypes()).includes('mailbox-renumbered'));
});

test('a connection that is cut in the middle of a message brings it whole later, and never a shorter one', async () => {
  await using watched = await openPopMailbox('delete');
  fault(watched, { name: 'cut-retr', times: 2, afterBytes: 1_500 });
  watched.deliver(writeMessage());
  await using _worker = await watched.startWorker();
  await moveUntil(watched, async () => (await watched.messages()).length === 1, 10_000);
  assert.deepEqual(await outcomes(watched), ['done']);
  const [job] = await watched.jobs();
  assert.equal(job?.title, 'two-pages.pdf');
});

test('a message past the limit is refused by its header alone, and one at the limit is taken', async () => {
  await using watched = await openPopMailbox('keep');
  const small = writeMessage();
  const fill = (bytes: number): Buffer => {
    const lines = Buffer.alloc(bytes - small.length, `${'x'.repeat(74)}\r\n`);
    lines.write('\r\n', lines.length - 2);
    return Buffer.concat([small, lines]);
  };
  watched.deliver(fill(intakeLimits.maxMessageBytes));
  watched.deliver(fill(intakeLimits.maxMessageBytes + 1));
  await using _worker = await watched.startWorker();
  await moveUntil(watched, async () => (await watched.messages()).length === 2);
  assert.deepEqual(await outcomes(watched), ['done', 'refused']);
  assert.equal(watched.practice.pop3.counters.retrieved, 1);
});

test('a check signs in and lists, changes nothing, and tells the words of a refusal', async () => {
  await using watched = await openPopMailbox('delete');
  watched.deliver(writeMessage());
  const check = () => checkMailbox(watched.context, watched.mailboxId, AbortSignal.timeout(30_000));
  assert.deepEqual(await check(), { outcome: 'passed', messages: 1, missingFolders: [] });
  assert.equal(watched.uidsIn('INBOX').length, 1);
  fault(watched, { name: 'refuse-login', times: 1 });
  const refused = await check();
  assert.ok(refused.outcome === 'failed');
  assert.equal(refused.problem.code, 'mailbox-refused');
  assert.match(refused.problem.remote ?? '', /unknown user name or bad password/);
});

test('after a move to another server the same UIDL is another message', async () => {
  await using watched = await openPopMailbox('keep');
  const { context, connectionId, mailboxId, practice } = watched;
  const other = await connectPractice(watched.test, practice, { uses: ['pop3'] });
  const folder = practice.imap.mailboxes.getFolder(PRINT_ROOM, 'INBOX');
  await using _worker = await watched.startWorker();
  for (const [count, connection] of [connectionId, other].entries()) {
    folder.messages.length = 0;
    folder.uidNext = 1;
    watched.deliver(writeMessage());
    await updateMailbox(context, mailboxId, { change: { connectionId: connection }, actor: 'test' });
    await moveUntil(watched, async () => (await watched.messages()).length === count + 1, 10_000);
  }
  const numbered = await context.db.selectFrom('pop3_numbers').select('uidl').execute();
  assert.equal(new Set(numbered.map(({ uidl }) => uidl)).size, 1);
  assert.deepEqual(await outcomes(watched), ['done', 'done']);
});
