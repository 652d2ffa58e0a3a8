import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ensureCertificates } from './certificates.ts';
import { ask } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'practice-certificates-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a client that trusts the authority reaches a server by name and by address', async () => {
  const { ca, cert, key } = ensureCertificates(folder);
  const server = createServer({ cert, key }, (_, response) => response.end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    assert.equal((await ask(`https://localhost:${port}/`, { ca })).status, 200);
    assert.equal((await ask(`https://127.0.0.1:${port}/`, { ca })).status, 200);
    await assert.rejects(ask(`https://localhost:${port}/`), /certificate/);
  } finally {
    server.close();
  }
});

test('good certificates are used again, a broken or foreign one is replaced', () => {
  const first = ensureCertificates(folder);
  assert.equal(ensureCertificates(folder).cert, first.cert);
  writeFileSync(first.certPath, 'rubbish');
  const second = ensureCertificates(folder);
  assert.notEqual(second.cert, first.cert);
  writeFileSync(second.caPath, first.ca);
  const third = ensureCertificates(folder);
  assert.ok(new X509Certificate(third.cert).verify(new X509Certificate(third.ca).publicKey));
});

test('the private key is for its owner only', () => {
  assert.equal(statSync(ensureCertificates(folder).keyPath).mode & 0o777, 0o600);
});
