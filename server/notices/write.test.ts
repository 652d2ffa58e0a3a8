import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import PostalMime from 'postal-mime';
import { openTestContext, type TestContext } from '../../test/harness/database.ts';
import { eventually } from '../../test/harness/time.ts';
import { DAY_MS, HOUR_MS } from '../base/clock.ts';
import { newId } from '../base/secrets.ts';
import { createConnection, setNetworkSettings, setReadAddresses } from '../connections/connections.ts';
import { admit, isAutomatic } from '../intake/admission.ts';
import { policyOf } from '../intake/senders/policy.ts';
import { record } from '../journal/journal.ts';
import { readMessage } from '../protocols/mime/split.ts';
import type { Context } from '../store/database.ts';
import { withLease } from '../store/leases.ts';
import { addUser, type User, updateUser } from '../users/users.ts';
import { MOST_ALIKE } from './letters/alike.ts';
import { setNoticeSettings } from './notices.ts';
import { startNoticesWorker } from './worker.ts';
import { writeNotices } from './write.ts';

const SENDER = 'platen@practice.example';
const server = { host: 'mail.practice.example', port: 587, security: 'starttls', verifyCertificate: true } as const;

type Scene = AsyncDisposable & { readonly test: TestContext; readonly context: Context; readonly anna: User };

async function openScene({ language = 'en' as 'en' | 'it' } = {}): Promise<Scene> {
  const test = await openTestContext();
  const { context } = test;
  const anna = await addUser(
    context,
    { email: 'anna@practice.example', name: 'Anna', role: 'user', language, addresses: ['a.alias@practice.example'] },
    'test',
  );
  const outgoing = { kind: 'classic', server: { ...server, username: null } } as const;
  await setNetworkSettings(context, { senderEmail: SENDER, senderName: 'Print room', outgoing }, 'test');
  await write(context);
  return { test, context, anna, [Symbol.asyncDispose]: () => test[Symbol.asyncDispose]() };
}

/** Reads the journal to its end on the strength of a lease, as the worker does. */
async function write(context: Context): Promise<void> {
  await withLease(context, 'notices', {}, async (lease) => {
    while ((await writeNotices(context, lease)) > 0);
  });
}

type Mail = { readonly messageId?: string; readonly isAutomatic?: boolean; readonly sender?: string };

let numbers = 0;

/** What the intake and the jobs tell about a message with documents. */
async function receive(scene: Scene, documents: readonly string[], mail: Mail = {}): Promise<string[]> {
  const { context, anna } = scene;
  numbers += 1;
  const message = `message-${numbers}`;
  const { sender = anna.email, isAutomatic = false, messageId = `<${numbers}@client.example>` } = mail;
  const data = { sender, subject: 'Two pages', documents, isAutomatic, messageIdHeader: messageId };
  await record(context, 'message-received', { subjectId: message, ownerId: anna.id, data });
  const jobs = documents.map((title, index) => ({ title, id: `${message}-job-${index}` }));
  for (const { title, id } of jobs) {
    const data = { title, state: 'pending-held', reasons: ['job-hold-until-specified'], messageId: message };
    await record(context, 'job-created', { subjectId: id, ownerId: anna.id, data });
  }
  return jobs.map(({ id }) => id);
}

async function change(scene: Scene, jobId: string, data: Record<string, unknown>): Promise<void> {
  await record(scene.context, 'job-state-changed', { subjectId: jobId, ownerId: scene.anna.id, data });
}

async function outbox(context: Context) {
  const rows = await context.db
    .selectFrom('outbox_messages')
    .innerJoin('outbox_recipients', 'outbox_recipients.message_id', 'outbox_messages.id')
    .select(['outbox_messages.id', 'subject', 'sender', 'address', 'body', 'kind'])
    .orderBy('outbox_messages.id')
    .execute();
  return await Promise.all(
    rows.map(async (row) => {
      const parsed = await PostalMime.parse(row.body ?? Buffer.alloc(0));
      const header = (name: string) => parsed.headers.find(({ key }) => key === name)?.value;
      return { ...row, parsed, header, text: parsed.text ?? '', raw: row.body?.toString('latin1') ?? '' };
    }),
  );
}

