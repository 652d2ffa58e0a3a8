/** The database goes away while mail is read, and comes back: mail is read on at once, and each document is printed once. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ExternalPostgres, startExternalPostgres } from '../harness/external-postgres.ts';
import { checkInvariants, settle } from '../harness/invariants.ts';
import { openStage, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

/** The longest that mail may stay unread after the database is back. */
const MOST_MS = 10_000;

let postgres: ExternalPostgres;
let stage: Stage;

before(async () => {
  postgres = await startExternalPostgres();
  stage = await openStage({ database: { url: postgres.url } });
});
after(async () => {
  await stage?.[Symbol.asyncDispose]();
  await postgres?.close();
});

for (const title of ['while mail comes in', 'a second time, while what came in is printed']) {
  test(`pg_ctl restart -m immediate ${title}: mail is read again at most 10 s later, and each is printed once`, async () => {
    const mails = await stage.deliver(4);
    await eventually(async () => (await countRows()) > 0, { what: 'mail is being read' });
    const late = stage.deliver(4);
    await postgres.restartImmediate();
    mails.push(...(await late), ...(await stage.deliver(1)));
    await eventually(async () => (await countRows()) >= stage.mails.length, {
      timeoutMs: MOST_MS,
      what: 'all mail is read',
    });
    assert.ok(stage.node.isRunning);
    await settle(stage, { timeoutMs: 120_000 });
    assert.equal((await checkInvariants(stage)).unknown, 0);
    assert.equal(stage.peers.paper().length, stage.mails.length);
    assert.equal(mails.length, 9);
  });
}

async function countRows(): Promise<number> {
  const [row] = await stage.sql('SELECT count(*)::int AS count FROM incoming_messages');
  return Number(row?.count);
}
