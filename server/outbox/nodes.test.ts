import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { openTestContext, type TestContext } from '../../test/harness/database.ts';
import { aMessage, bytesOf, reach, reachLater, useSubmissionServer } from '../../test/harness/outbox.ts';
import { startSubmissionServer } from '../../test/harness/submission-server.ts';
import { eventually } from '../../test/harness/time.ts';
import { SECOND_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { parseReply } from '../protocols/smtp/replies.ts';
import type { Context } from '../store/database.ts';
import { type Lease, withLease } from '../store/leases.ts';
import { followTasks } from '../store/tasks.ts';
import { beginAttempts } from './deliver.ts';
import { countOutbox, getMessage, submitMessage } from './outbox.ts';
import { CLASSIC_SESSIONS, type Pace } from './pace.ts';
import type { Claimed } from './rows/turn.ts';
import { settle } from './settle.ts';
import type { Verdict } from './verdict.ts';
import { startOutboxWorker } from './worker.ts';

const reply = parseReply('250 2.0.0 OK');
assert.ok(reply);
const ACCEPTED: Verdict = { kind: 'accepted', reply, recipients: { failed: [], later: [], next: [] } };

test('two nodes send each message once, and never have one at the same time', async () => {
  await using server = await startSubmissionServer();
  await using one = await openTestContext();
  await using other = await openTestContext({ besides: one });
  await useSubmissionServer(one.context, server);
  const underway = new Map<string, number>();
  let isDoubled = false;
  server.react(({ moment, recipients }) => {
    const [address = ''] = recipients;
    if (moment === 'content') {
      if (underway.has(address)) isDoubled = true;
      underway.set(address, 1);
    }
    return undefined;
  });
  const ids = await Promise.all(
    Array.from({ length: 80 }, (_, at) =>
      submitMessage(one.context, aMessage({ recipients: [`r${at}@practice.example`] })),
    ),
  );
  {
    await using _first = await startOutboxWorker(one.context);
    await using _second = await startOutboxWorker(other.context);
    await eventually(async () => (await countOutbox(one.context)).states.sent === ids.length, { timeoutMs: 30_000 });
  }
  assert.equal(isDoubled, false);
  assert.equal(server.accepted.length, ids.length);
  assert.equal(new Set(server.accepted.flatMap(({ recipients }) => recipients)).size, ids.length);
  const attempts = await one.context.db.selectFrom('outbox_attempts').select('verdict').execute();
  assert.equal(attempts.length, ids.length);
});

test('what a node keeps right before it dies is sent by another one at its next look', async () => {
  await using server = await startSubmissionServer();
  await using dead = await openTestContext();
  await using alive = await openTestContext({ besides: dead });
  await useSubmissionServer(alive.context, server);
  await using _worker = await startOutboxWorker(alive.context);
  // As on a node that sends: the alarm rings there alone, and here it is dead before it looks.
  await using _deaf = await followTasks(dead.context, 'outbox', () => undefined);
  const id = await submitMessage(dead.context, aMessage());
  const startedMs = alive.clock.monotonicMs();
  await reachLater({ ...alive, server }, id, 'sent');
  const tookMs = alive.clock.monotonicMs() - startedMs;
  // None at all when its first look is not over yet.
  assert.ok(tookMs <= 30 * SECOND_MS, `${tookMs} ms`);
});

describe('a node that dies', () => {
  const SLOT = 'outbox-session:';
  const SESSION = { host: 'mail.practice.example', isSignedIn: false };

  /** Takes a message as a session does, and never comes back. */
  async function dieWith(
    node: TestContext,
    pace: Pace,
    then?: (claimed: Claimed, lease: Lease) => Promise<void>,
  ): Promise<{ claimed: Claimed; lease: Lease }> {
    const { context } = node;
    const name = `${SLOT}${pace.mailbox}:1`;
    let kept: { claimed: Claimed; lease: Lease } | undefined;
    await withLease(context, name, {}, async (lease) => {
      const next = await beginAttempts(context, { lease, pace, session: SESSION, done: [], wants: 1 });
      assert.ok(next.kind === 'messages');
      const [claimed] = next.claimed;
      assert.ok(claimed !== undefined && next.claimed.length === 1);
      kept = { claimed, lease };
      await then?.(claimed, lease);
    });
    assert.ok(kept);
    return kept;
  }

  const paceOf = (server: { host: string; port: number }): Pace => ({
    mailbox: `server:${server.host}:${server.port}`,
    sessions: CLASSIC_SESSIONS,
    limits: undefined,
  });

  const settleLate = (context: Context, dead: { claimed: Claimed; lease: Lease }, mailbox: string) =>
    settle(context, dead.lease, { ...dead, verdict: ACCEPTED, place: { mailbox, host: 'x' }, isFirst: true });

  test('after the attempt was written leaves the message uncertain, and another node sends the identical bytes', async () => {
    await using server = await startSubmissionServer();
    await using dead = await openTestContext();
    await using alive = await openTestContext({ besides: dead });
    await useSubmissionServer(alive.context, server);
    const one = aMessage();
    const id = await submitMessage(dead.context, one);
    const frozen = await dieWith(dead, paceOf(server));
    assert.equal((await getMessage(alive.context, id)).state, 'active');

    await using _worker = await startOutboxWorker(alive.context);
    const sent = await reachLater({ ...alive, server }, id, 'sent');
    assert.equal(sent.possiblyTwice, true);
    assert.deepEqual(server.accepted[0]?.data, bytesOf(one));

    // Woken up again, the dead one changes nothing.
    const before = await alive.context.db.selectFrom('outbox_attempts').selectAll().orderBy('id').execute();
    const late = settleLate(dead.context, frozen, paceOf(server).mailbox);
    await assert.rejects(late, (error: unknown) => error instanceof PlatenError && error.code === 'lease-lost');
    assert.deepEqual(await alive.context.db.selectFrom('outbox_attempts').selectAll().orderBy('id').execute(), before);
  });

  test('before the attempt was written leaves the message as it was', async () => {
    await using server = await startSubmissionServer();
    await using node = await openTestContext();
    const { context } = node;
    await useSubmissionServer(context, server);
    const id = await submitMessage(context, aMessage());
    await withLease(context, `${SLOT}${paceOf(server).mailbox}:1`, {}, async () => undefined);
    assert.deepEqual([(await getMessage(context, id)).state, server.sessions()], ['queued', 0]);
    await using _worker = await startOutboxWorker(context);
    assert.equal((await reach(context, id, 'sent')).possiblyTwice, false);
  });

  test('after the verdict was written has nothing left to recover', async () => {
    await using server = await startSubmissionServer();
    await using dead = await openTestContext();
    const { context } = dead;
    await useSubmissionServer(context, server);
    const id = await submitMessage(context, aMessage());
    const { mailbox } = paceOf(server);
    await dieWith(dead, paceOf(server), async (claimed, lease) => {
      const outcome = { claimed, verdict: ACCEPTED, place: { mailbox, host: 'x' }, isFirst: true };
      await settle(context, lease, outcome);
      await assert.rejects(
        settle(context, lease, outcome),
        (error: unknown) => error instanceof PlatenError && error.code === 'lease-lost',
      );
    });
    await using _worker = await startOutboxWorker(context);
    const other = await submitMessage(context, aMessage());
    await reach(context, other, 'sent');
    assert.equal((await getMessage(context, id)).state, 'sent');
    assert.equal(server.accepted.length, 1);
  });

  test('while its lease is alive is not taken for dead', async () => {
    await using server = await startSubmissionServer();
    await using busy = await openTestContext();
    await using other = await openTestContext({ besides: busy });
    await useSubmissionServer(busy.context, server);
    const id = await submitMessage(busy.context, aMessage());
    await dieWith(busy, paceOf(server), async (claimed, lease) => {
      await using _worker = await startOutboxWorker(other.context);
      const second = await submitMessage(other.context, aMessage());
      await eventually(async () => {
        other.clock.advance(5000);
        return other.logLines.length > 0 || (await getMessage(other.context, second)).state !== 'active';
      });
      assert.equal((await getMessage(busy.context, id)).state, 'active');
      const { mailbox } = paceOf(server);
      await settle(busy.context, lease, { claimed, verdict: ACCEPTED, place: { mailbox, host: 'x' }, isFirst: true });
    });
    assert.equal((await getMessage(busy.context, id)).state, 'sent');
  });
});

test('what a session could not write down is taken up as soon as the database takes it again, not a minute later', async () => {
  await using server = await startSubmissionServer();
  await using node = await openTestContext();
  const { context, clock, logLines } = node;
  await useSubmissionServer(context, server);
  await sql`CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$`.execute(context.db);
  await sql`CREATE TRIGGER no_space BEFORE UPDATE ON outbox_attempts FOR EACH ROW EXECUTE FUNCTION no_space()`.execute(
    context.db,
  );
  await using _worker = await startOutboxWorker(context);
  const one = aMessage();
  const id = await submitMessage(context, one);
  await eventually(() => logLines.some((line) => line.includes('ended in trouble')), { what: 'a session in trouble' });
  await sql`DROP TRIGGER no_space ON outbox_attempts`.execute(context.db);

  const startedMs = clock.monotonicMs();
  const sent = await reachLater({ ...node, server }, id, 'sent');
  const tookMs = clock.monotonicMs() - startedMs;
  assert.ok(tookMs <= 20 * SECOND_MS, `${tookMs} ms`);
  // The server had it once before the database was full, and nobody could know.
  assert.equal(sent.possiblyTwice, true);
  assert.deepEqual(
    server.accepted.map(({ data }) => data),
    [bytesOf(one), bytesOf(one)],
  );
});