test('a held document is told to its owner once, as an answer to the message it came with', async () => {
  await using scene = await openScene();
  await receive(scene, ['invoice.pdf'], { messageId: '<first@client.example>' });
  await write(scene.context);
  await write(scene.context);
  const [message, ...others] = await outbox(scene.context);
  assert.ok(message);
  assert.equal(others.length, 0);
  assert.equal(message.kind, 'notice');
  assert.equal(message.address, 'anna@practice.example');
  assert.equal(message.sender, SENDER);
  assert.equal(message.parsed.subject, 'Ready to print: invoice.pdf');
  assert.deepEqual(message.parsed.from, { address: SENDER, name: 'Print room' });
  assert.equal(message.header('auto-submitted'), 'auto-replied');
  assert.equal(message.header('x-auto-response-suppress'), 'All');
  assert.match(message.header('x-platen-hop') ?? '', /^[0-9a-f-]{36} [0-9a-f]{32}$/);
  assert.equal(message.parsed.inReplyTo, '<first@client.example>');
  assert.equal(message.parsed.references, '<first@client.example>');
  assert.match(message.text, /^Hello Anna,\n\nyour document waits until you print it:\n\n {2}invoice\.pdf\n/);
  assert.match(message.parsed.html ?? '', /<html lang="en">.*<li>invoice\.pdf<\/li>/s);
  assert.ok(!/[^\r]\n/.test(message.raw), 'every line ends with CRLF');
});

test('the documents of one message are told together, and none of them again', async () => {
  await using scene = await openScene();
  await receive(scene, ['one.pdf', 'two.pdf', 'three.pdf']);
  await write(scene.context);
  const [message, ...others] = await outbox(scene.context);
  assert.equal(others.length, 0);
  assert.equal(message?.parsed.subject, 'Ready to print: one.pdf and 2 more');
  assert.match(message?.text ?? '', /one\.pdf\n {2}two\.pdf\n {2}three\.pdf/);
  const rows = await scene.context.db.selectFrom('notices_sent').selectAll().execute();
  assert.deepEqual(
    rows.map((row) => row.outbox_message_id),
    [message?.id, message?.id, message?.id],
  );
});

test('a document that is held a second time is not told a second time', async () => {
  await using scene = await openScene();
  const [job = ''] = await receive(scene, ['invoice.pdf']);
  await write(scene.context);
  await change(scene, job, { from: 'pending-held', to: 'pending', reasons: [] });
  await change(scene, job, { from: 'pending', to: 'pending-held', reasons: [] });
  await write(scene.context);
  assert.equal((await outbox(scene.context)).length, 1);
});

test('the receiver reads it in Italian, and the same words stand in the HTML', async () => {
  await using scene = await openScene({ language: 'it' });
  const [job = ''] = await receive(scene, ['perché <b>sì</b>.pdf']);
  const problem = { code: 'printer-refused', detail: 'no', remote: 'client-error-not-authorized', at: '' };
  await change(scene, job, { from: 'processing', to: 'aborted', reasons: ['aborted-by-system'], problem });
  await write(scene.context);
  const [held, failed] = await outbox(scene.context);
  assert.equal(held?.parsed.subject, 'Pronto per la stampa: perché <b>sì</b>.pdf');
  assert.match(held?.text ?? '', /^Ciao Anna,\n\nil documento aspetta che tu lo stampi:/);
  assert.match(held?.parsed.html ?? '', /perché &lt;b&gt;sì&lt;\/b&gt;\.pdf/);
  assert.equal(failed?.parsed.subject, 'Non stampato: perché <b>sì</b>.pdf');
  assert.match(failed?.text ?? '', /Perché: La stampante rifiuta/);
  assert.match(failed?.text ?? '', /client-error-not-authorized/);
});

test('of a document that may have been printed nobody says that it was not', async () => {
  await using scene = await openScene();
  const [job = ''] = await receive(scene, ['invoice.pdf']);
  const problem = { code: 'outcome-unknown', detail: 'the line broke', at: '' };
  await change(scene, job, { from: 'processing', to: 'processing-stopped', reasons: ['outcome-unknown'], problem });
  await write(scene.context);
  assert.equal((await outbox(scene.context)).at(-1)?.parsed.subject, 'Please look: invoice.pdf');
});

