import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { aMessage, bytesOf, reach } from '../../test/harness/outbox.ts';
import {
  addPracticeConnection,
  connectPractice,
  moveBetweenSessions,
  moveUntil,
  openPracticeContext,
  PRINT_ROOM,
  sharePractice,
} from '../../test/harness/practice-connection.ts';
import { eventually } from '../../test/harness/time.ts';
import { MINUTE_MS } from '../base/clock.ts';
import { beginDeviceLogin, getConnection, setNetworkSettings } from '../connections/connections.ts';
import { startConnectionsWorker } from '../connections/worker.ts';
import type { Context } from '../store/database.ts';
import type { OutboxState } from '../store/schema.ts';
import { getMessage, headroom, listAttempts, submitMessage } from './outbox.ts';
import { startOutboxWorker } from './worker.ts';

const practice = await sharePractice();

async function sendThrough(context: Context, connectionId: string): Promise<void> {
  const outgoing = { kind: 'connection', connectionId } as const;
  await setNetworkSettings(context, { senderEmail: PRINT_ROOM, senderName: 'Print room', outgoing }, 'test');
}

async function openNode() {
  await using undo = new AsyncDisposableStack();
  const node = undo.use(await openPracticeContext(practice));
  const connectionId = await connectPractice(node, practice);
  await sendThrough(node.context, connectionId);
  undo.use(await startOutboxWorker(node.context));
  const opened = undo.move();
  return { ...node, connectionId, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const fromPrintRoom = (recipient = 'anna@practice.example') =>
  aMessage({ sender: PRINT_ROOM, recipients: [recipient] });
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('through a confirmed connection', () => {
  test('a message leaves over TLS with a token, byte for byte, within the limits of the mailbox', async () => {
    await using node = await openNode();
    const one = fromPrintRoom();
    const id = await submitMessage(node.context, one);
    const sent = await reach(node.context, id, 'sent');
    assert.match(sent.remoteAnswer ?? '', /^250 2\.0\.0 OK <.*\[Hostname=/);
    const [accepted] = practice.smtp.accepted();
    assert.equal(accepted?.sha256, sha256(bytesOf(one)));
    const [attempt] = await listAttempts(node.context, id);
    assert.deepEqual(attempt?.session, { host: 'localhost', tls: 'TLS 1.3', isSignedIn: true });
    const room = await headroom(node.context);
    assert.deepEqual([room?.mailbox, room?.messagesPerMinute, room?.recipientsLeftToday], [PRINT_ROOM, 25, 9999]);
    assert.deepEqual([room?.sessions, room?.triesLastMinute, room?.recipientsPerDay], [2, 1, 10_000]);
    const usedAt = async () => (await getConnection(node.context, node.connectionId)).lastUses;
    await eventually(async () => (await usedAt()).length > 0);
    assert.deepEqual(await usedAt(), [{ use: 'smtp', at: node.clock.now() }]);
  });

  test('a token that is refused is renewed once, and the message leaves', async () => {
    await using node = await openNode();
    node.clock.advance(60_000);
    const asked = practice.asked('refresh_token');
    const words =
      '535 5.7.3 Authentication unsuccessful [X.prod.outlook.com 2026-01-01T00:00:00.000Z 08DCA18218166FB4]';
    practice.smtp.addFault({ phase: 'auth', reply: words });
    const sent = await reach(node.context, await submitMessage(node.context, fromPrintRoom()), 'sent');
    assert.equal(sent.attempts, 1);
    assert.equal(practice.asked('refresh_token'), asked + 1);
  });

  test('a token that is refused again holds the mailbox, with the marks for the support', async () => {
    await using node = await openNode();
    node.clock.advance(60_000);
    practice.smtp.addFault({ named: 'token-refused', times: 100 });
    const held = await reach(node.context, await submitMessage(node.context, fromPrintRoom()), 'held');
    assert.deepEqual([held.holdReason, held.problem?.code], ['mailbox', 'sign-in-refused']);
    assert.deepEqual(Object.keys(held.problem?.facts ?? {}).sort(), ['code', 'enhanced', 'id', 'server', 'time']);
  });

  test('no token ever stands in the log or in what is kept', async () => {
    await using node = await openNode();
    practice.smtp.addFault({ named: 'token-refused', times: 100 });
    await reach(node.context, await submitMessage(node.context, fromPrintRoom()), 'held');
    const rows = await node.context.db.selectFrom('outbox_messages').select('problem').execute();
    const attempts = await node.context.db.selectFrom('outbox_attempts').select('words').execute();
    assert.doesNotMatch(JSON.stringify([rows, attempts, node.logLines]), /Bearer|dXNlcj1|auth=/);
  });
});

describe('a session', () => {
  /** Keeps the next message at the end of its data, accepted and not answered; resolves when it is there. */
  async function keepBack(): Promise<{ readonly there: Promise<unknown>; readonly goOn: () => void }> {
    const { faults } = practice.smtp;
    const fault = { phase: 'end-of-data', when: 'after', delayMs: 60 * MINUTE_MS } as const;
    faults.add(fault);
    const hasFired = () => faults.list().some((one) => one.fault === fault && one.fired === 1);
    return { there: eventually(hasFired, { what: 'a message is kept back' }), goOn: () => faults.end(fault) };
  }

  test('that the server keeps waiting does not keep the next message from leaving over another one', async () => {
    await using node = await openNode();
    const first = await keepBack();
    const slow = await submitMessage(node.context, fromPrintRoom());
    await first.there;
    const quick = await submitMessage(node.context, fromPrintRoom());
    await moveUntil(node.clock, async () => (await getMessage(node.context, quick)).state === 'sent');
    assert.equal((await getMessage(node.context, slow)).state, 'active');
    first.goOn();
    await reach(node.context, slow, 'sent');
    assert.equal(practice.smtp.accepted().length, 2);
  });

  test('is used until two minutes before its token ends, and the next message goes with a new token', async () => {
    await practice.steer('/settings', { accessTokenSeconds: 3600 });
    await using node = await openNode();
    const { context, clock } = node;
    const asked = practice.asked('refresh_token');
    await using undo = new AsyncDisposableStack();
    const keepNext = async () => {
      const kept = await keepBack();
      undo.defer(() => kept.goOn());
      return kept;
    };
    const first = await keepNext();
    const ids = [await submitMessage(context, fromPrintRoom())];
    await first.there;
    // The other session of the mailbox is kept busy all the time, so that only one can take what waits.
    const other = await keepNext();
    const busy = await submitMessage(context, fromPrintRoom());
    await other.there;
    for (const _ of [2, 3]) ids.push(await submitMessage(context, fromPrintRoom()));
    const { access_expires_at: endsAt } = await context.db
      .selectFrom('connection_tokens')
      .select('access_expires_at')
      .executeTakeFirstOrThrow();
    const reserveAtMs = endsAt.getTime() - 2 * MINUTE_MS;
    clock.advance(reserveAtMs - clock.now().getTime() - 10_000);
    const second = await keepNext();
    first.goOn();
    await second.there;
    clock.advance(20_000);
    second.goOn();
    for (const id of ids) {
      await moveUntil(clock, async () => (await getMessage(context, id)).state === 'sent');
    }
    assert.equal((await getMessage(context, busy)).state, 'active');
    const [kept, ...sessions] = practice.smtp.accepted().map(({ session }) => session);
    assert.equal(sessions.filter((session) => session === kept).length, 1, 'one more in the session of the first');
    assert.equal(new Set([kept, ...sessions]).size, 3, 'the one that is busy, and a new one');
    assert.ok(practice.asked('refresh_token') > asked);
    assert.deepEqual(
      (await Promise.all(ids.map((id) => getMessage(context, id)))).map(({ possiblyTwice }) => possiblyTwice),
      [false, false, false],
    );
  });
});

describe('each fault of Exchange', () => {
  const faults: readonly (readonly [string, OutboxState, string])[] = [
    ['busy@practice.example', 'deferred', 'too-busy'],
    ['throttled@practice.example', 'deferred', 'too-busy'],
    ['logon-failure@practice.example', 'deferred', 'shared-mailbox-no-access'],
    ['send-as-denied@practice.example', 'held', 'sender-not-allowed'],
    ['send-as-denied-older@practice.example', 'held', 'sender-not-allowed'],
    ['send-as-refused@practice.example', 'held', 'sender-not-allowed'],
    ['quota@practice.example', 'deferred', 'daily-limit'],
    ['tenant-limit@practice.example', 'deferred', 'tenant-recipient-limit'],
    ['blocked-sender@practice.example', 'held', 'sender-blocked'],
    ['mailbox-full@practice.example', 'held', 'sender-mailbox-full'],
    ['too-large@practice.example', 'failed', 'message-too-large'],
    ['unknown-user@practice.example', 'failed', 'recipient-refused'],
    ['temp-451@practice.example', 'deferred', 'message-deferred'],
    ['unknown-4xx@practice.example', 'deferred', 'message-deferred'],
    ['unknown-5xx@practice.example', 'failed', 'recipient-refused'],
    ['drops-after-data@practice.example', 'uncertain', 'outcome-uncertain'],
    ['resets-after-data@practice.example', 'uncertain', 'outcome-uncertain'],
    ['drops-before-answer@practice.example', 'uncertain', 'outcome-uncertain'],
  ];
  const signIns: readonly (readonly [string, string])[] = [
    ['smtp-tenant-disabled', 'smtp-auth-off-tenant'],
    ['smtp-auth-disabled', 'smtp-auth-off-mailbox'],
    ['basic-disabled', 'password-login-ends'],
    ['basic-retired', 'password-login-ends'],
    ['security-defaults', 'smtp-blocked-security-defaults'],
    ['conditional-access', 'smtp-refused-by-policy'],
    ['mailbox-gone', 'mailbox-not-accessible'],
  ];

  test('ends in its state with its code, and no other message suffers from what is about one', async () => {
    await using node = await openNode();
    const { context } = node;
    for (const [recipient, state, code] of faults) {
      const id = await submitMessage(context, fromPrintRoom(recipient));
      const found = await reach(context, id, state);
      assert.deepEqual([recipient, found.problem?.code], [recipient, code]);
      // The next one is to meet a fresh mailbox.
      await context.db.deleteFrom('outbox_messages').execute();
      await context.db.deleteFrom('pace_buckets').execute();
    }
  });

  test('at the sign-in holds the message with advice of its own, without a try', async () => {
    await using node = await openNode();
    const { context } = node;
    for (const [named, code] of signIns) {
      practice.smtp.addFault({ named, times: 100 });
      const id = await submitMessage(context, fromPrintRoom());
      const held = await reach(context, id, 'held');
      assert.deepEqual([named, held.holdReason, held.problem?.code, held.attempts], [named, 'mailbox', code, 0]);
      practice.smtp.reset();
      await context.db.deleteFrom('outbox_messages').execute();
      await context.db.deleteFrom('pace_buckets').execute();
    }
  });

  test('a copy that Exchange recognizes is accepted and not delivered twice', async () => {
    await using node = await openNode();
    const { context, clock } = node;
    practice.smtp.setSwitches({ duplicateSuppression: 'on' });
    const recipients = ['drops-before-answer@practice.example', 'anna@practice.example'];
    const one = aMessage({ sender: PRINT_ROOM, recipients });
    const id = await submitMessage(context, one);
    await reach(context, id, 'uncertain');
    await moveBetweenSessions(clock, practice, async () => (await getMessage(context, id)).state === 'sent');
    const copies = practice.smtp.accepted().filter(({ sha256: hash }) => hash === sha256(bytesOf(one)));
    assert.equal(copies.length, 2);
    const delivered = practice.imap.mailboxes
      .getFolder('anna@practice.example', 'INBOX')
      .messages.filter(({ bytes }) => bytes.includes(one.messageIdHeader));
    assert.equal(delivered.length, 1);
    assert.equal((await getMessage(context, id)).possiblyTwice, true);
  });
});

describe('while the connection is not confirmed', () => {
  test('messages wait, and leave by themselves after the confirmation', async () => {
    await using node = await openPracticeContext(practice);
    const { context, clock } = node;
    const connectionId = await addPracticeConnection(context, practice);
    await using _outbox = await startOutboxWorker(context);
    const first = await submitMessage(context, fromPrintRoom());
    assert.equal((await reach(context, first, 'held')).problem?.code, 'outgoing-server-missing');
    await sendThrough(context, connectionId);
    const ids = [first, await submitMessage(context, fromPrintRoom())];
    // Also the one that was held before, for another cause.
    const causeOf = async (id: string) => (await getMessage(context, id)).problem?.code;
    for (const id of ids) {
      await moveUntil(clock, async () => (await causeOf(id)) === 'connection-not-confirmed');
      const held = await reach(context, id, 'held');
      assert.deepEqual([held.holdReason, held.attempts], ['connection', 0]);
    }
    const code = await beginDeviceLogin(context, connectionId, { actor: 'test', language: 'en' });
    await practice.answerCode(code.userCode, PRINT_ROOM);
    await using _connections = await startConnectionsWorker(context);
    await moveUntil(clock, async () => (await getConnection(context, connectionId)).state === 'connected');
    for (const id of ids) {
      await moveBetweenSessions(clock, practice, async () => (await getMessage(context, id)).state === 'sent');
    }
    assert.equal(practice.smtp.accepted().length, 2);
  });

  test('a sender e-mail that is not of the account holds what waits and says so, until it is set right', async () => {
    await using node = await openNode();
    const { context, clock, connectionId } = node;
    const outgoing = { kind: 'connection', connectionId } as const;
    const settings = { senderEmail: 'anna@practice.example', senderName: undefined, outgoing };
    await setNetworkSettings(context, settings, 'test');
    const id = await submitMessage(context, fromPrintRoom());
    const held = await reach(context, id, 'held');
    assert.deepEqual([held.holdReason, held.problem?.code], ['connection', 'wrong-account']);
    await sendThrough(context, connectionId);
    await moveBetweenSessions(clock, practice, async () => (await getMessage(context, id)).state === 'sent');
  });

  test('a permission that was revoked in the middle holds what is left and loses nothing', async () => {
    await using node = await openNode();
    const { context, clock, connectionId } = node;
    await reach(context, await submitMessage(context, fromPrintRoom()), 'sent');
    // The session that runs on the token from before would still take a message.
    await eventually(() => practice.smtp.sessions().length === 0, { what: 'the session has ended' });
    await practice.steer('/switch', { switch: 'sessions-revoked', account: PRINT_ROOM });
    clock.advance(MINUTE_MS);
    practice.smtp.addFault({ named: 'token-refused', times: 1_000 });
    const ids = [await submitMessage(context, fromPrintRoom()), await submitMessage(context, fromPrintRoom())];
    for (const id of ids) {
      await moveBetweenSessions(clock, practice, async () => (await getMessage(context, id)).state === 'held');
      const held = await getMessage(context, id);
      assert.deepEqual([held.holdReason, held.problem?.code], ['connection', 'connection-needs-confirmation']);
    }
    practice.smtp.faults.clear();
    const code = await beginDeviceLogin(context, connectionId, { actor: 'test', language: 'en' });
    await practice.answerCode(code.userCode, PRINT_ROOM);
    await using _connections = await startConnectionsWorker(context);
    for (const id of ids) {
      await moveBetweenSessions(clock, practice, async () => (await getMessage(context, id)).state === 'sent');
      assert.equal((await getMessage(context, id)).possiblyTwice, false);
    }
    assert.equal(practice.smtp.accepted().length, 3);
  });
});
