import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTestContext } from '../../test/harness/database.ts';
import { makePrivateCertificate } from '../../test/harness/private-ca.ts';
import { DAY_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { makeCertificate, readCertificate } from './certificate.ts';

test('a certificate of our own names the hosts, is signed by itself and belongs to its key', () => {
  const names = ['relay.contoso.example', '192.0.2.7', '2001:db8::7', '::1'];
  const { cert } = makeCertificate(names, new Date('2026-11-22T10:00:00Z'));
  const certificate = new X509Certificate(cert);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.equal(certificate.checkHost('relay.contoso.example'), 'relay.contoso.example');
  for (const address of ['192.0.2.7', '2001:db8::7', '::1']) assert.equal(certificate.checkIP(address), address);
  assert.equal(certificate.checkHost('other.contoso.example'), undefined);
  assert.equal(certificate.ca, false);
  assert.equal(certificate.validFromDate.toISOString(), '2026-11-21T10:00:00.000Z');
  assert.equal(certificate.validToDate.toISOString(), '2036-11-19T10:00:00.000Z');
});

test('our own certificate stays the same until it is about to expire, and its key is for nobody else', async () => {
  await using test = await openTestContext();
  const first = await readCertificate(test.context);
  assert.deepEqual(await readCertificate(test.context), first);
  assert.equal(statSync(join(test.directory, 'relay-key.pem')).mode & 0o777, 0o600);
  test.clock.setWallClock(new Date(test.clock.now().getTime() + 3630 * DAY_MS));
  assert.notEqual((await readCertificate(test.context)).cert, first.cert);
});

test('a certificate that was cut off while it was written is made anew', async () => {
  await using test = await openTestContext();
  const first = await readCertificate(test.context);
  writeFileSync(join(test.directory, 'relay-cert.pem'), first.cert.slice(0, 100));
  const second = await readCertificate(test.context);
  assert.notEqual(second.cert, first.cert);
  assert.equal(readFileSync(join(test.directory, 'relay-cert.pem'), 'utf8'), second.cert);
});

test('the certificate of the administrator is used, and one that cannot be is refused by name', async () => {
  await using test = await openTestContext();
  const { cert, key } = makePrivateCertificate();
  const [relayTlsCertFile, relayTlsKeyFile] = [join(test.directory, 'own.pem'), join(test.directory, 'own.key')];
  writeFileSync(relayTlsCertFile, cert);
  writeFileSync(relayTlsKeyFile, key);
  const context = { ...test.context, settings: { ...test.context.settings, relayTlsCertFile, relayTlsKeyFile } };
  assert.deepEqual(await readCertificate(context), { cert, key });
  writeFileSync(relayTlsKeyFile, makeCertificate(['localhost'], test.clock.now()).key);
  await assert.rejects(readCertificate(context), (error: unknown) => {
    return error instanceof PlatenError && error.code === 'relay-certificate-unusable';
  });
});