test('a known sender learns why a message was refused; a stranger gets nothing', async () => {
  await using scene = await openScene();
  const { context, anna } = scene;
  const refused = (subjectId: string, data: Record<string, unknown>, ownerId?: string) =>
    record(context, 'message-refused', { subjectId, data, ...(ownerId === undefined ? {} : { ownerId }) });
  const shown = { subject: 'Lunch?', isAutomatic: false, messageIdHeader: '<r@client.example>' };
  await refused('m1', { ...shown, sender: 'a.alias@practice.example', reason: 'no-document' }, anna.id);
  await refused('m2', { ...shown, sender: 'stranger@elsewhere.example', reason: 'unknown-sender' });
  await refused('m3', { ...shown, sender: 'a.alias@practice.example', reason: 'own-message' });
  await refused('m4', { ...shown, sender: anna.email, reason: 'message-too-large', mayReply: true }, anna.id);
  await refused('m5', { ...shown, sender: 'stranger@elsewhere.example', reason: 'message-too-large' });
  await write(context);
  const messages = await outbox(context);
  assert.deepEqual(
    messages.map(({ address }) => address),
    ['a.alias@practice.example', 'anna@practice.example'],
  );
  assert.equal(messages[0]?.parsed.subject, 'Not printed: Lunch?');
  assert.match(
    messages[0]?.text ?? '',
    /Why: The message has no document that can be printed\.\nWhat to do: Attach a PDF/,
  );
});

test('a message that a machine wrote is answered by nothing, and neither is one of which that is not known', async () => {
  await using scene = await openScene();
  const { context, anna } = scene;
  const [job = ''] = await receive(scene, ['report.pdf'], { isAutomatic: true });
  await change(scene, job, { from: 'processing', to: 'aborted', reasons: [] });
  const data = { sender: anna.email, subject: 'x', reason: 'no-document' };
  await record(context, 'message-refused', { subjectId: 'old', ownerId: anna.id, data });
  await record(context, 'message-refused', { subjectId: 'm', ownerId: anna.id, data: { ...data, isAutomatic: true } });
  await write(context);
  assert.deepEqual(await outbox(context), []);
});

test('two Platens that write to each other stop after the first message', async () => {
  await using scene = await openScene();
  const { context } = scene;
  await receive(scene, ['invoice.pdf']);
  await write(context);
  const [notice] = await outbox(context);
  const { head } = await readMessage(notice?.body ?? Buffer.alloc(0));
  // The other one knows the sender as a user of its own, and still neither prints nor answers.
  await addUser(context, { email: SENDER, name: 'The other Platen', role: 'user' }, 'test');
  assert.equal(isAutomatic(head), true);
  const door = { address: 'print@practice.example', policy: policyOf({ policy: {}, connection_id: null }) };
  const judge = async (given: typeof head) => {
    const { kind, ...said } = await admit(context, given, { known: new Map(), door });
    return [kind, 'reason' in said ? said.reason : undefined];
  };
  assert.deepEqual(await judge(head), ['refused', 'own-message']);
  // With another key it is no message of ours: a scan that comes so is printed, and still nobody is answered.
  const text = notice?.body?.toString('latin1') ?? '';
  const stranger = text.replace(/^(X-Platen-Hop: \S+\s+)[0-9a-f]{4}/m, '$1beef');
  assert.notEqual(stranger, text);
  const theirs = (await readMessage(Buffer.from(stranger, 'latin1'))).head;
  assert.deepEqual(await judge(theirs), ['held', undefined]);
  assert.equal(isAutomatic(theirs), true);
});

