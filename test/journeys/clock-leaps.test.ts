/** A clock that is set wrong while Platen runs, and right again: nothing ends because of it, and everything goes on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { clientOf } from '../../simulator/testing.ts';
import { HELD_FOLDER, PRINT_ROOM } from '../harness/mail.ts';
import { ARCHIVE, addOutgoing, fillPace, Scanners } from '../harness/scans.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';
import { openWallClock, type WallClock } from '../harness/wall-clock.ts';

const DAY_MS = 86_400_000;
const LONG = { timeoutMs: 90_000 };

let clock: WallClock;
let stage: Stage;
let scanners: Scanners;

before(async () => {
  clock = openWallClock();
  stage = await openStage({ database: 'external', env: clock.env });
  await addOutgoing(stage, 'confirmed');
  await fillPace(stage);
  scanners = new Scanners(stage);
});
after(async () => {
  await stage?.[Symbol.asyncDispose]();
  clock?.[Symbol.dispose]();
});

const job = async (id: unknown): Promise<Row> => await stage.api('GET', `/jobs/${id}`);
const jobs = async (): Promise<Row[]> => (await stage.api('GET', '/jobs?limit=100')).items as Row[];

/** One document by mail and one scan, in whatever time the server believes to be: each once. */
async function assertWorks(): Promise<void> {
  const known = new Set((await jobs()).map(({ id }) => id));
  const sheets = stage.peers.paper().length;
  await stage.deliver(1);
  await eventually(async () => (await jobs()).some(({ id, state }) => !known.has(id) && state === 'completed'), {
    ...LONG,
    what: 'a mail is printed',
  });
  assert.equal(stage.peers.paper().length, sheets + 1);
  const sent = await scanners.reach(await scanners.scanKept(), 'sent');
  assert.deepEqual([sent.attempts, sent.possiblyTwice], [1, false]);
}

/**
 * Until everything that ends by time alone has been looked through: the sweep of the outbox comes last, once a minute, and
 * takes an hour of the pace with it that is long over.
 */
async function letSweepsPass(): Promise<void> {
  await stage.sql(`INSERT INTO pace_hours (mailbox, hour, recipients) VALUES ('long-ago', '2020-01-01T00:00:00Z', 1)`);
  const left = () => stage.sql(`SELECT FROM pace_hours WHERE mailbox = 'long-ago'`);
  await eventually(async () => (await left()).length === 0, { timeoutMs: 120_000, what: 'the sweeps have passed' });
}

/** How often the server has renewed its tokens. */
async function countRenewals(): Promise<number> {
  const { json } = await clientOf(stage.peers.practice).control('/refresh-tokens', undefined);
  return (json.refreshTokens as { uses: number }[]).reduce((sum, { uses }) => sum + uses, 0);
}

test('400 days ahead, an hour behind and right again: nothing is given up or forgotten, and mail and scans go on', async () => {
  await assertWorks();
  const [printed] = await jobs();
  const hold = { name: 'Fetch it', mode: 'hold', printerIds: [stage.printerId], keepHeldHours: 24 };
  const queueId = (await stage.api('POST', '/queues', hold)).id;
  const [mailbox] = (await stage.api('GET', '/mailboxes')).items as Row[];
  const { mailboxes } = stage.peers.practice.imap;
  mailboxes.createFolder(mailboxes.open(PRINT_ROOM), HELD_FOLDER);
  await stage.watchMailbox(String(mailbox?.connectionId), { title: hold.name, folder: HELD_FOLDER, queueId });
  await stage.deliver(1, { folder: HELD_FOLDER });
  const isHeld = ({ state }: Row) => state === 'pending-held';
  const held = await eventually(async () => (await jobs()).find(isHeld), { ...LONG, what: 'a document is held' });
  const [first] = scanners.scans;
  const renewals = await countRenewals();

  for (const offsetMs of [400 * DAY_MS, -3_600_000, 0]) {
    clock.set(offsetMs);
    if (offsetMs > 0) await letSweepsPass();
    await assertWorks();
    assert.equal((await job(held.id)).state, 'pending-held', `held, ${offsetMs}`);
    assert.equal((await stage.ask('GET', `/jobs/${printed?.id}/document`)).status, 200, `kept, ${offsetMs}`);
    assert.equal((await scanners.read(String(first?.id))).state, 'sent', `sent, ${offsetMs}`);
  }

  // Two connections, each once for each time that it lived in, and once more where a server called its token too old.
  assert.ok((await countRenewals()) - renewals <= 12, `${(await countRenewals()) - renewals} renewals`);
  await stage.api('POST', `/jobs/${held.id}/release`, {});
  await eventually(async () => (await job(held.id)).state === 'completed', LONG);
  const accepted = stage.peers.practice.smtp.accepted().filter(({ recipients }) => recipients.includes(ARCHIVE));
  assert.equal(accepted.length, scanners.scans.length);
});

test('started under a clock that is 400 days ahead: nothing is given up either, and the first page says so', async () => {
  await stage.deliver(1, { folder: HELD_FOLDER });
  const isHeld = ({ state }: Row) => state === 'pending-held';
  const held = await eventually(async () => (await jobs()).find(isHeld), { ...LONG, what: 'a document is held' });
  await stage.node.kill();
  clock.set(400 * DAY_MS);
  await stage.node.start();
  await letSweepsPass();
  assert.equal((await job(held.id)).state, 'pending-held');
  const faults = (await stage.api('GET', '/overview')).faults as Row[];
  assert.ok(faults.some(({ kind, severity }) => kind === 'clock' && severity === 'warning'));
  const { body, status } = await stage.ask('GET', 'readyz');
  assert.equal(status, 200);
  assert.match(String((body.reasons as Row[]).find(({ name }) => name === 'clock')?.detail), /far ahead/);
  clock.set(0);
  const kinds = async () => ((await stage.api('GET', '/overview')).faults as Row[]).map(({ kind }) => kind);
  await eventually(async () => !(await kinds()).includes('clock'), { what: 'the clock is right again' });
});
