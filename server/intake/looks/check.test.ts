import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, call, openServer } from '../../../test/attacks/callers.ts';
import { openWatchedMailbox, writeMessage } from '../../../test/harness/intake.ts';
import { PRINT_ROOM } from '../../../test/harness/practice-connection.ts';
import { eventually } from '../../../test/harness/time.ts';
import { addQueue } from '../../jobs/jobs.ts';
import { addMailbox, checkMailbox, checkTyped, getMailbox, updateMailbox } from '../intake.ts';
import { countToday } from './today.ts';

const soon = () => AbortSignal.timeout(30_000);

test('a mailbox as it was typed is signed in to and counted, and nothing of it is kept or changed', async () => {
  await using watched = await openWatchedMailbox();
  const { context, connectionId } = watched;
  watched.deliver(writeMessage());
  const typed = { protocol: 'imap', connectionId, address: PRINT_ROOM, afterIntake: 'move' } as const;
  const tables = ['mailboxes', 'incoming_messages', 'pop3_numbers', 'journal'] as const;
  const countRows = () =>
    Promise.all(tables.map(async (table) => (await context.db.selectFrom(table).selectAll().execute()).length));
  const before = await countRows();
  assert.deepEqual(await checkTyped(context, typed, soon()), {
    outcome: 'passed',
    messages: 1,
    missingFolders: ['Platen/Done', 'Platen/Refused', 'Platen/Failed'],
  });
  assert.deepEqual(await checkTyped(context, { ...typed, protocol: 'pop3', afterIntake: 'keep' }, soon()), {
    outcome: 'passed',
    messages: 1,
    missingFolders: [],
  });
  assert.deepEqual(await countRows(), before);
  assert.equal(watched.practice.imap.mailboxes.findFolder(PRINT_ROOM, 'Platen/Done'), undefined);
  assert.equal(watched.uidsIn('INBOX').length, 1);
  const missing = await checkTyped(context, { ...typed, folder: 'Nowhere' }, soon());
  assert.ok(missing.outcome === 'failed' && missing.problem.code.startsWith('mailbox-'));
  const unknown = { ...typed, connectionId: '01890000-0000-7000-8000-000000000000' };
  await assert.rejects(checkTyped(context, unknown, soon()), { code: 'not-found' });
  await assert.rejects(checkTyped(context, { ...typed, protocol: 'pop3' }, soon()), { code: 'pop3-has-no-folders' });
});

test('once it is watched its folders are there, and it tells when it was looked at and what came today', async () => {
  await using watched = await openWatchedMailbox();
  const { context, mailboxId } = watched;
  assert.equal((await getMailbox(context, mailboxId)).lookedAt, undefined);
  watched.deliver(writeMessage());
  await using _worker = await watched.startWorker();
  await watched.settled(1);
  const lookedAt = await eventually(async () => (await getMailbox(context, mailboxId)).lookedAt, { what: 'a look' });
  assert.ok(lookedAt <= context.clock.now());
  const check = await checkMailbox(context, mailboxId, soon());
  assert.deepEqual(check, { outcome: 'passed', messages: 0, missingFolders: [] });
  assert.deepEqual((await countToday(context)).get(mailboxId), { messages: 1, jobs: 1 });
  const yesterday = new Date(context.clock.now().getTime() - 25 * 3_600_000);
  await context.db.updateTable('incoming_messages').set({ received_at: yesterday }).execute();
  assert.equal((await countToday(context)).get(mailboxId), undefined);
});

test('a password that is kept is neither shown nor lent to another server, by a test or by a change', async () => {
  await using server = await openServer();
  const { context } = server.test;
  const administrator = await addPerson(server, 'administrator');
  const queue = await addQueue(context, { name: 'Front desk', mode: 'hold' }, 'test');
  const own = { host: '127.0.0.1', port: 1, security: 'tls', username: 'print' } as const;
  const place = { protocol: 'imap', address: 'print@contoso.example' } as const;
  const kept = { ...place, title: 'Print', queueId: queue.id, server: { ...own, password: 'canary-secret' } };
  const { id } = await addMailbox(context, kept, 'test');
  const check = async (more: object) => {
    const { headers } = administrator;
    const answer = await call(server, 'POST', '/api/v1/mailboxes/check', { headers, body: { ...place, ...more } });
    assert.equal(answer.status, 200, answer.text);
    assert.doesNotMatch(answer.text, /canary/);
    return (answer.json as { problem: { code: string } }).problem.code;
  };
  // Nobody answers there, which is found out only with a password.
  assert.equal(await check({ id, server: own }), 'mailbox-unreachable');
  assert.equal(await check({ id, server: { ...own, host: 'localhost' } }), 'mailbox-refused');
  assert.equal(await check({ id, server: { ...own, username: 'other' } }), 'mailbox-refused');
  assert.equal(await check({ server: own }), 'mailbox-refused');
  assert.equal(await check({ server: { ...own, password: 'canary-typed' } }), 'mailbox-unreachable');
  assert.doesNotMatch(server.test.logLines.join(''), /canary/);
  const sealed = async () => (await context.db.selectFrom('mailboxes').select('sealed_password').execute())[0];
  await updateMailbox(context, id, { change: { server: own }, actor: 'test' });
  assert.notEqual((await sealed())?.sealed_password, null);
  await updateMailbox(context, id, { change: { server: { ...own, host: 'localhost' } }, actor: 'test' });
  assert.equal((await sealed())?.sealed_password, null);
});

test('only administrators look at a mailbox that was typed, and what is none is refused', async () => {
  await using server = await openServer();
  const administrator = await addPerson(server, 'administrator');
  const operator = await addPerson(server, 'operator');
  const own = { host: '127.0.0.1', port: 1, security: 'tls', username: 'print', password: 'x' };
  const typed = { protocol: 'imap', address: 'print@contoso.example', server: own };
  const ask = async (headers: Readonly<Record<string, string>>, body: unknown) =>
    (await call(server, 'POST', '/api/v1/mailboxes/check', { headers, body })).status;
  assert.equal(await ask(operator.headers, typed), 403);
  for (const wrong of [
    { ...typed, connectionId: '01890000-0000-7000-8000-000000000000' },
    { ...typed, server: undefined },
    { ...typed, folder: 'INBOX*' },
    { ...typed, server: { ...own, host: 'http://x/' } },
    { ...typed, server: { ...own, username: 'a\r\nb' } },
  ]) {
    assert.equal(await ask(administrator.headers, wrong), 400, JSON.stringify(wrong));
  }
});
