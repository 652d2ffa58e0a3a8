/**
 * Intake reads mailboxes over the POP3 of a server that other people wrote, with USER and PASS over TLS. What the
 * sessions did is read from that server's own log, what became of the mail from its disk.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import {
  addMailbox,
  checkMailbox,
  getMailbox,
  listMessages,
  type MailboxChange,
  type NewMailbox,
  updateMailbox,
} from '../../server/intake/intake.ts';
import { startIntakeWorker } from '../../server/intake/worker.ts';
import { addQueue, listJobs } from '../../server/jobs/jobs.ts';
import { readJournal } from '../../server/journal/journal.ts';
import { openSpoolFile } from '../../server/spool/spool.ts';
import { addUser } from '../../server/users/users.ts';
import { openTestContext } from '../harness/database.ts';
import { type Dovecot, startDovecot } from '../harness/dovecot.ts';
import { TWO_PAGES, writeMessage } from '../harness/intake.ts';
import { makePrivateCertificate } from '../harness/private-ca.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import { moveUntil } from '../harness/time.ts';

const PASSWORD = 'seven-quiet-harbor-lanterns';
const SENDER = 'anna@practice.example';
const STRANGER = 'nobody@elsewhere.example';
/** Beyond it a session has shaken hands, signed in and listed the mailbox: what is cut is a body. */
const SIGNED_IN_BYTES = 12_000;

const { ca, cert, key } = makePrivateCertificate();
let dovecot: Dovecot;

before(async () => {
  setDefaultCACertificates([...getCACertificates('default'), ca]);
  dovecot = await startDovecot({ tls: { cert, key }, password: PASSWORD });
});
after(async () => await dovecot?.close());

type Node = Awaited<ReturnType<typeof openNode>>;
type Read = {
  readonly address: string;
  readonly afterIntake: 'delete' | 'keep';
  readonly security?: 'tls' | 'starttls';
  readonly port?: number;
};

const serverAt = (port: number, username: string) =>
  ({ host: 'localhost', port, security: 'tls', username, password: PASSWORD }) as const;

