import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, addProgram, call, openServer } from '../../test/attacks/callers.ts';
import { getUser } from './users.ts';

const DEFAULTS = { language: 'en', appearance: 'system', density: 'comfortable', portalLanguage: null };

test('preferences are kept with the person, each change leaves the others as they are, and nobody else sees them', async () => {
  await using server = await openServer();
  const ada = await addPerson(server, 'user');
  const ben = await addPerson(server, 'user');
  const read = async ({ headers }: typeof ada) =>
    (await call(server, 'GET', '/api/v1/me/preferences', { headers })).json;
  const change = async (body: object) => {
    const { status, json } = await call(server, 'PATCH', '/api/v1/me/preferences', { headers: ada.headers, body });
    return { status, json };
  };
  assert.deepEqual(await read(ada), DEFAULTS);
  await change({ appearance: 'dark' });
  await change({ language: 'it', portalLanguage: 'en' });
  const answered = await change({ density: 'compact' });
  const wanted = { language: 'it', appearance: 'dark', density: 'compact', portalLanguage: 'en' };
  assert.deepEqual([answered.status, answered.json], [200, wanted]);
  assert.deepEqual(await read(ada), wanted);
  assert.deepEqual(await read(ben), DEFAULTS);
  assert.equal((await getUser(server.test.context, ada.id)).language, 'it', 'what Platen writes follows');
  const session = await call(server, 'GET', '/api/v1/sessions/current', { headers: ada.headers });
  assert.deepEqual(session.json.preferences, wanted);
  await change({ portalLanguage: null });
  assert.deepEqual(await read(ada), { ...wanted, portalLanguage: null });
});

test('only a change of language stands in the journal, because it also changes what Platen writes', async () => {
  await using server = await openServer();
  const { id, headers } = await addPerson(server, 'user');
  for (const body of [{ appearance: 'dark' }, {}, { language: 'en' }, { language: 'it', density: 'compact' }]) {
    assert.equal((await call(server, 'PATCH', '/api/v1/me/preferences', { headers, body })).status, 200);
  }
  const events = await server.test.context.db
    .selectFrom('journal')
    .select('data')
    .where('type', '=', 'user-changed')
    .where('subject_id', '=', id)
    .execute();
  assert.deepEqual(events, [{ data: { changed: ['language'] } }]);
});

test('a wish that does not exist is refused and nothing of it is kept, and a program has no preferences', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'user');
  for (const body of [
    { appearance: 'sepia' },
    { language: 'de' },
    { language: null },
    { density: 3, language: 'it' },
  ]) {
    const { status } = await call(server, 'PATCH', '/api/v1/me/preferences', { headers, body });
    assert.equal(status, 400, JSON.stringify(body));
  }
  assert.deepEqual((await call(server, 'GET', '/api/v1/me/preferences', { headers })).json, DEFAULTS);
  const program = { headers: await addProgram(server, 'administrator') };
  assert.equal((await call(server, 'GET', '/api/v1/me/preferences', program)).status, 403);
  const session = await call(server, 'GET', '/api/v1/sessions/current', program);
  assert.equal(session.json.preferences, null);
});
