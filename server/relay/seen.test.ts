import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openTestContext } from '../../test/harness/database.ts';
import { DAY_MS, HOUR_MS } from '../base/clock.ts';
import { submitMessageIf } from '../outbox/outbox.ts';
import type { Context } from '../store/database.ts';
import { addDevice } from './relay.ts';
import { forgetOldSightings, keepsMessageId, type Sighting, Sightings } from './seen.ts';
import { startRelayWorker } from './worker.ts';

async function openDevice(context: Context) {
  const { device } = await addDevice(context, { name: 'Copier', addresses: ['127.0.0.1'] }, 'test');
  return (messageIdHeader: string | undefined, text: string): Sighting => {
    return { deviceId: device.id, messageIdHeader, sha256: createHash('sha256').update(text).digest(), recipients: 2 };
  };
}

test('the first content keeps its Message-ID on every node, and another one does not', async () => {
  await using first = await openTestContext();
  await using second = await openTestContext({ besides: first });
  const seen = await openDevice(first.context);
  const [here, there] = [new Sightings(first.context), new Sightings(second.context)];
  assert.equal(await here.add(seen('<a@b>', 'one')), true);
  assert.equal(await there.add(seen('<a@b>', 'two')), false);
  assert.equal(await there.add(seen('<a@b>', 'one')), true);
  assert.equal(await here.add(seen('<a@b>', 'two')), false);
  assert.equal(await here.add(seen('<c@d>', 'two')), true);
  assert.equal(await here.add(seen(undefined, 'two')), false);
  const days = await first.context.db.selectFrom('device_days').select(['messages', 'recipients']).execute();
  assert.deepEqual(days, [{ messages: 6, recipients: 12 }]);
});

test('of those that come together one keeps the Message-ID, and its copies with it', async () => {
  await using test = await openTestContext();
  const seen = await openDevice(test.context);
  const sightings = new Sightings(test.context);
  const answers = await Promise.all(['one', 'two', 'one', 'three'].map((text) => sightings.add(seen('<a@b>', text))));
  assert.deepEqual(answers, [true, false, true, false]);
});

test('a message in memory is noted as it is kept, on every node and beside larger ones', async () => {
  await using first = await openTestContext();
  await using second = await openTestContext({ besides: first });
  const seen = await openDevice(first.context);
  const submit = async ({ context }: { context: Context }, sighting: Sighting) => {
    const { deviceId, messageIdHeader = '<made@b>' } = sighting;
    const content = { kind: 'bytes', bytes: Buffer.from('Subject: a\r\n\r\n') } as const;
    const envelope = { sender: 'a@practice.example', recipients: ['b@practice.example'], subject: 'a' };
    const message = { kind: 'scan', ...envelope, messageIdHeader, deviceId, content } as const;
    return (await submitMessageIf(context, message, keepsMessageId(context, sighting))) !== undefined;
  };
  const together = ['one', 'two', 'one', 'three'].map((text) => submit(first, seen('<a@b>', text)));
  assert.deepEqual(await Promise.all(together), [true, false, true, false]);
  assert.equal(await submit(second, seen('<a@b>', 'two')), false);
  assert.equal(await submit(second, seen('<a@b>', 'one')), true);
  assert.equal(await submit(second, seen(undefined, 'two')), true);
  assert.equal(await new Sightings(second.context).add(seen('<a@b>', 'large')), false);
  assert.equal(await new Sightings(second.context).add(seen('<c@d>', 'large')), true);
  assert.equal(await submit(first, seen('<c@d>', 'small')), false);
  // The two larger ones were only asked about: they are counted before they are kept, a refused small one when it is kept.
  const days = await first.context.db.selectFrom('device_days').select('messages').execute();
  assert.deepEqual(days, [{ messages: 6 }]);
  const kept = await first.context.db.selectFrom('outbox_messages').select('message_id_header').orderBy('id').execute();
  const written = kept.map(({ message_id_header }) => message_id_header);
  assert.deepEqual(written, ['<a@b>', '<a@b>', '<a@b>', '<made@b>']);
  const alone = await first.context.db.selectFrom('outbox_recipients').select('message_id').execute();
  assert.equal(alone.length, 4);
  const { rows } = await sql`SELECT FROM journal WHERE type = 'outbox-message-queued'`.execute(first.context.db);
  assert.equal(rows.length, 4);
});