test('nothing is written to an address that Platen writes or reads under, nor to somebody who is blocked', async () => {
  await using scene = await openScene();
  const { context, anna } = scene;
  const addresses = [SENDER, 'PRINT@practice.example', 'desk@practice.example'];
  const rule = { enabled: true, owner: true, operators: false, administrators: false, addresses };
  await setNoticeSettings(context, { rules: { 'job-held': rule } }, 'test');
  await addReadAddress(context, 'print@practice.example');
  await updateUser(context, anna.id, { disabled: true }, 'test');
  await receive(scene, ['invoice.pdf']);
  await write(context);
  assert.deepEqual(
    (await outbox(context)).map(({ address }) => address),
    ['desk@practice.example'],
  );
});

async function addReadAddress(context: Context, address: string): Promise<void> {
  const queueId = '01890000-0000-7000-8000-00000000000a';
  const mailboxId = '01890000-0000-7000-8000-00000000000b';
  await context.db.insertInto('queues').values({ id: queueId, name: 'q', mode: 'hold' }).execute();
  const now = context.clock.now();
  const box = {
    title: 'm',
    protocol: 'imap',
    address,
    folder: 'INBOX',
    poll_seconds: 60,
    after_intake: 'move',
  } as const;
  await context.db
    .insertInto('mailboxes')
    .values({ id: mailboxId, ...box, queue_id: queueId, server: JSON.stringify({}), state_since: now })
    .execute();
  await setReadAddresses(context, mailboxId, [address]);
}

test('a third person reads whose document it is, and no name that a stranger chose in the subject', async () => {
  await using scene = await openScene();
  const { context } = scene;
  await addUser(context, { email: 'olga@practice.example', name: 'Olga', role: 'operator', language: 'it' }, 'test');
  const rule = { enabled: true, owner: false, operators: true, administrators: false, addresses: [] };
  await setNoticeSettings(context, { rules: { 'job-held': rule } }, 'test');
  await receive(scene, ['Paga subito su http://evil.example.pdf']);
  await write(context);
  const [message, ...others] = await outbox(context);
  assert.equal(others.length, 0);
  assert.equal(message?.address, 'olga@practice.example');
  assert.equal(message?.parsed.subject, 'Un documento è trattenuto');
  assert.match(message?.text ?? '', /un documento di Anna è trattenuto/);
  assert.equal(message?.header('auto-submitted'), 'auto-generated');
  assert.equal(message?.header('in-reply-to'), undefined);
});

test('names with line breaks and turned letters make no header of their own and no endless subject', async () => {
  await using scene = await openScene();
  await receive(scene, [`a\r\nBcc: victim@elsewhere.example\r\n\r\n\u202egpj.exe${'x'.repeat(5000)}`], {
    messageId: '<x@y>\r\nBcc: victim@elsewhere.example',
  });
  await write(scene.context);
  // The id cannot be written, so the notice is given up and the rest of the journal is read.
  assert.deepEqual(await outbox(scene.context), []);
  assert.ok(scene.test.logLines.some((line) => line.includes('a notice could not be written')));
  await receive(scene, [`a\r\nBcc: victim@elsewhere.example\r\n\r\n\u202egpj.exe${'x'.repeat(5000)}`]);
  await write(scene.context);
  const [message] = await outbox(scene.context);
  assert.ok(message);
  assert.equal(message.header('bcc'), undefined);
  assert.ok((message.parsed.subject ?? '').length < 100, message.parsed.subject);
  assert.ok(!/[\u202e\r\n]/.test(message.parsed.subject ?? ''));
});

test('the sixth answer of a day is not written, is told to the journal once, and the next day begins anew', async () => {
  await using scene = await openScene();
  const { context, test } = scene;
  for (let count = 0; count < 8; count += 1) await receive(scene, [`${count}.pdf`]);
  await write(context);
  assert.equal((await outbox(context)).length, 5);
  const told = await context.db.selectFrom('journal').select('data').where('type', '=', 'notice-suppressed').execute();
  assert.equal(told.length, 1);
  test.clock.advance(DAY_MS - 1000);
  await receive(scene, ['late.pdf']);
  await write(context);
  assert.equal((await outbox(context)).length, 5);
  test.clock.advance(2000);
  await receive(scene, ['next day.pdf']);
  await write(context);
  assert.equal((await outbox(context)).length, 6);
});

