import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestContext } from '../../test/harness/database.ts';
import { DAY_MS, HOUR_MS } from '../base/clock.ts';
import { insertLink, markUsed } from './links.ts';

test('a used link is remembered for a season, and a clock that leaps ahead makes none forgotten', async () => {
  await using test = await openTestContext();
  const { context, clock } = test;
  const add = () => insertLink(context, { purpose: 'confirm-sender', subjectIds: ['1'], lifetimeMs: DAY_MS });
  const ids = async () =>
    (await context.db.selectFrom('links').select('id').orderBy('id').execute()).map(({ id }) => id);
  await add();
  const [first = ''] = await ids();
  await markUsed(context, first);
  clock.leap(400 * DAY_MS);
  await add();
  assert.equal((await ids()).length, 2);
  await assert.rejects(markUsed(context, first), { code: 'link-used' });
  clock.advance(HOUR_MS);
  await add();
  assert.ok(!(await ids()).includes(first), 'a clock that is still so after an hour is believed');
});