test('a device that was removed meanwhile refuses its own message and no other', async () => {
  await using test = await openTestContext();
  const seen = await openDevice(test.context);
  const sightings = new Sightings(test.context);
  await assert.rejects(sightings.add({ ...seen('<a@b>', 'one'), deviceId: '01890000-0000-7000-8000-000000000000' }));
  const gone = { ...seen('<c@d>', 'one'), deviceId: '01890000-0000-7000-8000-000000000000' };
  const [refused, taken] = await Promise.allSettled([sightings.add(gone), sightings.add(seen('<a@b>', 'one'))]);
  assert.equal(refused.status, 'rejected');
  assert.deepEqual(taken, { status: 'fulfilled', value: true });
});

test('the commit of a sighting waits for no disk, and only that one', async () => {
  await using test = await openTestContext();
  const { db } = test.context;
  const seen = await openDevice(test.context);
  await sql`CREATE TABLE settings_seen (value text)`.execute(db);
  await sql`
    CREATE FUNCTION note_setting() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO settings_seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$
  `.execute(db);
  // Deferred: it runs right before the commit.
  await sql`
    CREATE CONSTRAINT TRIGGER note_setting AFTER INSERT OR UPDATE ON device_days DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION note_setting()
  `.execute(db);
  const sightings = new Sightings(test.context);
  for (const id of ['<a@b>', '<a@b>', undefined]) await sightings.add(seen(id, 'one'));
  const noted = await sql<{ value: string }>`SELECT value FROM settings_seen`.execute(db);
  assert.deepEqual(noted.rows, [{ value: 'off' }, { value: 'off' }, { value: 'off' }]);
  const after = await sql<{ synchronous_commit: string }>`SHOW synchronous_commit`.execute(db);
  assert.deepEqual(after.rows, [{ synchronous_commit: 'on' }]);
});

test('what is older than a month is forgotten', async () => {
  await using test = await openTestContext();
  const { db } = test.context;
  const seen = await openDevice(test.context);
  const sightings = new Sightings(test.context);
  await sightings.add(seen('<old@b>', 'one'));
  await sql`UPDATE device_messages SET at = now() - interval '31 days'`.execute(db);
  await sql`UPDATE device_days SET day = '2020-01-01'`.execute(db);
  await sightings.add(seen('<new@b>', 'one'));
  await forgetOldSightings(test.context);
  const left = await db.selectFrom('device_messages').select('message_id_header').execute();
  assert.deepEqual(left, [{ message_id_header: '<new@b>' }]);
  assert.equal((await db.selectFrom('device_days').selectAll().execute()).length, 1);
});

for (const { name, leapMs, left } of [
  { name: 'every hour, and', leapMs: 0, left: 0 },
  { name: 'and nothing by a clock that has leapt ahead, so', leapMs: 400 * DAY_MS, left: 1 },
]) {
  test(`what is old is forgotten ${name} ${left} of 1 is left`, async () => {
    await using test = await openTestContext({ settings: { relayPort: 0 } });
    const { db } = test.context;
    const seen = await openDevice(test.context);
    await new Sightings(test.context).add(seen('<old@b>', 'one'));
    await sql`UPDATE device_messages SET at = now() - interval '31 days'`.execute(db);
    await sql`UPDATE device_days SET day = '2020-01-01'`.execute(db);
    {
      await using _relay = await startRelayWorker(test.context);
      test.clock.leap(leapMs);
      test.clock.advance(HOUR_MS);
    }
    assert.equal((await db.selectFrom('device_messages').selectAll().execute()).length, left);
    assert.equal((await db.selectFrom('device_days').selectAll().execute()).length, left);
  });
}
