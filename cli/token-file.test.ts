import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSettings } from '../server/base/settings.ts';
import { openClient, serverUrl, tokenFile, writeToken } from './token-file.ts';

const TOKEN = 'platen_0123456789abcdefghijklmnop';

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'platen-cli-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test('the token file can be read by nobody else, whatever was there before', async () => {
  await using directory = await temporary();
  const settings = readSettings({ PLATEN_DATA_DIR: directory.path });
  await writeFile(tokenFile(settings), 'old');
  await chmod(tokenFile(settings), 0o666);
  const file = await writeToken(settings, TOKEN);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal(await readFile(file, 'utf8'), `${TOKEN}\n`);
});

test('the token of the file goes to the Platen of this machine and to its public address, and nowhere else', async () => {
  await using directory = await temporary();
  const tokenFor = async (env: Record<string, string>) => {
    const settings = readSettings({ PLATEN_DATA_DIR: directory.path, ...env });
    await writeToken(settings, TOKEN);
    return (await openClient(settings, 'en').catch(() => undefined))?.target.token;
  };
  assert.equal(await tokenFor({}), TOKEN);
  assert.equal(await tokenFor({ PLATEN_URL: 'http://localhost:9' }), TOKEN);
  const publicUrl = 'https://platen.example';
  assert.equal(await tokenFor({ PLATEN_PUBLIC_URL: publicUrl, PLATEN_URL: publicUrl }), TOKEN);
  assert.equal(await tokenFor({ PLATEN_URL: 'http://127.0.0.1.evil.invalid:9' }), undefined);
  assert.equal(await tokenFor({ PLATEN_URL: 'http://other.invalid:9', PLATEN_TOKEN: 'mine' }), 'mine');
});

test('the server is asked where it listens', () => {
  const urlFor = (env: Record<string, string>) => serverUrl(readSettings(env));
  assert.equal(urlFor({}), 'http://127.0.0.1:8631');
  assert.equal(urlFor({ PLATEN_HOST: '0.0.0.0', PLATEN_PORT: '80' }), 'http://127.0.0.1:80');
  assert.equal(urlFor({ PLATEN_HOST: '::' }), 'http://[::1]:8631');
  assert.equal(urlFor({ PLATEN_URL: 'https://platen.example/path' }), 'https://platen.example');
  const tls = { PLATEN_TLS_CERT: '/c', PLATEN_TLS_KEY: '/k', PLATEN_PUBLIC_URL: 'https://platen.example' };
  assert.equal(urlFor(tls), 'https://platen.example');
  assert.throws(() => urlFor({ PLATEN_URL: 'file:///etc/passwd' }), { code: 'invalid-setting' });
});
