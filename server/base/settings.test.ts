import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PlatenError } from './errors.ts';
import { readSettings } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'platen-settings-'));
after(() => rmSync(folder, { recursive: true }));

const isWrong = (name: string) => (error: unknown) =>
  error instanceof PlatenError && error.code === 'invalid-setting' && error.values.name === name;

test('without any setting Platen listens on the loopback address and keeps everything in ./data', () => {
  const settings = readSettings({});
  assert.equal(settings.host, '127.0.0.1');
  assert.equal(settings.port, 8631);
  assert.equal(settings.publicUrl, 'http://127.0.0.1:8631');
  assert.equal(settings.spoolDir, join(settings.dataDir, 'spool'));
  assert.equal(settings.keyFile, join(settings.dataDir, 'key'));
  assert.equal(settings.databaseUrl, undefined);
});

test('an empty variable counts as not set', () => {
  assert.equal(readSettings({ PLATEN_PORT: ' ', DATABASE_URL: '' }).port, 8631);
});

test('a wrong value is refused with the name of its variable', () => {
  assert.throws(() => readSettings({ PLATEN_PORT: '65536' }), isWrong('PLATEN_PORT'));
  assert.equal(readSettings({ PLATEN_PORT: '65535' }).port, 65535);
  assert.throws(() => readSettings({ PLATEN_PORT: '1e3x' }), isWrong('PLATEN_PORT'));
  assert.throws(() => readSettings({ PLATEN_PUBLIC_URL: 'ftp://x' }), isWrong('PLATEN_PUBLIC_URL'));
  assert.throws(() => readSettings({ PLATEN_LOG_LEVEL: 'loud' }), isWrong('PLATEN_LOG_LEVEL'));
  assert.throws(() => readSettings({ PLATEN_TLS_CERT: '/x.pem' }), isWrong('PLATEN_TLS_CERT'));
});

test('printers are asked for in the group of multicast DNS, elsewhere, or nowhere', () => {
  assert.deepEqual(readSettings({}).discovery, { address: '224.0.0.251', port: 5353 });
  assert.deepEqual(readSettings({ PLATEN_DISCOVERY: '127.0.0.1:65535' }).discovery, {
    address: '127.0.0.1',
    port: 65535,
  });
  assert.equal(readSettings({ PLATEN_DISCOVERY: 'off' }).discovery, undefined);
  for (const wrong of [
    'on',
    '127.0.0.1',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    'host:5353',
    '[ff02::fb]:5353',
    '1.2.3.4:5:6',
  ]) {
    assert.throws(() => readSettings({ PLATEN_DISCOVERY: wrong }), isWrong('PLATEN_DISCOVERY'), wrong);
  }
});

test('the public address is kept without path', () => {
  assert.equal(
    readSettings({ PLATEN_PUBLIC_URL: 'https://print.example.org/x/' }).publicUrl,
    'https://print.example.org',
  );
});

test('a clouds file adds clouds; one that is wrong names what is wrong', () => {
  const file = join(folder, 'clouds.json');
  const cloud = {
    authority: 'https://login.example.org/',
    scopePrefix: 'https://outlook.example.org/',
    graph: 'https://graph.example.org',
    imap: { host: 'imap.example.org', port: 993, security: 'tls' },
  };
  writeFileSync(file, JSON.stringify({ own: cloud }));
  const { own } = readSettings({ PLATEN_CLOUDS_FILE: file }).clouds;
  assert.equal(own?.authority, 'https://login.example.org');
  assert.deepEqual(own?.smtp, { host: 'imap.example.org', port: 587, security: 'starttls' });

  for (const wrong of [
    { ...cloud, authority: 'http://login.example.org' },
    { ...cloud, imap: { ...cloud.imap, port: 0 } },
    { ...cloud, imap: { ...cloud.imap, security: 'maybe' } },
    { ...cloud, imap: undefined },
    'text',
  ]) {
    writeFileSync(file, JSON.stringify({ own: wrong }));
    assert.throws(() => readSettings({ PLATEN_CLOUDS_FILE: file }), isWrong('PLATEN_CLOUDS_FILE'));
  }
  writeFileSync(file, 'no json');
  assert.throws(() => readSettings({ PLATEN_CLOUDS_FILE: file }), isWrong('PLATEN_CLOUDS_FILE'));
});
