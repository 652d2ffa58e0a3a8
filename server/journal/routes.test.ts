import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasText, LANGUAGES } from '../../locales/locales.ts';
import { addPerson, addProgram, call, openServer } from '../../test/attacks/callers.ts';
import { addQueue, removeQueue } from '../jobs/queues.ts';
import { MAX_PAGE } from '../store/pages.ts';
import type { Role } from '../store/schema.ts';
import { insertUser } from '../users/user.ts';
import { removeUser } from '../users/users.ts';
import { EVENT_TYPES } from './events.ts';
import { record, recordAll } from './journal.ts';

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

test('what people and programs did is told apart from what happened by itself', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'operator');
  await record(server.test.context, 'queue-added', { subjectId: 'a', actor: 'token:ci' });
  await record(server.test.context, 'queue-changed', { subjectId: 'b' });
  const read = async (query: string) => {
    const { json } = await call(server, 'GET', `/api/v1/journal?kind=queue&${query}`, { headers });
    return (json.items as Items).map(({ subjectId }) => subjectId);
  };
  assert.deepEqual(await read('by=people'), ['a']);
  assert.deepEqual(await read('by=platen'), ['b']);
  assert.deepEqual(await read('by=people&order=newest&actor=token:ci'), ['a']);
  const path = '/api/v1/journal/export?format=ndjson&kind=queue&by=platen';
  assert.match((await call(server, 'GET', path, { headers })).text, /^\{.*"subjectId":"b".*\}\n$/);
});

type Named = { actor: string; actorName: string | null; subjectId: string; subjectName: string | null };
const NOTHING = { items: [] };

test('an event brings the names of who did it and of what it was done to, and a person who left has none', async () => {
  await using server = await openServer();
  const { context } = server.test;
  const { headers } = await addPerson(server, 'operator');
  // However many people there are whose names come before hers.
  const person = { role: 'user', language: 'en', passwordHash: undefined, addresses: [] } as const;
  for (let at = 0; at < 120; at += 1) {
    await insertUser(context, { ...person, email: `p${at}@contoso.example`, name: `A ${at}` });
  }
  const anna = { id: await insertUser(context, { ...person, email: 'anna@contoso.example', name: 'Anna' }) };
  const queue = await addQueue(context, { name: '=Second floor', mode: 'hold' }, anna.id);
  await record(context, 'queue-changed', { subjectId: queue.id, actor: 'token:night job' });
  const read = async () => {
    const { json } = await call(server, 'GET', `/api/v1/journal?subject=${queue.id}`, { headers });
    return (json.items as Named[]).map(({ actorName, subjectName }) => [actorName, subjectName]);
  };
  assert.deepEqual(await read(), [
    ['Anna', '=Second floor'],
    ['night job', '=Second floor'],
  ]);
  const file = await call(server, 'GET', `/api/v1/journal/export?format=csv&subject=${queue.id}`, { headers });
  assert.match(file.text, /"Anna","'=Second floor"\r\n$/);

  const choose = async (path: string) => (await call(server, 'GET', `/api/v1/journal/${path}`, { headers })).json;
  const actors = { items: [{ id: anna.id, kind: 'user', name: 'Anna' }] };
  assert.deepEqual(await choose('actors?q=ANN'), actors);
  assert.deepEqual(await choose(`actors?id=${anna.id}`), actors);
  const program = { id: 'token:night job', kind: 'api-token', name: 'night job' };
  assert.deepEqual(await choose('actors?q=night'), { items: [program] });
  // Who never did anything is not offered.
  assert.deepEqual(await choose('actors?q=A%2011'), NOTHING);
  assert.deepEqual(await choose('subjects?q=second'), {
    items: [{ id: queue.id, kind: 'queue', name: '=Second floor' }],
  });
  assert.equal(((await choose('subjects')).items as unknown[]).length, 20);
  assert.deepEqual(await choose('subjects?id=nothing'), NOTHING);

  await removeQueue(context, queue.id, anna.id);
  await removeUser(context, anna.id, 'test');
  assert.deepEqual(await read(), [
    [null, null],
    ['night job', null],
    [null, null],
  ]);
  assert.deepEqual(await choose('actors?q=Anna'), NOTHING);
  const { headers: own } = await addPerson(server, 'user');
  for (const path of ['actors', 'subjects']) {
    assert.equal((await call(server, 'GET', `/api/v1/journal/${path}`, { headers: own })).status, 403, path);
  }
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
    '?from=yesterday',
    '?to=2026-11-28',
    '/export',
    '/export?format=xlsx',
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

test('only what happened in a span of time is shown, its beginning included and its end not', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'operator');
  const { context } = server.test;
  for (const [subjectId, at] of [
    ['a', '2026-11-01T09:59:59.999Z'],
    ['b', '2026-11-01T10:00:00.000Z'],
    ['c', '2026-11-01T11:59:59.999Z'],
    ['d', '2026-11-01T12:00:00.000Z'],
  ] as const) {
    await record(context, 'queue-added', { subjectId });
    await context.db
      .updateTable('journal')
      .set({ at: new Date(at) })
      .where('subject_id', '=', subjectId)
      .execute();
  }
  const read = async (query: string) => {
    const { json } = await call(server, 'GET', `/api/v1/journal?type=queue-added&${query}`, { headers });
    return (json.items as Items).map(({ subjectId }) => subjectId).join('');
  };
  assert.equal(await read('from=2026-11-01T10:00:00Z&to=2026-11-01T12:00:00Z'), 'bc');
  assert.equal(await read('from=2026-11-01T11:00:00%2B01:00'), 'bcd');
  assert.equal(await read('to=2026-11-01T10:00:00.001Z&order=newest'), 'ba');
});

