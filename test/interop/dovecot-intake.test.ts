/**
 * Intake reads mailboxes of a server that other people wrote, as a classic server with a password: over lines that are
 * cut at any byte, after the server has numbered a folder anew, and after the mailbox has moved to another server.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { addMailbox, listMessages, updateMailbox } from '../../server/intake/intake.ts';
import { startIntakeWorker } from '../../server/intake/worker.ts';
import { addQueue } from '../../server/jobs/jobs.ts';
import { readJournal } from '../../server/journal/journal.ts';
import { connectSmtp } from '../../server/protocols/smtp/client.ts';
import { openSpoolFile } from '../../server/spool/spool.ts';
import { addUser } from '../../server/users/users.ts';
import { openTestContext } from '../harness/database.ts';
import { chooseSeed, type Dice, startDice } from '../harness/dice.ts';
import { type Dovecot, startDovecot } from '../harness/dovecot.ts';
import { TWO_PAGES, writeMessage } from '../harness/intake.ts';
import { startPostfix, withoutRoot } from '../harness/postfix.ts';
import { PRINT_ROOM } from '../harness/practice-connection.ts';
import { makePrivateCertificate } from '../harness/private-ca.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import { moveUntil } from '../harness/time.ts';

const PASSWORD = 'seven-quiet-harbor-lanterns';
const SENDER = 'anna@practice.example';
/** Bodies beyond 4 MiB are streamed one by one, smaller ones are fetched together: both ways are cut. */
const SIZES = [40_000, 900_000, 5_000_000] as const;
const CUTS_EACH = 2;
/** Beyond it a session has shaken hands, signed in and opened the folder: what is cut is a body. */
const SIGNED_IN_BYTES = 12_000;

const { ca, cert, key } = makePrivateCertificate();
let first: Dovecot;
let second: Dovecot;

before(async () => {
  setDefaultCACertificates([...getCACertificates('default'), ca]);
  first = await startDovecot({ tls: { cert, key }, password: PASSWORD });
  second = await startDovecot({ tls: { cert, key }, password: PASSWORD });
});
after(async () => {
  await first?.close();
  await second?.close();
});

type Node = Awaited<ReturnType<typeof openNode>>;

const serverAt = (port: number, username: string) =>
  ({ host: 'localhost', port, security: 'tls', username, password: PASSWORD }) as const;

/** A node that reads this mailbox at this port, once its worker is started. */
async function openNode(read: { readonly address: string; readonly port: number; readonly afterIntake?: 'keep' }) {
  const { address, port, afterIntake = 'move' } = read;
  await using undo = new AsyncDisposableStack();
  const node = undo.use(await openTestContext());
  const { context } = node;
  await addUser(context, { email: SENDER, name: 'Anna', role: 'user', addresses: [SENDER] }, 'test');
  const queue = await addQueue(context, { name: 'Front desk', mode: 'hold' }, 'test');
  const asked = { title: 'Print room', protocol: 'imap', address, afterIntake, queueId: queue.id } as const;
  const server = serverAt(port, address);
  const policy = { proofPolicy: { unproven: 'accept' } } as const;
  const { id: mailboxId } = await addMailbox(context, { ...asked, ...policy, server }, 'test');
  const opened = undo.move();
  return {
    ...node,
    mailboxId,
    outcomes: async () => (await listMessages(context, { mailboxId, limit: 500 })).map(({ outcome }) => outcome).sort(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** The documents of all jobs, as hashes: each once for each time that it would print. */
async function documentsOf({ context }: Node): Promise<string[]> {
  const rows = await context.db.selectFrom('jobs').select('document_id').execute();
  const hashes: string[] = [];
  for (const row of rows) hashes.push(sha256(await buffer(await openSpoolFile(context, row.document_id ?? ''))));
  return hashes.sort();
}

function padded(dice: Dice, bytes: number): Buffer {
  const digits = Array.from({ length: bytes }, () => 48 + dice.upTo(10));
  return Buffer.concat([TWO_PAGES, Buffer.from('%'), Buffer.from(digits)]);
}

/** Messages in a folder as they lie on the disk; INBOX is the Maildir itself. */
function countIn(dovecot: Dovecot, address: string, folder = '.'): number {
  const place = join(dovecot.maildirOf(address), folder);
  // It comes into being with its first message.
  return ['new', 'cur'].map((each) => join(place, each)).flatMap((each) => (existsSync(each) ? readdirSync(each) : []))
    .length;
}

/** Gives the INBOX another UIDVALIDITY, as after a restored backup: it stands in the first line of Dovecot's list. */
function number(dovecot: Dovecot, address: string, uidValidity: number): void {
  const place = dovecot.maildirOf(address);
  for (const name of readdirSync(place)) if (name.startsWith('dovecot.index')) rmSync(join(place, name));
  const list = join(place, 'dovecot-uidlist');
  const numbered = readFileSync(list, 'latin1').replace(/ V\d+ /, ` V${uidValidity} `);
  assert.match(numbered, new RegExp(` V${uidValidity} `));
  writeFileSync(list, numbered, 'latin1');
}

async function eventTypes({ context }: Node): Promise<string[]> {
  return (await readJournal(context, { limit: 1000 })).map(({ type }) => type);
}

const total = SIZES.length * CUTS_EACH;
test(`messages come whole and once over a line that is cut in the middle of a body ${total} times`, async (t) => {
  const dice = startDice(chooseSeed());
  t.diagnostic(`PLATEN_TEST_SEED=${dice.seed}`);
  const address = 'cut@practice.example';
  const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: first.ports.imaps } });
  t.after(() => proxy.close());
  await using node = await openNode({ address, port: proxy.port });
  await using _worker = await startIntakeWorker(node.context);
  const documents = SIZES.map((bytes) => padded(dice, bytes));
  for (const [index, document] of documents.entries()) {
    await moveUntil(node, () => proxy.sessions().open > 0, 'the mailbox is open');
    proxy.cutNow();
    await first.deliver(address, writeMessage({ document }));
    for (let cuts = 0; cuts < CUTS_EACH; cuts += 1) {
      // In base64 the document is a third longer: no session that is cut here has seen its end.
      proxy.cutAfter('to-client', SIGNED_IN_BYTES + dice.upTo(document.length - SIGNED_IN_BYTES));
      const { opened } = proxy.sessions();
      const isCut = (): boolean => proxy.sessions().opened > opened && proxy.sessions().open === 0;
      await moveUntil(node, isCut, `message ${index + 1} is cut for the ${cuts + 1}. time`);
      assert.deepEqual([countIn(first, address), (await node.outcomes()).length], [1, index]);
    }
    await moveUntil(node, () => countIn(first, address) === 0, `message ${index + 1} is taken and moved`);
  }
  assert.deepEqual(await node.outcomes(), Array(documents.length).fill('done'));
  assert.deepEqual(await documentsOf(node), documents.map(sha256).sort());
  const done = [first.maildirOf(address)].flatMap((place) => readdirSync(place)).filter((name) => /Done$/.test(name));
  assert.deepEqual(
    done.map((folder) => countIn(first, address, folder)),
    [documents.length],
  );
});

