import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openTestContext } from '../../../test/harness/database.ts';
import { addDevice } from '../../relay/relay.ts';
import { up } from './0046-one-owner.ts';

test('of the contents that came with one Message-ID the oldest stays its owner', async () => {
  await using opened = await openTestContext();
  const { context } = opened;
  const { device } = await addDevice(context, { name: 'Copier', addresses: ['127.0.0.1'] }, 'test');
  // As it was before.
  await sql`ALTER TABLE device_messages DROP CONSTRAINT device_messages_pkey,
    ADD PRIMARY KEY (device_id, message_id_header, sha256)`.execute(context.db);
  const rows = [
    ['<a@b>', 'later', 2],
    ['<a@b>', 'first', 1],
    ['<a@b>', 'last', 3],
    ['<c@d>', 'alone', 2],
  ] as const;
  for (const [header, content, day] of rows) {
    await sql`INSERT INTO device_messages (device_id, message_id_header, sha256, at)
      VALUES (${device.id}, ${header}, ${Buffer.from(content)}, make_date(2026, 1, ${day}))`.execute(context.db);
  }
  await up(context.db as never);
  const left = await context.db
    .selectFrom('device_messages')
    .select(['message_id_header', 'sha256'])
    .orderBy('message_id_header')
    .execute();
  assert.deepEqual(
    left.map(({ message_id_header, sha256 }) => [message_id_header, sha256.toString()]),
    [
      ['<a@b>', 'first'],
      ['<c@d>', 'alone'],
    ],
  );
});
