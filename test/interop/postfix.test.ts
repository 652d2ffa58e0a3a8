/**
 * The outbox hands mail to a submission server that other people wrote: Postfix, which asks Dovecot who may log in, which
 * asks the practice tenant whose token it is. Nobody sends under an address that is not of the login.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Cloud } from '../../server/base/settings.ts';
import { setNetworkSettings } from '../../server/connections/connections.ts';
import { type NewMessage, type OutboxMessage, releaseMessage, submitMessage } from '../../server/outbox/outbox.ts';
import { startOutboxWorker } from '../../server/outbox/worker.ts';
import type { OutboxState } from '../../server/store/schema.ts';
import { openTestContext } from '../harness/database.ts';
import { type Dovecot, startDovecot } from '../harness/dovecot.ts';
import { aMessage, bytesOf, reach } from '../harness/outbox.ts';
import { type Postfix, startPostfix, withoutRoot } from '../harness/postfix.ts';
import { connectPractice, openPractice, PRINT_ROOM, type Practice } from '../harness/practice-connection.ts';
import { eventually } from '../harness/time.ts';

const PASSWORD = 'seven-quiet-harbor-lanterns';
/** The print room may also write as this address; nobody may write as the third. */
const SCANNER = 'scanner@practice.example';
const FOREIGN = 'anna@practice.example';
const LOGINS = { [PRINT_ROOM]: PRINT_ROOM, [SCANNER]: PRINT_ROOM, [FOREIGN]: FOREIGN };

type Peers = AsyncDisposable & {
  readonly practice: Practice;
  readonly dovecot: Dovecot;
  /** Refuses a foreign sender to each recipient, as Postfix does unless told otherwise. */
  readonly postfix: Postfix;
  /** Refuses it to MAIL at once. */
  readonly strict: Postfix;
};