/** A node that reads this mailbox over POP3, once its worker is started. */
async function openNode({ address, afterIntake, security = 'tls', port }: Read) {
  await using undo = new AsyncDisposableStack();
  const node = undo.use(await openTestContext());
  const { context } = node;
  await addUser(context, { email: SENDER, name: 'Anna', role: 'user', addresses: [SENDER] }, 'test');
  const queue = await addQueue(context, { name: 'Front desk', mode: 'hold' }, 'test');
  const { pop3, pop3s } = dovecot.ports;
  const asked: NewMailbox = {
    title: 'Print room',
    protocol: 'pop3',
    address,
    afterIntake,
    queueId: queue.id,
    server: { ...serverAt(port ?? (security === 'tls' ? pop3s : pop3), address), security },
    proofPolicy: { unproven: 'accept' },
  };
  const { id: mailboxId } = await addMailbox(context, asked, 'test');
  const opened = undo.move();
  return {
    ...node,
    address,
    mailboxId,
    messages: () => listMessages(context, { mailboxId, limit: 500 }),
    change: (change: MailboxChange) => updateMailbox(context, mailboxId, { change, actor: 'test' }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const outcomes = async (node: Node): Promise<string[]> => (await node.messages()).map(({ outcome }) => outcome).sort();

async function takes(node: Node, count: number): Promise<void> {
  await moveUntil(node, async () => (await node.messages()).length >= count, `${count} messages are recorded`);
  assert.equal((await node.messages()).length, count);
}

async function documentsOf({ context }: Node): Promise<Buffer[]> {
  const rows = await context.db.selectFrom('jobs').select('document_id').execute();
  return await Promise.all(rows.map(async (row) => await buffer(await openSpoolFile(context, row.document_id ?? ''))));
}

const countJobs = async ({ context }: Node): Promise<number> => (await listJobs(context, { limit: 500 })).length;

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Messages in the INBOX as they lie on the disk. */
function countIn(address: string): number {
  const places = ['new', 'cur'].map((each) => join(dovecot.maildirOf(address), each));
  // They come into being with the first message.
  return places.flatMap((each) => (existsSync(each) ? readdirSync(each) : [])).length;
}

const logOf = (address: string): string[] =>
  dovecot
    .log()
    .split('\n')
    .filter((line) => line.includes(address));

/** The sessions of a mailbox that ended with QUIT: how many messages each has fetched and deleted. */
function sessionsOf(address: string): { readonly fetched: number; readonly deleted: number }[] {
  return logOf(address).flatMap((line) => {
    const [, fetched, deleted] = /Logged out top=.* retr=(\d+)\/.* del=(\d+)\//.exec(line) ?? [];
    return fetched === undefined || deleted === undefined
      ? []
      : [{ fetched: Number(fetched), deleted: Number(deleted) }];
  });
}

/** Waits until the mailbox was looked at so often again, and answers what these sessions did. */
async function looks(node: Node, times: number): Promise<ReturnType<typeof sessionsOf>> {
  const before = sessionsOf(node.address).length;
  await moveUntil(node, () => sessionsOf(node.address).length >= before + times, `${times} looks have ended`);
  return sessionsOf(node.address).slice(before);
}

for (const security of ['tls', 'starttls'] as const) {
  test(`over ${security} a mailed PDF becomes one job, and after QUIT it is gone from the server`, async () => {
    const address = `over-${security}@practice.example`;
    await using node = await openNode({ address, security, afterIntake: 'delete' });
    await dovecot.deliver(address, writeMessage({ subject: 'Minutes' }));
    await dovecot.deliver(address, writeMessage({ from: STRANGER }));
    assert.deepEqual(
      await checkMailbox(node.context, node.mailboxId, AbortSignal.timeout(30_000)),
      { outcome: 'passed', messages: 2, missingFolders: [] },
      'a check passes',
    );
    assert.equal(countIn(address), 2, 'and changes nothing');
    {
      await using _worker = await startIntakeWorker(node.context);
      await takes(node, 2);
      await moveUntil(node, () => countIn(address) === 1, 'what became a job is deleted');
      await looks(node, 2);
      const settled = async () => (await node.messages()).every(({ movedAt }) => movedAt !== undefined);
      await moveUntil(node, settled, 'the next session has seen it gone');
    }
    await using _again = await startIntakeWorker(node.context);
    const nothing = { fetched: 0, deleted: 0 };
    assert.deepEqual(await looks(node, 2), [nothing, nothing]);
    assert.deepEqual(await outcomes(node), ['done', 'refused']);
    const documents = await documentsOf(node);
    assert.deepEqual(documents.map(sha256), [sha256(TWO_PAGES)]);
    assert.equal(countIn(address), 1, 'what was refused is never deleted');
    assert.equal(
      sessionsOf(address).reduce((sum, { deleted }) => sum + deleted, 0),
      1,
    );
    const logins = logOf(address).filter((line) => line.includes('pop3-login: Info: Login:'));
    assert.ok(logins.length > 0 && logins.every((line) => /method=PLAIN,.* TLS/.test(line)), logins.join('\n'));
    assert.equal((await getMailbox(node.context, node.mailboxId)).state, 'connected');
  });
}

test('mail that is kept stays and is taken once, also by a worker that begins anew', async () => {
  const address = 'kept@practice.example';
  await using node = await openNode({ address, afterIntake: 'keep' });
  for (let count = 0; count < 3; count += 1) await dovecot.deliver(address, writeMessage());
  {
    await using _worker = await startIntakeWorker(node.context);
    await takes(node, 3);
    await looks(node, 2);
  }
  await using _again = await startIntakeWorker(node.context);
  const sessions = await looks(node, 2);
  assert.deepEqual(
    sessions.map(({ fetched }) => fetched),
    [0, 0],
    'what is known is not even fetched',
  );
  await dovecot.deliver(address, writeMessage());
  await takes(node, 4);
  await looks(node, 1);
  assert.deepEqual(await outcomes(node), Array(4).fill('done'));
  assert.equal(await countJobs(node), 4);
  assert.equal(countIn(address), 4);
  assert.deepEqual([...new Set(sessionsOf(address).map(({ deleted }) => deleted))], [0]);
});

test('a mailbox that goes from POP3 to IMAP and back takes nothing twice', async () => {
  const address = 'changed@practice.example';
  await using node = await openNode({ address, afterIntake: 'keep' });
  await using _worker = await startIntakeWorker(node.context);
  const { imaps, pop3s } = dovecot.ports;
  for (let count = 0; count < 2; count += 1) await dovecot.deliver(address, writeMessage());
  await takes(node, 2);
  await node.change({ protocol: 'imap', server: serverAt(imaps, address) });
  await takes(node, 4);
  assert.deepEqual(await outcomes(node), ['done', 'done', 'ignored', 'ignored']);
  await dovecot.deliver(address, writeMessage());
  await takes(node, 5);
  await node.change({ protocol: 'pop3', server: serverAt(pop3s, address) });
  // The two from before have the numbers that they had; the third one is known by what it is.
  await takes(node, 6);
  await looks(node, 2);
  assert.deepEqual(await outcomes(node), [...Array(3).fill('done'), ...Array(3).fill('ignored')]);
  assert.equal(await countJobs(node), 3);
  assert.equal(countIn(address), 3);
  const types = (await readJournal(node.context, { limit: 1000 })).map(({ type }) => type);
  assert.ok(!types.includes('mailbox-renumbered'));
});

test('a line that is cut in the middle of a body deletes nothing, and the message comes whole later', async (t) => {
  const address = 'cut@practice.example';
  const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: dovecot.ports.pop3s } });
  t.after(() => proxy.close());
  await using node = await openNode({ address, port: proxy.port, afterIntake: 'delete' });
  const document = Buffer.concat([TWO_PAGES, Buffer.from('%'), Buffer.alloc(900_000, '7')]);
  await dovecot.deliver(address, writeMessage({ document }));
  proxy.cutAfter('to-client', SIGNED_IN_BYTES + document.length / 2);
  await using _worker = await startIntakeWorker(node.context);
  const isCut = () => proxy.sessions().opened > 0 && proxy.sessions().open === 0;
  await moveUntil(node, isCut, 'the line is cut');
  assert.deepEqual([countIn(address), await outcomes(node)], [1, []]);
  await moveUntil(node, () => countIn(address) === 0, 'the message is taken and deleted');
  await looks(node, 1);
  assert.deepEqual(await outcomes(node), ['done']);
  assert.deepEqual((await documentsOf(node)).map(sha256), [sha256(document)]);
});

test('a wrong password is told in the words of the server, and nothing is taken', async () => {
  const address = 'locked@practice.example';
  await using node = await openNode({ address, afterIntake: 'delete' });
  await dovecot.deliver(address, writeMessage());
  await node.change({ server: { ...serverAt(dovecot.ports.pop3s, address), password: 'another one' } });
  await using _worker = await startIntakeWorker(node.context);
  const mailbox = () => getMailbox(node.context, node.mailboxId);
  await moveUntil(node, async () => (await mailbox()).state === 'failing', 'the mailbox says that it fails');
  const { problem } = await mailbox();
  assert.deepEqual([problem?.code, problem?.remote], ['mailbox-refused', '[AUTH] Authentication failed.']);
  assert.equal(countIn(address), 1);
  await node.change({ server: serverAt(dovecot.ports.pop3s, address) });
  await takes(node, 1);
  await moveUntil(node, async () => (await mailbox()).state === 'connected', 'the mailbox is connected');
  assert.deepEqual([(await mailbox()).problem, countIn(address)], [undefined, 0]);
  assert.equal(await countJobs(node), 1);
});
