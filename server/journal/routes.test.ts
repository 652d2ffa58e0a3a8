import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasText, LANGUAGES } from '../../locales/locales.ts';
import { addPerson, addProgram, call, openServer } from '../../test/attacks/callers.ts';
import { EVENT_TYPES } from './events.ts';
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

test('the newest comes first where it is asked for, page by page, by kind and by who did it', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'operator');
  for (const subjectId of ['a', 'b', 'c'])
    await record(server.test.context, 'queue-added', { subjectId, actor: 'ada' });
  await record(server.test.context, 'device-added', { subjectId: 'd' });
  const read = async (query: string) => {
    const { json } = await call(server, 'GET', `/api/v1/journal?order=newest${query}`, { headers });
    return { of: (json.items as Items).map(({ subjectId }) => subjectId), next: json.nextCursor as string | null };
  };
  assert.deepEqual((await read('')).of, ['d', 'c', 'b', 'a']);
  assert.deepEqual((await read('&kind=queue')).of, ['c', 'b', 'a']);
  assert.deepEqual((await read('&actor=ada&limit=2')).of, ['c', 'b']);
  assert.deepEqual((await read('&kind=printer')).of, []);
  const first = await read('&limit=3');
  const rest = await read(`&limit=3&cursor=${first.next}`);
  assert.deepEqual([first.of, rest.of, rest.next], [['d', 'c', 'b'], ['a'], null]);
});

test('who signs in, and with which keys, is told to administrators and not to operators', async () => {
  await using server = await openServer();
  for (const type of ['signed-in', 'sign-in-refused', 'api-token-added', 'link-used'] as const) {
    await record(server.test.context, type, { subjectId: 's' });
  }
  const read = async (role: 'operator' | 'administrator', query: string) => {
    const { headers } = await addPerson(server, role);
    const { json } = await call(server, 'GET', `/api/v1/journal?subject=s${query}`, { headers });
    return (json.items as Items).map(({ type }) => type);
  };
  assert.deepEqual(await read('operator', ''), []);
  assert.deepEqual(await read('operator', '&type=signed-in'), []);
  assert.equal((await read('administrator', '')).length, 4);
  assert.deepEqual(await read('administrator', '&type=signed-in'), ['signed-in']);
});

test('each type of event has its sentence, and each kind of thing its name, in both languages', () => {
  for (const language of LANGUAGES) {
    for (const [type, kind] of Object.entries(EVENT_TYPES)) {
      assert.ok(hasText(language, `web.journal.event.${type}`), `${language} ${type}`);
      assert.ok(hasText(language, `web.journal.kinds.${kind}`), `${language} ${kind}`);
    }
  }
});

test('a query that makes no sense is refused', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'operator');
  for (const query of [
    '?type=nonsense',
    '?since=x',
    '?limit=0',
    '?limit=501',
    '?subject=',
    '?subject=%00',
    '?order=x',
    '?kind=x',
  ]) {
    assert.equal((await call(server, 'GET', `/api/v1/journal${query}`, { headers })).status, 400, query);
  }
});

test('a program with the role of a user owns nothing and reads nothing', async () => {
  await using server = await openServer();
  await record(server.test.context, 'queue-added', { subjectId: 'a' });
  const answer = await call(server, 'GET', '/api/v1/journal', { headers: await addProgram(server, 'user') });
  assert.deepEqual(answer.json, { items: [], nextCursor: null });
});