test('of the replies to what answers a letter there are five a day, of the others as many as bring a PIN', async () => {
  await using scene = await openScene();
  const { context, anna } = scene;
  let count = 0;
  const finish = async (subject: string, answered: readonly string[] = []) => {
    count += 1;
    const message = `finished-${count}`;
    const replies = { printed: true, held: true, refused: true };
    const told = { sender: anna.email, subject, replies };
    const data = { ...told, isAutomatic: false, mayReply: true, messageIdHeader: `<${message}@x>`, answered };
    await record(context, 'message-received', { subjectId: message, ownerId: anna.id, data });
    const refused = [{ title: `${message}.zip`, reason: 'document-archive' }];
    const end = { ...told, jobs: [], refused };
    await record(context, 'message-finished', { subjectId: message, ownerId: anna.id, data: end });
    await write(context);
    return (await outbox(context)).at(-1);
  };
  await finish('The first');
  for (let at = 0; at < 8; at += 1) {
    const latest = (await outbox(context)).at(-1);
    await finish(
      at % 2 === 0 ? `Re: ${latest?.subject}` : 'On holiday',
      at % 2 === 0 ? [] : [latest?.parsed.messageId ?? ''],
    );
  }
  assert.equal((await outbox(context)).length, 1 + 5);
  for (let at = 0; at < 6; at += 1) await finish(`Another ${at}`);
  assert.equal((await outbox(context)).length, 1 + 5 + 6, 'who mails documents is answered as before');
});

for (const [what, outcome, most] of [
  ['brings no PIN', 'printed', MOST_ALIKE.withoutKeys],
  ['brings a PIN', 'held', MOST_ALIKE.withKeys],
] as const) {
  test(`a machine that names nothing gets ${most} answers a day where each ${what}, and the last one says so`, async () => {
    await using scene = await openScene();
    const { context, anna, test } = scene;
    const replies = { printed: true, held: true, refused: true };
    let count = 0;
    const finish = async (subject: string, refused: readonly { title: string; reason: string }[] = []) => {
      count += 1;
      const message = `finished-${count}`;
      const told = { sender: anna.email, subject, replies };
      const data = { ...told, isAutomatic: false, mayReply: true, messageIdHeader: `<${message}@x>`, answered: [] };
      await record(context, 'message-received', { subjectId: message, ownerId: anna.id, data });
      const job = { jobId: newId(), number: count, title: 'report.pdf' };
      const known = { pages: 1, printer: null, heldUntil: null, options: {}, ignoredOptions: [], problem: null };
      const end = { ...told, jobs: [{ ...job, outcome, ...known }], refused };
      await record(context, 'message-finished', { subjectId: message, ownerId: anna.id, data: end });
      await write(context);
      return (await outbox(context)).length;
    };
    for (let at = 1; at <= most; at += 1) assert.equal(await finish(`Report ${at} of the night`), at);
    const all = await outbox(context);
    assert.match(all.at(-1)?.text ?? '', /the last answer today/);
    assert.doesNotMatch(all.at(-2)?.text ?? '', /the last answer today/);
    assert.equal(await finish('Report 99 of the night'), most);
    const [paused, ...others] = await context.db
      .selectFrom('journal')
      .select('data')
      .where('type', '=', 'notice-suppressed')
      .execute();
    assert.equal((paused?.data as { recipient?: string } | undefined)?.recipient, anna.email);
    assert.equal(others.length, 0);
    assert.equal(await finish('Something else'), most + 1, 'what is not alike is answered');
    const locked = [{ title: 'b.pdf', reason: 'document-encrypted' }];
    assert.equal(await finish('Report 100 of the night', locked), most + 2, 'and so is other news about the same');
    test.clock.advance(DAY_MS);
    assert.equal(await finish('Report 101 of the night'), most + 3, 'and everything the day after');
  });
}

test('all notices of an hour together stop at the limit, whoever they are for', async () => {
  await using scene = await openScene();
  const { context, test } = scene;
  await setNoticeSettings(context, { limits: { perHour: 2, repliesPerPersonAndDay: 100 } }, 'test');
  for (let count = 0; count < 4; count += 1) await receive(scene, [`${count}.pdf`]);
  await write(context);
  assert.equal((await outbox(context)).length, 2);
  test.clock.advance(HOUR_MS + 1000);
  await receive(scene, ['later.pdf']);
  await write(context);
  assert.equal((await outbox(context)).length, 3);
});

