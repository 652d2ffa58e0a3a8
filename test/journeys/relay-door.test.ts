import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCertificate } from '../../server/relay/certificate.ts';
import { openConversation } from '../harness/conversation.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { openStage } from '../harness/stage.ts';

test('devices come to the address of the settings and meet the certificate of the administrator', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'platen-door-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { cert, key } = makeCertificate(['mail-in.practice.example'], new Date());
  const [certFile, keyFile] = [join(folder, 'door.pem'), join(folder, 'door.key')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key, { mode: 0o600 });
  await using stage = await openStage({
    until: 'administrator',
    env: { PLATEN_RELAY_HOST: '127.0.0.2', PLATEN_RELAY_TLS_CERT: certFile, PLATEN_RELAY_TLS_KEY: keyFile },
  });
  const relay = (await stage.api('GET', '/relay')) as { address: { host: string; port: number } };
  const { host, port } = relay.address;
  assert.equal(host, '127.0.0.2');
  await assert.rejects(openConversation({ host: '127.0.0.1', port }), { code: 'ECONNREFUSED' });
  await stage.api('PUT', '/settings/network', { senderEmail: PRINT_ROOM });
  const credential = { username: 'scan', password: 'eleven quiet staplers' };
  await stage.api('POST', '/devices', { name: 'Copier', credential });
  const tls = { ca: cert, servername: 'mail-in.practice.example' };
  await using conversation = await openConversation({ host, port, tls });
  await conversation.play(`
    S: 220 {/.*/}
    C: EHLO copier.local
    S: ...
    S: 250 SIZE 36700160
    C: STARTTLS
    S: 220 {/.*/}
    C: <starttls>
    C: EHLO copier.local
    S: ...
    S: 250 SIZE 36700160
    C: AUTH PLAIN ${Buffer.from('\0scan\0eleven quiet staplers').toString('base64')}
    S: 235 {/.*/}
    C: MAIL FROM:<scanner@copier.local>
    S: 250 {/.*/}
    C: RCPT TO:<anna@practice.example>
    S: 250 {/.*/}
    C: DATA
    S: 354 {/.*/}
    C: Subject: over TLS
    C:
    C: a page
    C: .
    S: 250 {/.*/}`);
  const { items } = (await stage.api('GET', '/outbox')) as { items: { subject: string }[] };
  assert.deepEqual(
    items.map(({ subject }) => subject),
    ['over TLS'],
  );
});
