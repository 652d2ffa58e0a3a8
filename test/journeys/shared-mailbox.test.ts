/**
 * A mailbox that several people share has no password and no sign-in of its own: Platen reads it in the name of the
 * shared address, with the token of an account that has full access to it. What is said to the mail server is heard on
 * the line itself.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { aboutConnections, answerKept } from '../../server/connections/connections.ts';
import { addMailbox, checkMailbox, getMailbox, listMessages } from '../../server/intake/intake.ts';
import { startIntakeWorker } from '../../server/intake/worker.ts';
import { addQueue, listJobs } from '../../server/jobs/jobs.ts';
import { addUser } from '../../server/users/users.ts';
import { openTestContext } from '../harness/database.ts';
import { writeMessage } from '../harness/intake.ts';
import { connectPractice, moveUntil, openPractice, PRINT_ROOM, type Practice } from '../harness/practice-connection.ts';

const SHARED = 'scans@practice.example';
const SENDER = 'anna@practice.example';

type Protocol = 'imap' | 'pop3';
type SignIn = { readonly username: string; readonly token: string };

/** Stands between Platen and the mail server, opens the TLS of both, and hears who signs in with what. */
async function overhear(practice: Practice, port: number) {
  const { ca, cert, key } = practice.certificates;
  const said: Buffer[][] = [];
  const sockets = new Set<TLSSocket>();
  const server = createServer({ cert, key }, (client) => {
    const target = connect({ host: '127.0.0.1', servername: 'localhost', port, ca });
    const heard: Buffer[] = [];
    said.push(heard);
    client.on('data', (piece: Buffer) => heard.push(piece));
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => sockets.delete(one) && other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    signIns: () => said.flatMap((heard) => signInsIn(Buffer.concat(heard).toString('latin1'))),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The XOAUTH2 strings of a session: `user=…^Aauth=Bearer …^A^A` in base64, in the line of the command or after it. */
function signInsIn(text: string): SignIn[] {
  const found = text.matchAll(/AUTH(?:ENTICATE)? XOAUTH2(?: |\r\n)([A-Za-z0-9+/=]+)\r\n/g);
  return [...found].map(([, base64 = '']) => {
    const decoded = Buffer.from(base64, 'base64').toString('utf8');
    const [, username, token] = /^user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01$/.exec(decoded) ?? [];
    return { username: username ?? '', token: token ?? '' };
  });
}

/** A node with the confirmed connection of a delegate, and a mailbox that is the shared one; nothing reads it yet. */
async function openWorld(protocol: Protocol) {
  await using undo = new AsyncDisposableStack();
  const practice = undo.use(await openPractice());
  const line = undo.use(await overhear(practice, practice[protocol].port));
  const { practice: cloud } = practice.clouds;
  assert.ok(cloud);
  const clouds = { practice: { ...cloud, [protocol]: { ...cloud[protocol], port: line.port } } };
  const node = undo.use(await openTestContext({ settings: { clouds } }));
  const { context, clock } = node;
  const connectionId = await connectPractice(node, practice, { expectedAccount: PRINT_ROOM, uses: ['imap', 'pop3'] });
  await addUser(context, { email: SENDER, name: 'Anna', role: 'user', addresses: [SENDER] }, 'test');
  const queue = await addQueue(context, { name: 'Front desk', mode: 'hold' }, 'test');
  const mailbox = { title: 'Scans', address: SHARED, protocol, afterIntake: 'delete' } as const;
  const policy = { proofPolicy: { unproven: 'accept' } } as const;
  const asked = { ...mailbox, ...policy, connectionId, queueId: queue.id };
  const { id: mailboxId } = await addMailbox(context, asked, 'test');
  const deliver = (address: string) => {
    const raw = String(writeMessage()).replace(`To: ${PRINT_ROOM}`, `To: ${address}`);
    practice.imap.mailboxes.deliver(address, Buffer.from(raw));
  };
  const messages = () => listMessages(context, { mailboxId, limit: 50 });
  const opened = undo.move();
  return {
    practice,
    context,
    connectionId,
    mailboxId,
    signIns: line.signIns,
    deliver,
    messages,
    until: (claim: () => Promise<boolean>) => moveUntil(clock, claim),
    mailbox: () => getMailbox(context, mailboxId),
    check: () => checkMailbox(context, mailboxId, AbortSignal.timeout(30_000)),
    jobs: () => listJobs(context, { limit: 50 }),
    inboxOf: (address: string) => practice.imap.mailboxes.findFolder(address, 'INBOX')?.messages.length ?? 0,
    /** What the delegate may do with the shared mailbox from now on. */
    allow: (rights: { readonly fullAccess?: string[]; readonly sendAs?: string[] }) =>
      practice.steer('/shared-mailboxes', { address: SHARED, ...rights }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type World = Awaited<ReturnType<typeof openWorld>>;

/** Waits until so many messages were taken and are gone from the shared mailbox. */
async function takes(world: World, count: number): Promise<void> {
  await world.until(async () => {
    const messages = await world.messages();
    return messages.length === count && messages.every(({ movedAt }) => movedAt !== undefined);
  });
  assert.equal(world.inboxOf(SHARED), 0);
}

/** Each sign-in so far named the shared mailbox, with a token that the identity has given to the delegate. */
function assertDelegated({ practice, signIns }: World): void {
  const owners = signIns().map(({ username, token }) => [username, practice.tenant.findAccessToken(token)?.username]);
  assert.ok(owners.length > 0);
  for (const each of owners) assert.deepEqual(each, [SHARED, PRINT_ROOM]);
}

const WITHOUT_RIGHT = {
  imap: /User is authenticated but not connected/,
  pop3: /Authentication failure: unknown user name or bad password/,
} as const;

for (const protocol of ['imap', 'pop3'] as const) {
  test(`mail to a shared mailbox becomes a job over ${protocol}, in its name and with its delegate's token`, async () => {
    await using world = await openWorld(protocol);
    world.deliver(SHARED);
    world.deliver(PRINT_ROOM);
    assert.equal((await world.check()).outcome, 'passed');
    await using _worker = await startIntakeWorker(world.context);
    await takes(world, 1);
    assert.deepEqual(
      (await world.messages()).map(({ outcome, sender }) => [outcome, sender]),
      [['done', SENDER]],
    );
    const jobs = await world.jobs();
    assert.deepEqual(
      jobs.map(({ title, ownerName }) => [title, ownerName]),
      [['two-pages.pdf', 'Anna']],
    );
    assert.equal(world.inboxOf(PRINT_ROOM), 1, "the delegate's own mail is left alone");
    await world.until(async () => (await world.mailbox()).state === 'connected');
    assertDelegated(world);
  });

  test(`a delegate who loses the right is told over ${protocol}, and the mail waits until the right is back`, async () => {
    await using world = await openWorld(protocol);
    await using _worker = await startIntakeWorker(world.context);
    world.deliver(SHARED);
    await takes(world, 1);

    await world.allow({ sendAs: [PRINT_ROOM] });
    await world.practice.imap.endSessions('close', SHARED);
    world.deliver(SHARED);
    world.deliver(PRINT_ROOM);
    // Before it, the session that was ended is told, as for any server that goes away.
    await world.until(async () => (await world.mailbox()).problem?.code === 'mailbox-refused');
    const { problem, state } = await world.mailbox();
    assert.ok(problem);
    assert.equal(state, 'failing');
    assert.equal(problem.values?.address, SHARED);
    assert.match(problem.remote ?? '', WITHOUT_RIGHT[protocol]);
    const checked = await world.check();
    assert.equal(checked.outcome === 'failed' && checked.problem.code, 'mailbox-refused');
    assert.deepEqual([world.inboxOf(SHARED), world.inboxOf(PRINT_ROOM)], [1, 1]);
    assert.equal((await world.jobs()).length, 1);
    if (protocol === 'imap') {
      const about = (await aboutConnections(world.context)).get(world.connectionId);
      const right = answerKept(problem, 'en', about).explanation?.causes?.find(({ id }) => id === 'no-right');
      assert.match(right?.command ?? '', /-Identity 'scans@practice\.example' -User 'print@practice\.example'/);
    }

    await world.allow({ fullAccess: [PRINT_ROOM] });
    await takes(world, 2);
    await world.until(async () => (await world.mailbox()).state === 'connected');
    assert.equal((await world.mailbox()).problem, undefined);
    assert.equal((await world.jobs()).length, 2);
    assert.equal(world.inboxOf(PRINT_ROOM), 1);
    assertDelegated(world);
  });
}
