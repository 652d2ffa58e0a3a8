/** What a device heard 250 for is in the outbox, wherever the server was killed. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openConversation } from '../../test/harness/conversation.ts';
import { openTestContext, type TestContext, urlOf } from '../../test/harness/database.ts';
import { startPlatenProcess } from '../../test/harness/platen.ts';
import { begin, finish, openRelay, readKept, SENDER, setSender } from '../../test/harness/relay.ts';
import { eventually } from '../../test/harness/time.ts';
import { sweepSpool } from '../spool/worker.ts';
import { addDevice } from './relay.ts';

const KILLS = 8;
const SENDERS = 6;

type Sent = { readonly id: string; readonly subject: string; readonly body: string };

/** Sends scans, each on a connection of its own, until the server is gone; returns what it said 250 to. */
async function sendUntilGone(port: number, name: string): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (let number = 0; ; number++) {
    const subject = `${name}-${number}`;
    const body = `${subject} ${'x'.repeat(60)}\r\n`.repeat(number % 3 === 2 ? 3000 : 10);
    try {
      await using conversation = await openConversation({ port });
      await conversation.play(`
        S: 220 {/.*/}
        C: HELO copier
        S: 250 {/.*/}`);
      await begin(conversation);
      const answer = await finish(conversation, `Subject: ${subject}\r\n\r\n${body}`);
      const id = /^250 2\.6\.0 Kept as (\S+)$/.exec(answer)?.[1];
      assert.ok(id !== undefined, answer);
      sent.push({ id, subject, body });
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return sent;
    }
  }
}

test('no scan that was acknowledged is missing or damaged after the server was killed again and again', async () => {
  await using test = await openTestContext();
  await setSender(test, SENDER);
  const limits = { maxSessions: 100, messagesPerMinute: 100_000, messagesPerDay: 1_000_000 };
  await addDevice(test.context, { name: 'Copier', addresses: ['127.0.0.1'], limits }, 'test');
  const sent: Sent[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    await using server = await startPlatenProcess({
      dataDir: test.directory,
      env: { DATABASE_URL: urlOf(test.target), PLATEN_LOG_LEVEL: 'warn' },
    });
    const port = await eventually(() => Number(/ at 127\.0\.0\.1 port (\d+)$/m.exec(server.output())?.[1]));
    const senders = Array.from({ length: SENDERS }, (_, index) => sendUntilGone(port, `scan-${kill}-${index}`));
    await new Promise((resolve) => setTimeout(resolve, 100 + 137 * kill));
    await server.kill();
    sent.push(...(await Promise.all(senders)).flat());
  }
  assert.ok(sent.length > KILLS, 'hardly anything was sent');
  const kept = new Map((await readKept(test)).map((one) => [one.id, one]));
  for (const { id, subject, body } of sent) {
    const one = kept.get(id);
    assert.equal(one?.subject, subject);
    assert.ok(one?.body === body, subject);
  }
  await assertWhole(test);
});

/** Each row has its bytes, and they are the ones it was written for. */
async function assertWhole(test: TestContext): Promise<void> {
  const rows = await test.context.db.selectFrom('outbox_messages').select(['id', 'sha256']).execute();
  const hashes = new Map(rows.map(({ id, sha256 }) => [id, sha256.toString('hex')]));
  for (const { id, raw } of await readKept(test)) {
    assert.equal(createHash('sha256').update(raw).digest('hex'), hashes.get(id));
  }
}

test('when the database goes between the bytes and the commit, there is no message and its bytes are swept', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  const { context, clock } = relay.test;
  await using conversation = await relay.greet();
  await begin(conversation);
  // The commit is held up at the row of the message, and its connection is ended there.
  const gate = await context.db.startTransaction().execute();
  await sql`LOCK TABLE outbox_messages IN EXCLUSIVE MODE`.execute(gate);
  const answer = finish(conversation, `Subject: cut\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(3000)}`);
  await eventually(async () => {
    const ended = await sql<{ ended: boolean }>`
      SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE '%insert into outbox_messages%'
    `.execute(context.db);
    return ended.rows.length > 0;
  });
  assert.equal(await answer, '451 4.3.0 Try again later');
  await gate.rollback().execute();
  assert.deepEqual(await relay.kept(), []);
  const files = () =>
    readdirSync(context.settings.spoolDir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  assert.equal(files().length, 1);
  clock.advance(25 * 60 * 60_000);
  assert.equal(await sweepSpool(context), 1);
  assert.equal(files().length, 0);
});
