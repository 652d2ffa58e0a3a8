import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, addProgram, call, openServer } from '../../test/attacks/callers.ts';
import { record } from './journal.ts';

type Items = { cursor: string; type: string; subjectId: string }[];

test('the journal is read in pages, by type, by subject and from a cursor on', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'operator');
  for (const subjectId of ['a', 'b', 'c']) {
    await record(server.test.context, 'queue-added', { subjectId });
    await record(server.test.context, 'queue-changed', { subjectId, actor: 'ada', data: { changed: ['name'] } });
  }
  const read = async (query: string) => {
    const { status, json } = await call(server, 'GET', `/api/v1/journal${query}`, { headers });
    assert.equal(status, 200, query);
    return { items: json.items as Items, nextCursor: json.nextCursor as string | null };
  };
  const subjects = ({ items }: { items: Items }) => items.map(({ subjectId }) => subjectId);

  assert.deepEqual(subjects(await read('')), ['a', 'a', 'b', 'b', 'c', 'c']);
  assert.deepEqual(subjects(await read('?type=queue-changed')), ['a', 'b', 'c']);
  assert.deepEqual(subjects(await read('?subject=b&type=queue-added')), ['b']);
  const first = await read('?limit=4');
  assert.equal(first.items.length, 4);
  const rest = await read(`?limit=4&cursor=${first.nextCursor}`);
  assert.deepEqual([subjects(rest), rest.nextCursor], [['c', 'c'], null]);
  assert.deepEqual(subjects(await read(`?since=${first.items[3]?.cursor}`)), ['c', 'c']);
});

test('a query that makes no sense is refused', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'operator');
  for (const query of ['?type=nonsense', '?since=x', '?limit=0', '?limit=501', '?subject=', '?subject=%00']) {
    assert.equal((await call(server, 'GET', `/api/v1/journal${query}`, { headers })).status, 400, query);
  }
});

test('a program with the role of a user owns nothing and reads nothing', async () => {
  await using server = await openServer();
  await record(server.test.context, 'queue-added', { subjectId: 'a' });
  const answer = await call(server, 'GET', '/api/v1/journal', { headers: await addProgram(server, 'user') });
  assert.deepEqual(answer.json, { items: [], nextCursor: null });
});
