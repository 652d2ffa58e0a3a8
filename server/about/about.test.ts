import assert from 'node:assert/strict';
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addPerson, call, openServer } from '../../test/attacks/callers.ts';
import { readSources } from '../../test/rules/sources.ts';
import { createConnection } from '../connections/connections.ts';
import { WEB_PACKAGES } from './packages.ts';

test('what runs here is told to operators, with a report that names no thing, no address and no key', async () => {
  await using server = await openServer({ settings: { databaseUrl: 'postgres://platen:hidden@db.example/platen' } });
  const { headers } = await addPerson(server, 'operator');
  await createConnection(
    server.test.context,
    {
      title: 'Secret title',
      clientId: '11111111-2222-3333-4444-555555555555',
      tenantId: 'contoso.example',
      cloud: 'worldwide',
      uses: ['smtp'],
      expectedAccount: 'print@contoso.example',
    },
    'ada',
  );
  await server.test.context.db.updateTable('connections').set({ state: 'needs-confirmation' }).execute();
  const { status, json, text } = await call(server, 'GET', '/api/v1/about', { headers });
  assert.equal(status, 200);
  assert.equal(json.version, JSON.parse(readFileSync('package.json', 'utf8')).version);
  assert.equal(json.node, process.versions.node);
  assert.match(String(json.postgresql), /^\d+\.\d+/);
  assert.equal(json.isEmbedded, false);
  const report = String(json.report);
  for (const line of [
    /^Platen \d/,
    /^Node /m,
    /^PostgreSQL \d.*external$/m,
    /^Sandbox level [AC]/m,
    /^Verdict: \w+/m,
  ]) {
    assert.match(report, line);
  }
  assert.match(report, /^Fault: \w+, connection, /m);
  assert.doesNotMatch(text, /Secret title|contoso|11111111|hidden|db\.example/);
  assert.ok(!text.includes(readFileSync(server.test.context.settings.keyFile, 'utf8').trim()));
  const person = await addPerson(server, 'user');
  assert.equal((await call(server, 'GET', '/api/v1/about', { headers: person.headers })).status, 403);
});

test('every package that runs or was built into the pages is listed once, with version and license', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'operator');
  const { json } = await call(server, 'GET', '/api/v1/about/packages', { headers });
  const items = json.items as { name: string; version: string; license: string }[];
  const names = new Set(items.map(({ name }) => name));
  for (const name of ['fastify', 'kysely', 'react', '@mantine/core', 'scheduler', 'pg-protocol'])
    assert.ok(names.has(name), name);
  for (const name of ['@biomejs/biome', 'playwright-core', 'vite']) assert.ok(!names.has(name), name);
  assert.equal(new Set(items.map(({ name, version }) => `${name} ${version}`)).size, items.length);
  assert.deepEqual(
    items.filter(({ version, license }) => version === '' || license === ''),
    [],
  );
});

test('the packages that are built into the pages are those that the pages import', async () => {
  const sources = (await readSources('web/**/*.{ts,tsx}')).filter(({ path }) => !/^web\/(?:dist|vite)/.test(path));
  const imported = sources
    .flatMap(({ valueImports }) => valueImports)
    .map((name) => /^(?:@[\w-]+\/)?[\w-]+/.exec(name)?.[0] ?? '')
    .filter((name) => name !== '' && !/^(?:web|locales)$/.test(name));
  assert.deepEqual([...new Set(imported)].sort(), [...WEB_PACKAGES].sort());
});

test('the key file is told by its place and fingerprint, with what is wrong with it, to administrators alone', async () => {
  await using server = await openServer();
  const { settings, secrets } = server.test.context;
  const { headers } = await addPerson(server, 'administrator');
  const read = async () => {
    const { json, text } = await call(server, 'GET', '/api/v1/key-file', { headers });
    assert.ok(!text.includes(key), 'never what is in it');
    return json;
  };
  const key = readFileSync(settings.keyFile, 'utf8').trim();
  assert.deepEqual(await read(), { file: settings.keyFile, fingerprint: secrets.fingerprint, state: 'safe' });
  chmodSync(settings.keyFile, 0o640);
  assert.equal((await read()).state, 'readable-by-others');
  chmodSync(settings.keyFile, 0o600);
  const kept = join(settings.dataDir, 'kept');
  renameSync(settings.keyFile, kept);
  assert.equal((await read()).state, 'missing');
  writeFileSync(settings.keyFile, `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
  assert.equal((await read()).state, 'another-key');
  writeFileSync(settings.keyFile, 'not a key\n');
  assert.equal((await read()).state, 'not-a-key');
  renameSync(kept, settings.keyFile);
  assert.equal((await read()).state, 'safe');
  const operator = await addPerson(server, 'operator');
  assert.equal((await call(server, 'GET', '/api/v1/key-file', { headers: operator.headers })).status, 403);
});