test('mail that the server numbers anew, and that moves to another server, is not printed again', async () => {
  const address = 'moved@practice.example';
  await using node = await openNode({ address, port: first.ports.imaps, afterIntake: 'keep' });
  const mails = [1, 2, 3].map((count) => writeMessage({ subject: `Minutes ${count}` }));
  for (const mail of mails) await first.deliver(address, mail);
  number(first, address, 1_000);
  const takenBy = async (count: number): Promise<void> => {
    await using _worker = await startIntakeWorker(node.context);
    await moveUntil(node, async () => (await node.outcomes()).length === count, `${count} messages are recorded`);
  };
  await takenBy(3);
  assert.deepEqual(await node.outcomes(), ['done', 'done', 'done']);

  number(first, address, 2_000);
  await takenBy(6);
  const numbers = await node.context.db.selectFrom('incoming_messages').select('uidvalidity').distinct().execute();
  assert.deepEqual(numbers.map(({ uidvalidity }) => uidvalidity).sort(), [1_000, 2_000]);
  assert.ok((await eventTypes(node)).includes('mailbox-renumbered'));

  for (const mail of mails.toReversed()) await second.deliver(address, mail);
  number(second, address, 3_000);
  const change = { server: serverAt(second.ports.imaps, address) };
  await updateMailbox(node.context, node.mailboxId, { change, actor: 'test' });
  await takenBy(9);
  assert.deepEqual(await node.outcomes(), [...Array(3).fill('done'), ...Array(6).fill('ignored')]);
  assert.equal((await documentsOf(node)).length, 3);

  // A template keeps its Message-ID: with another Date it is a letter of its own, and printed.
  const again = String(mails[0]).replace('22 Nov 2026 10:00:00', '22 Nov 2026 11:30:00');
  await second.deliver(address, again);
  await takenBy(10);
  assert.equal((await documentsOf(node)).length, 4);
});

describe('Postfix delivering into the mailbox', { skip: withoutRoot }, () => {
  test('brings mail to the printer, and what a rule delivers twice is printed once', async () => {
    const postfix = await startPostfix({ lmtpPath: first.lmtpPath });
    try {
      await using node = await openNode({ address: PRINT_ROOM, port: first.ports.imaps });
      await using _worker = await startIntakeWorker(node.context);
      const opened = await connectSmtp(
        { host: '127.0.0.1', port: postfix.port, security: 'none', verifyCertificate: true, clientName: 'localhost' },
        AbortSignal.timeout(30_000),
      );
      if (opened.kind !== 'open') assert.fail(`Postfix lets nobody in: ${opened.kind}`);
      await using session = opened.session;
      const [one, two] = [writeMessage({ subject: 'one' }), writeMessage({ subject: 'two' })];
      for (const content of [one, two, one]) {
        const envelope = { sender: SENDER, recipients: [PRINT_ROOM], beforeDot: () => undefined };
        const outcome = await session.send({ ...envelope, content, bytes: content.length });
        assert.equal(outcome.kind, 'accepted', JSON.stringify(outcome));
      }
      await moveUntil(
        node,
        async () => (await node.outcomes()).length === 3 && countIn(first, PRINT_ROOM) === 0,
        'three messages are taken and moved',
      );
      assert.deepEqual(await node.outcomes(), ['done', 'done', 'ignored']);
      assert.equal((await documentsOf(node)).length, 2);
      assert.equal(postfix.log().match(/relay=[^ ]*lmtp[^ ]*,.* status=sent/g)?.length, 3);
    } finally {
      await postfix.close();
    }
  });
});