test('the journal is exported whole and newest first, as lines of JSON and as CSV', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'operator');
  const count = 2 * MAX_PAGE + 1;
  const events = Array.from({ length: count }, (_, at) => ({ type: 'queue-changed', subjectId: `q${at}` }) as const);
  await recordAll(server.test.context, events);
  const text = async (query: string) => {
    const {
      status,
      headers: answered,
      text,
    } = await call(server, 'GET', `/api/v1/journal/export?${query}`, { headers });
    assert.equal(status, 200, query);
    return { text, disposition: answered['content-disposition'], type: answered['content-type'] };
  };
  const json = await text('format=ndjson&type=queue-changed');
  const lines = json.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { subjectId: string });
  assert.deepEqual(
    lines.map(({ subjectId }) => subjectId),
    events.map(({ subjectId }) => subjectId).reverse(),
  );
  assert.match(String(json.type), /^application\/x-ndjson/);
  assert.equal(json.disposition, 'attachment; filename="platen-journal.ndjson"');
  const csv = await text('format=csv&type=queue-changed');
  assert.equal(csv.text.trimEnd().split('\r\n').length, count + 1);
  assert.ok(
    csv.text.startsWith(
      '\uFEFF"at","type","subjectKind","subjectId","actor","ownerId","data","actorName","subjectName"\r\n',
    ),
  );
});

test('no cell of the CSV is a formula, and no word of a stranger ends its field', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'operator');
  const hostile = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', 'a","b', '=HYPERLINK("http://x")'];
  for (const actor of hostile) await record(server.test.context, 'queue-changed', { subjectId: 'q', actor });
  const { text } = await call(server, 'GET', '/api/v1/journal/export?format=csv&subject=q', { headers });
  const rows = text.split('\r\n').slice(1, -1);
  assert.deepEqual(
    rows.map((row) =>
      /^"[^"]*","queue-changed","queue","q","((?:[^"]|"")*)","","\{\}","",""$/.exec(row)?.[1]?.replaceAll('""', '"'),
    ),
    hostile.map((actor) => (actor.startsWith('a') ? actor : `'${actor}`)).reverse(),
  );
});

test('an export holds what the list would show to the same reader, and nothing more', async () => {
  await using server = await openServer();
  const owner = await addPerson(server, 'user');
  for (const type of ['signed-in', 'api-token-added'] as const) {
    await record(server.test.context, type, { subjectId: 's' });
  }
  await record(server.test.context, 'job-state-changed', { subjectId: 's', ownerId: owner.id });
  const types = async (headers: Readonly<Record<string, string>>) => {
    const path = '/api/v1/journal/export?format=ndjson&subject=s';
    const { status, text } = await call(server, 'GET', path, { headers });
    assert.equal(status, 200);
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { type: string }).type);
  };
  const headersOf = async (role: Role) => (await addPerson(server, role)).headers;
  assert.deepEqual(await types(await headersOf('administrator')), [
    'job-state-changed',
    'api-token-added',
    'signed-in',
  ]);
  assert.deepEqual(await types(await headersOf('operator')), ['job-state-changed']);
  assert.deepEqual(await types(owner.headers), ['job-state-changed']);
  assert.deepEqual(await types(await headersOf('user')), []);
  assert.deepEqual(await types(await addProgram(server, 'user')), []);
  assert.equal((await call(server, 'GET', '/api/v1/journal/export?format=csv')).status, 401);
});