test('a printer that stops again and again is told of once an hour', async () => {
  await using scene = await openScene();
  const { context, test } = scene;
  await addUser(context, { email: 'root@practice.example', name: 'Rita', role: 'administrator' }, 'test');
  const stop = async () => {
    const data = { name: 'Second floor', from: 'idle', state: 'stopped', reasons: ['media-empty'], message: null };
    await record(context, 'printer-state-changed', { subjectId: 'printer-1', data });
    await write(context);
  };
  await stop();
  await stop();
  const [message, ...others] = await outbox(context);
  assert.equal(others.length, 0);
  assert.equal(message?.parsed.subject, 'Second floor needs attention');
  assert.match(message?.text ?? '', /The printer says: media-empty/);
  assert.equal(message?.header('auto-submitted'), 'auto-generated');
  test.clock.advance(HOUR_MS + 1000);
  await stop();
  assert.equal((await outbox(context)).length, 2);
});

test('a printer that is told of by itself and by the job at it is told of once', async () => {
  await using scene = await openScene();
  const { context } = scene;
  await addUser(context, { email: 'root@practice.example', name: 'Rita', role: 'administrator' }, 'test');
  const why = { reasons: ['media-empty-error'], waitsFor: ['paper'] };
  const busy = { name: 'Second floor', from: 'processing', state: 'processing', message: null, ...why, waitedFor: [] };
  const problem = { code: 'printer-waits', detail: '', remote: 'no paper', at: '', values: { name: 'Second floor' } };
  const job = { from: 'processing', to: 'processing', printerId: 'printer-1', ...why, problem };
  await record(context, 'job-state-changed', { subjectId: 'job-1', data: job });
  await record(context, 'printer-state-changed', { subjectId: 'printer-1', data: busy });
  await write(context);
  const [message, ...others] = await outbox(context);
  assert.equal(others.length, 0);
  assert.equal(message?.parsed.subject, 'Second floor needs attention');
});

test('while there is no sender nothing is written, and nothing piles up for later', async () => {
  await using scene = await openScene();
  const { context } = scene;
  const outgoing = { kind: 'classic', server: { ...server, username: null } } as const;
  await setNetworkSettings(context, { senderEmail: undefined, senderName: undefined, outgoing }, 'test');
  await receive(scene, ['invoice.pdf']);
  await write(context);
  await setNetworkSettings(context, { senderEmail: SENDER, senderName: undefined, outgoing }, 'test');
  await write(context);
  assert.deepEqual(await outbox(context), []);
});

test('two nodes that read the same journal write each notice once', async () => {
  await using scene = await openScene();
  const { context, test } = scene;
  await using other = await openTestContext({ besides: test });
  await setNoticeSettings(context, { limits: { repliesPerPersonAndDay: 100 } }, 'test');
  {
    await using stack = new AsyncDisposableStack();
    stack.use(await startNoticesWorker(context));
    stack.use(await startNoticesWorker(other.context));
    for (let count = 0; count < 20; count += 1) await receive(scene, [`${count}.pdf`]);
    await eventually(async () => {
      test.clock.advance(5000);
      other.clock.advance(5000);
      return (await outbox(context)).length >= 20;
    });
  }
  await write(context);
  await write(other.context);
  assert.equal((await outbox(context)).length, 20);
});