async function openPeers(): Promise<Peers> {
  await using undo = new AsyncDisposableStack();
  const practice = undo.use(await openPractice());
  const { cert, key, ca } = practice.certificates;
  const introspection = { url: `${practice.authority}/introspect?scope=SMTP.Send`, ca };
  const dovecot = await startDovecot({ tls: { cert, key }, introspection, password: PASSWORD });
  undo.defer(() => dovecot.close());
  const start = async (refuses: 'mail' | 'rcpt') => {
    const postfix = await startPostfix({
      tls: { cert, key },
      sasl: { path: dovecot.saslPath, logins: LOGINS, refuses },
    });
    undo.defer(() => postfix.close());
    return postfix;
  };
  const postfix = await start('rcpt');
  const strict = await start('mail');
  const opened = undo.move();
  return { practice, dovecot, postfix, strict, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** A node whose connection to the practice tenant leads to this server; `account` is who confirms it. */
async function openNode({ practice }: Peers, postfix: Postfix) {
  await using undo = new AsyncDisposableStack();
  const smtp = { host: 'localhost', port: postfix.port, security: 'starttls' } as const;
  const clouds = { practice: { ...(practice.clouds.practice as Cloud), smtp } };
  const node = undo.use(await openTestContext({ settings: { clouds } }));
  const connectionId = await connectPractice(node, practice);
  const outgoing = { kind: 'connection', connectionId } as const;
  await setNetworkSettings(node.context, { senderEmail: PRINT_ROOM, senderName: undefined, outgoing }, 'test');
  undo.use(await startOutboxWorker(node.context));
  const opened = undo.move();
  const send = async (message: NewMessage, state: OutboxState): Promise<OutboxMessage> =>
    await reach(node.context, await submitMessage(node.context, message), state);
  return { ...node, send, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const message = (sender: string, size?: number) => aMessage({ sender, recipients: ['bruno@practice.example'] }, size);

/** The delivered message that has these bytes, below what Postfix has put on top. */
async function findDelivered(postfix: Postfix, sent: NewMessage): Promise<string> {
  return await eventually(
    () => {
      const found = postfix.delivered().find((one) => one.includes(Buffer.from(sent.messageIdHeader)));
      return found === undefined ? undefined : below(found.toString('latin1'), bytesOf(sent).toString('latin1'));
    },
    { what: `Postfix has delivered ${sent.messageIdHeader}` },
  );
}

function below(delivered: string, sent: string): string {
  // Return-Path, the addresses of delivery, and Received: fields with their folded lines.
  const own = /^(?:(?:Return-Path|X-Original-To|Delivered-To|Received):.*\r\n(?:[ \t].*\r\n)*)+/.exec(delivered)?.[0];
  assert.ok(own !== undefined && delivered.length >= sent.length, delivered.slice(0, 500));
  return delivered.slice(own.length);
}

describe('Postfix as the submission server', { skip: withoutRoot }, () => {
  let peers: Peers;
  before(async () => {
    peers = await openPeers();
  });
  after(() => peers?.[Symbol.asyncDispose]());

  test('takes a message over STARTTLS from the login of the token, byte for byte', async () => {
    await using node = await openNode(peers, peers.postfix);
    for (const [sender, size] of [
      [PRINT_ROOM, 300],
      [SCANNER, 3_000_000],
    ] as const) {
      const sent = message(sender, size);
      const { remoteAnswer } = await node.send(sent, 'sent');
      assert.match(remoteAnswer ?? '', /^250 2\.0\.0 Ok: queued as /);
      assert.equal(await findDelivered(peers.postfix, sent), bytesOf(sent).toString('latin1'));
    }
    assert.match(peers.postfix.log(), /sasl_method=XOAUTH2, sasl_username=print@practice\.example/);
  });

  test('refuses a sender that is not of the login, and that message is held with nothing of it sent', async () => {
    await using node = await openNode(peers, peers.postfix);
    const foreign = message(FOREIGN);
    const own = message(PRINT_ROOM);
    const held = await node.send(foreign, 'held');
    assert.deepEqual([held.holdReason, held.problem?.code], ['message', 'sender-not-allowed']);
    assert.match(held.problem?.remote ?? '', /553 5\.7\.1 .*not owned by user print@practice\.example/);
    // What is wrong with one message keeps no other from leaving.
    await node.send(own, 'sent');
    await findDelivered(peers.postfix, own);
    assert.ok(!peers.postfix.delivered().some((one) => one.includes(Buffer.from(foreign.messageIdHeader))));
  });

  test('refuses it to MAIL where it is told to, and the message waits for the right in the same way', async () => {
    await using node = await openNode(peers, peers.strict);
    const held = await node.send(message(FOREIGN), 'held');
    assert.deepEqual([held.holdReason, held.problem?.code], ['message', 'sender-not-allowed']);
    assert.match(held.problem?.remote ?? '', /553 5\.7\.1 .*not owned by user print@practice\.example/);
    await node.send(message(SCANNER), 'sent');
  });

  test('takes a password too, and a wrong one holds the mail until it is cured and the mail is released', async () => {
    const { practice, postfix } = peers;
    await using node = await openTestContext({ settings: { clouds: practice.clouds } });
    const { context } = node;
    const server = { host: 'localhost', port: postfix.port, security: 'starttls', verifyCertificate: true } as const;
    const use = (password: string) => {
      const outgoing = { kind: 'classic', server: { ...server, username: PRINT_ROOM }, password } as const;
      return setNetworkSettings(context, { senderEmail: PRINT_ROOM, senderName: undefined, outgoing }, 'test');
    };
    await use('not the password');
    await using _worker = await startOutboxWorker(context);
    const sent = message(PRINT_ROOM);
    const id = await submitMessage(context, sent);
    const held = await reach(context, id, 'held');
    assert.deepEqual([held.holdReason, held.problem?.code, held.attempts], ['mailbox', 'sign-in-refused', 0]);
    assert.match(held.problem?.remote ?? '', /^535 5\.7\.8 /);
    await use(PASSWORD);
    await releaseMessage(context, id, 'test');
    await reach(context, id, 'sent');
    await findDelivered(postfix, sent);
    assert.doesNotMatch(JSON.stringify(node.logLines), /not the password|seven-quiet/);
  });

  test('lets nobody in with a token that the tenant does not vouch for, and the mail is held', async () => {
    await using node = await openNode(peers, peers.postfix);
    // The tenant has forgotten every token that it gave.
    await peers.practice.steer('/reset', {});
    const sent = message(PRINT_ROOM);
    const held = await node.send(sent, 'held');
    assert.match(held.holdReason ?? '', /^(mailbox|connection)$/);
    assert.ok(!peers.postfix.delivered().some((one) => one.includes(Buffer.from(sent.messageIdHeader))));
  });
});
