import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { startPracticeTenant } from '../../simulator/main.ts';
import { clientOf } from '../../simulator/testing.ts';
import { startPlatenProcess } from '../harness/platen.ts';
import { embeddedOptions } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const ADMINISTRATOR = {
  email: 'admin@practice.example',
  name: 'Admin',
  password: 'a long pass phrase',
  language: 'en',
};
const MAILBOX = 'print@practice.example';

/** Attack 1: whoever has the disk, a dump, the log or the API has no token of Microsoft. */
test('no token or device code stands in the data directory, the database files, the log or any answer', async () => {
  await using undo = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'platen-theft-'));
  undo.defer(() => rm(directory, { recursive: true, force: true }));
  const practice = await startPracticeTenant();
  undo.defer(() => practice.close());
  const client = clientOf(practice);
  const platen = undo.use(
    await startPlatenProcess({
      dataDir: directory,
      env: {
        PLATEN_CLOUDS_FILE: practice.cloudsFile,
        NODE_EXTRA_CA_CERTS: practice.certificates.caPath,
        PLATEN_LOG_LEVEL: 'trace',
      },
    }),
  );
  await platen.call('POST', '/first-run', { body: { setupToken: platen.setupToken, ...ADMINISTRATOR } });
  const token = await signedInToken(platen.url);
  const made = await platen.call('POST', '/connections', {
    token,
    body: {
      kind: 'exchange-online',
      title: 'Practice',
      clientId: practice.clientId,
      tenantId: practice.tid,
      cloud: 'practice',
      expectedAccount: MAILBOX,
    },
  });
  assert.equal(made.status, 201, made.text);
  const path = `/connections/${made.body.id}`;
  const code = await platen.call('POST', `${path}/device-code`, { token, body: {} });
  await client.control('/device-login', { userCode: code.body.userCode, account: MAILBOX, action: 'confirm' });
  await eventually(async () => (await platen.call('GET', path, { token })).body.state === 'connected');

  const answers = [made.text, code.text];
  for (const asked of ['/connections', path, '/journal?limit=200', '/api/openapi.json', '/metrics', '/readyz']) {
    answers.push((await platen.call('GET', asked, { token })).text);
  }
  const secrets = secretsOf((await client.control('/secrets', undefined)).json);
  assert.ok(secrets.length >= 3, 'an access token, a refresh token and a device code were given out');

  // The write-ahead log, the tables and the spool are read as files, while it runs and after a clean stop; the rows also as
  // a dump tells them, because the files hold long values compressed.
  const dump = await dumpRows(directory);
  await searchEverywhere(directory, secrets, answers.concat(dump, platen.output()));
  assert.equal(await platen.stop(), 0);
  await searchEverywhere(directory, secrets, [platen.output()]);
});

async function signedInToken(url: string): Promise<string> {
  const headers = { 'content-type': 'application/json', origin: url, 'sec-fetch-site': 'same-origin' };
  const session = await fetch(`${url}/api/v1/sessions`, {
    method: 'POST',
    headers,
    body: JSON.stringify(ADMINISTRATOR),
  });
  const cookie = session.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const body = JSON.stringify({ name: 'test', role: 'administrator' });
  const made = await fetch(`${url}/api/v1/tokens`, { method: 'POST', headers: { ...headers, cookie }, body });
  return String(((await made.json()) as { token: unknown }).token);
}

/** All rows of all tables as text, and bytes in the two ways in which a dump writes them. */
async function dumpRows(directory: string): Promise<string> {
  const database = new pg.Client(embeddedOptions(directory));
  await database.connect();
  try {
    const listed = await database.query(`SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
      WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`);
    const names = listed.rows.map(({ name }) => String(name));
    assert.ok(names.includes('public.connection_tokens'));
    const texts: string[] = [];
    for (const style of ['escape', 'hex']) {
      await database.query(`SET bytea_output = ${style}`);
      for (const name of names) {
        const { rows } = await database.query(`SELECT t::text AS row FROM ${name} t`);
        texts.push(...rows.map(({ row }) => String(row)));
      }
    }
    assert.ok(texts.some((row) => row.includes(MAILBOX)));
    return texts.join('\n');
  } finally {
    await database.end();
  }
}

/** Every long string of the control surface's list of secrets. */
function secretsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.length >= 20 ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(secretsOf);
}

async function searchEverywhere(
  directory: string,
  secrets: readonly string[],
  texts: readonly string[],
): Promise<void> {
  const places: { name: string; bytes: Buffer }[] = texts.map((text, at) => ({
    name: `text ${at}`,
    bytes: Buffer.from(text),
  }));
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    // Files of the server come and go while it runs.
    if (found?.isFile() === true) places.push({ name, bytes: readFileSync(path) });
  }
  assert.ok(places.length > 100, 'the database files are among what is searched');
  for (const { name, bytes } of places) {
    for (const secret of secrets) {
      // Any part of a token that is long enough to be told from chance.
      for (const part of [secret.slice(0, 24), secret.slice(-24)])
        assert.ok(!bytes.includes(part), `${name} holds a secret`);
    }
  }
}