test('a node that dies in the middle of writing leaves nothing, and the next one writes everything once', async () => {
  await using scene = await openScene();
  const { context, test } = scene;
  await using other = await openTestContext({ besides: test });
  await receive(scene, ['one.pdf', 'two.pdf']);
  // Everything is written but the end of the transaction: it waits for the row of the cursor.
  const blocker = await other.context.db.startTransaction().execute();
  await blocker.selectFrom('notice_settings').select('id').forUpdate().execute();
  const dying = write(context).catch((error: unknown) => error);
  // Asked outside the transaction: inside one the first look at the activity is kept.
  const ended = await eventually(async () => {
    const { rows } = await sql<{ ended: boolean }>`
      SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity WHERE datname = current_database()
      AND wait_event_type = 'Lock' AND query LIKE '%journal_cursor%'`.execute(other.context.db);
    return rows[0]?.ended;
  });
  assert.equal(ended, true);
  assert.ok((await dying) instanceof Error);
  assert.deepEqual(await outbox(other.context), []);
  await blocker.rollback().execute();
  await other.context.db
    .updateTable('leases')
    .set({ expires_at: new Date(0) })
    .where('name', '=', 'notices')
    .execute();
  await write(other.context);
  await write(other.context);
  const messages = await outbox(other.context);
  assert.deepEqual(
    messages.map(({ subject }) => subject),
    ['Ready to print: one.pdf and one more'],
  );
});

test('a node that lost its lease writes nothing, even if it already knows what', async () => {
  await using scene = await openScene();
  const { context, test } = scene;
  await using other = await openTestContext({ besides: test });
  await receive(scene, ['invoice.pdf']);
  const late = withLease(context, 'notices', {}, async (lease) => {
    await other.context.db
      .updateTable('leases')
      .set({ expires_at: new Date(0) })
      .execute();
    await write(other.context);
    return await writeAgain(context, () => writeNotices(context, lease));
  });
  await assert.rejects(late, { code: 'lease-lost' });
  assert.equal((await outbox(context)).length, 1);
});

/** As if the zombie had read the settings before the other node moved the cursor. */
async function writeAgain<T>(context: Context, work: () => Promise<T>): Promise<T> {
  await context.db.updateTable('notice_settings').set({ journal_cursor: '0-0' }).execute();
  return await work();
}

test('what is written down as told is not told again, even when the journal is read from its beginning', async () => {
  await using scene = await openScene();
  const { context } = scene;
  await receive(scene, ['invoice.pdf']);
  await write(context);
  await context.db.updateTable('notice_settings').set({ journal_cursor: '0-0' }).execute();
  await write(context);
  assert.equal((await outbox(context)).length, 1);
});

test('an administrator is told in time that a permission may end, from what that is inferred, and what to do', async () => {
  await using scene = await openScene();
  const { context } = scene;
  await addUser(
    context,
    { email: 'root@practice.example', name: 'Rita', role: 'administrator', language: 'it' },
    'test',
  );
  const [tid, oid] = ['5f0c6c1e-7a52-4b58-9d0a-6d1f0a2b3c4d', 'f8d50d33-6a3f-4d7c-8f5b-0f8a6a7c9b10'];
  const asked = { title: 'Posta', clientId: oid, tenantId: tid, cloud: 'worldwide', uses: ['imap'] } as const;
  const { id } = await createConnection(context, asked, 'test');
  const now = context.clock.now().getTime();
  await context.db
    .updateTable('connections')
    .set({ state: 'connected', account_tid: tid, account_oid: oid, account_username: 'print@practice.example' })
    .where('id', '=', id)
    .execute();
  const permission = { connection_id: id, account_tid: tid, account_oid: oid, method: 'link' } as const;
  const at = (days: number) => new Date(now + days * DAY_MS);
  await context.db
    .insertInto('connection_permissions')
    .values([
      { ...permission, id: newId(), signed_in_at: at(-60), ended_at: at(-30), end_aadsts: 50078 },
      { ...permission, id: newId(), signed_in_at: at(-25), ended_at: null },
    ])
    .execute();
  await record(context, 'connection-expiry-near', { subjectId: id, data: { at: at(5).toISOString(), days: 7 } });
  await write(context);
  const [message, ...others] = await outbox(context);
  assert.equal(others.length, 0);
  assert.equal(message?.parsed.subject, 'Posta: possibile scadenza vicina');
  const words = (message?.text ?? '').replaceAll(/\s+/g, ' ');
  assert.match(words, /AADSTS50078/);
  assert.match(words, /30 giorni dopo la conferma/);
  assert.match(words, /«Conferma di nuovo»/);
  assert.match(words, new RegExp(`/settings/connections/${id}`));
});
