/** Attack 11 of the threat model: commands that are slipped in before TLS, and passwords without it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectSecure } from 'node:tls';
import { readCertificate } from '../../server/relay/certificate.ts';
import { openConversation } from '../harness/conversation.ts';
import { openRelay, RECIPIENT, runProgram, type TestRelay } from '../harness/relay.ts';

async function hear(socket: Socket, until: RegExp): Promise<string> {
  let heard = '';
  while (!until.test(heard)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    heard += chunk.toString('latin1');
  }
  return heard;
}

/** Says STARTTLS and more in one segment, then begins TLS and says only EHLO inside. */
async function inject(relay: TestRelay, more: string): Promise<string> {
  const { cert } = await readCertificate(relay.test.context);
  const plain = connect(relay.port, '127.0.0.1');
  await hear(plain, /^220 .*\r\n/m);
  plain.write('EHLO copier.local\r\n');
  await hear(plain, /^250 .*\r\n/m);
  plain.write(`STARTTLS\r\n${more}`);
  const answers = await hear(plain, /220 [^\r]*\r\n/);
  plain.removeAllListeners('data');
  const secure = connectSecure({ socket: plain, ca: cert, servername: 'localhost' });
  await once(secure, 'secureConnect');
  secure.write('NOOP\r\n');
  const inside = await hear(secure, /\r\n/);
  secure.destroy();
  await once(plain, 'close').catch(() => undefined);
  return `${answers}|${inside}`;
}

for (const more of [
  `MAIL FROM:<eve@elsewhere.example>\r\nRCPT TO:<${RECIPIENT}>\r\nDATA\r\n`,
  'EHLO eve.example\r\n',
  'RSET',
  'NOOP\r\n'.repeat(500),
]) {
  test(`what is said with STARTTLS in one segment is dropped: ${JSON.stringify(more.slice(0, 20))}`, async () => {
    await using relay = await openRelay();
    await relay.addDevice();
    const heard = await inject(relay, more);
    assert.match(heard, /^220 [^\r]*\r\n\|250 [^\r]*\r\n$/, heard);
  });
}

test('nothing that was said before TLS counts inside', async () => {
  await using relay = await openRelay();
  await relay.addDevice({
    addresses: [],
    credential: { username: 'a', password: 'some password' },
    allowsPlainAuth: true,
  });
  const { cert } = await readCertificate(relay.test.context);
  await using conversation = await openConversation({ port: relay.port, tls: { ca: cert } });
  await conversation.play(`
    S: 220 {/.*/}
    C: EHLO copier.local
    S: ...
    S: 250 {/.*/}
    C: AUTH PLAIN ${Buffer.from('\0a\0some password').toString('base64')}
    S: 235 {/.*/}
    C: MAIL FROM:<scanner@copier.local>
    S: 250 {/.*/}
    C: RCPT TO:<${RECIPIENT}>
    S: 250 {/.*/}
    C: STARTTLS
    S: 220 {/.*/}
    C: <starttls>
    C: DATA
    S: 503 {/.*/}
    C: EHLO copier.local
    S: ...
    S: 250 {/.*/}
    C: MAIL FROM:<scanner@copier.local>
    S: 550 5.7.1 Relaying denied
    C: STARTTLS
    S: 503 {/.*/}`);
});

test('AUTH is neither offered nor taken before TLS, whatever the user name', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ addresses: [], credential: { username: 'scan' } });
  await using conversation = await relay.open();
  await conversation.play('S: 220 {/.*/}');
  conversation.say('EHLO copier.local');
  assert.ok(!(await conversation.expectLater('250 {/.*/}')).join('\n').includes('AUTH'));
  for (const command of ['AUTH PLAIN AHNjYW4AeA==', 'AUTH LOGIN', 'AUTH CRAM-MD5', 'auth plain']) {
    await conversation.play(`
      C: ${command}
      S: 538 5.7.11 Encryption required`);
  }
});

test('openssl gets TLS 1.2 and 1.3 with our certificate, and nothing older', async () => {
  await using relay = await openRelay();
  const ask = (...options: string[]) =>
    runProgram('openssl', ['s_client', '-starttls', 'smtp', '-connect', `127.0.0.1:${relay.port}`, ...options]);
  assert.match(await ask('-tls1_3'), /New, TLSv1\.3, Cipher is TLS_/);
  assert.match(await ask('-tls1_2'), /New, TLSv1\.2, Cipher is ECDHE-ECDSA/);
  for (const old of ['-tls1_1', '-tls1']) {
    assert.match(await ask(old, '-cipher', 'ALL:@SECLEVEL=0'), /New, \(NONE\), Cipher is \(NONE\)/);
  }
});
