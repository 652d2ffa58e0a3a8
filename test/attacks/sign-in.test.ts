import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE_MS } from '../../server/base/clock.ts';
import { addressBuckets, countGuess, MAX_GUESSES_PER_ADDRESS } from '../../server/users/attempts.ts';
import { completeFirstRun, createLocalToken, updateUser } from '../../server/users/users.ts';
import { openTestContext } from '../harness/database.ts';
import { addPerson, call, openServer, PASSWORD, type Server } from './callers.ts';

function guess(server: Server, email: string, password: string) {
  return call(server, 'POST', '/api/v1/sessions', { body: { email, password } });
}

test('an account takes ten guesses in fifteen minutes, counted together by all nodes', async () => {
  await using first = await openServer();
  await using second = await openServer({ besides: first.test, clock: first.test.clock });
  const { email } = await addPerson(first, 'user', { password: PASSWORD });

  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) => guess(index % 2 ? first : second, email, `guess number ${index}`)),
  );
  assert.equal(answers.filter(({ json }) => json.code === 'wrong-credentials').length, 10);
  assert.equal(answers.filter(({ json }) => json.code === 'too-many-attempts').length, 20);

  const right = await guess(first, email, PASSWORD);
  assert.equal(right.status, 429);
  assert.ok(Number(right.headers['retry-after']) > 0 && Number(right.headers['retry-after']) <= 15 * 60);
  first.test.clock.advance(15 * MINUTE_MS);
  assert.equal((await guess(second, email, PASSWORD)).status, 201);
});

test('the tenth guess may still be the right one, and then the count begins again', async () => {
  await using server = await openServer();
  const { email } = await addPerson(server, 'user', { password: PASSWORD });
  for (let wrong = 0; wrong < 9; wrong += 1) await guess(server, email, 'a wrong guess');
  assert.equal((await guess(server, email, PASSWORD)).status, 201);
  for (let wrong = 0; wrong < 9; wrong += 1) await guess(server, email, 'a wrong guess');
  assert.equal((await guess(server, email, PASSWORD)).status, 201);
});

test('guesses at unknown names are refused in the same words and counted in the same way', async () => {
  await using server = await openServer();
  const known = await addPerson(server, 'user', { password: PASSWORD });
  const words = (json: Readonly<Record<string, unknown>>) => ({ ...json, instance: undefined });
  for (let tries = 0; tries < 12; tries += 1) {
    const ofKnown = await guess(server, known.email, 'a wrong guess');
    const ofUnknown = await guess(server, 'nobody@contoso.example', 'a wrong guess');
    assert.equal(ofUnknown.status, ofKnown.status);
    assert.deepEqual(words(ofUnknown.json), words(ofKnown.json));
  }
});

test('an unknown name costs the same hash as a known one', async () => {
  await using server = await openServer();
  const known = await addPerson(server, 'user', { password: PASSWORD });
  const disabled = await addPerson(server, 'user', { password: PASSWORD });
  const without = await addPerson(server, 'user');
  await updateUser(server.test.context, disabled.id, { disabled: true }, 'test');
  // The processor time of the whole process: the hash is by far the greatest part of it, and others do not disturb it.
  const costMs = async (email: string) => {
    const costs: number[] = [];
    for (let tries = 0; tries < 7; tries += 1) {
      const before = process.cpuUsage();
      assert.equal((await guess(server, email, 'a wrong guess')).json.code, 'wrong-credentials');
      const { user, system } = process.cpuUsage(before);
      costs.push((user + system) / 1000);
    }
    return costs.sort((left, right) => left - right)[3] ?? 0;
  };
  const ofKnown = await costMs(known.email);
  for (const email of ['nobody@contoso.example', disabled.email, without.email]) {
    const ratio = (await costMs(email)) / ofKnown;
    assert.ok(ratio > 0.5 && ratio < 2, `${email}: ${ratio} times the cost of a known name`);
  }
});

test('one address cannot try a few passwords on each of many accounts', async () => {
  await using test = await openTestContext();
  const buckets = addressBuckets('203.0.113.7');
  for (let tries = 0; tries < MAX_GUESSES_PER_ADDRESS; tries += 1) await countGuess(test.context, buckets);
  await assert.rejects(countGuess(test.context, buckets), { code: 'too-many-attempts' });
  await countGuess(test.context, addressBuckets('203.0.113.8'));
});

test('a network cannot either, by changing the address', async () => {
  await using test = await openTestContext();
  const from = (index: number) => addressBuckets(`2001:db8:7:${index.toString(16)}::${index.toString(16)}`);
  for (let tries = 0; tries < 100; tries += 1) await countGuess(test.context, from(tries));
  await assert.rejects(countGuess(test.context, from(100)), { code: 'too-many-attempts' });
  await countGuess(test.context, addressBuckets('2001:db8:8::1'));
});

test('a caller from afar does not choose the address that is counted', async () => {
  await using server = await openServer();
  const from = async (remoteAddress: string) => {
    await server.http.app.inject({
      method: 'POST',
      url: '/api/v1/sessions',
      remoteAddress,
      headers: { host: new URL(server.test.context.settings.publicUrl).host, 'x-forwarded-for': '198.51.100.1' },
      payload: { email: 'nobody@contoso.example', password: 'a wrong guess' },
    });
    const rows = await server.test.context.db.selectFrom('login_attempts').select('bucket').execute();
    await server.test.context.db.deleteFrom('login_attempts').execute();
    return rows.map(({ bucket }) => bucket).filter((bucket) => bucket.startsWith('address:'));
  };
  assert.deepEqual(await from('203.0.113.9'), ['address:203.0.113.9']);
  // A proxy on this machine knows better than we do.
  assert.deepEqual(await from('127.0.0.1'), ['address:198.51.100.1']);
});

test('whoever is at the machine gets in when the account of the last administrator is being guessed at', async () => {
  await using server = await openServer();
  const { context } = server.test;
  const ada = { email: 'ada@contoso.example', name: 'Ada', password: PASSWORD, language: 'en' } as const;
  await completeFirstRun(context, ada, { kind: 'console' });
  for (let tries = 0; tries < 11; tries += 1) await guess(server, ada.email, 'a wrong guess');
  assert.equal((await guess(server, ada.email, PASSWORD)).status, 429);

  const { token } = await createLocalToken(context, { name: 'console', role: 'administrator' });
  const users = await call(server, 'GET', '/api/v1/users', { headers: { authorization: `Bearer ${token}` } });
  assert.equal(users.status, 200);
});

test('old guesses do not pile up', async () => {
  await using server = await openServer();
  for (let tries = 0; tries < 5; tries += 1) await guess(server, `nobody${tries}@contoso.example`, 'a wrong guess');
  server.test.clock.advance(16 * MINUTE_MS);
  await guess(server, 'nobody@contoso.example', 'a wrong guess');
  const rows = await server.test.context.db.selectFrom('login_attempts').selectAll().execute();
  assert.equal(rows.length, 1);
});
