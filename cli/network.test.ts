import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, type Recorded, runCli, startRecordedServer } from './testing.ts';

const ID = '01900000-0000-7000-8000-0000000000e1';
const PATH = '/settings/network';

const classic = {
  host: 'mail.contoso.example',
  port: 465,
  security: 'tls',
  verifyCertificate: true,
  username: 'print@contoso.example',
  hasPassword: true,
};
const settings = { senderEmail: 'print@contoso.example', senderName: null, outgoingServer: classic, problem: null };
const recording = { [`GET ${PATH}`]: { body: settings }, [`PUT ${PATH}`]: { body: settings } };

async function setWith(words: readonly string[], input = '') {
  await using server = await startRecordedServer(recording);
  const ended = await runCli(['network', 'set', ...words], { env: server.env, input });
  return { ...ended, put: server.asked.find(({ method }) => method === 'PUT')?.body };
}

test('a classic server is set with its port by the encryption and its password from standard input', async () => {
  const sign = ['--username', 'ada', '--password', '-'];
  const { code, stdout, put } = await setWith(['--host', 'smtp.contoso.example', ...sign], 'quiet harbor\n');
  assert.equal(code, 0);
  assert.deepEqual(put, {
    outgoingServer: {
      host: 'smtp.contoso.example',
      port: 587,
      security: 'starttls',
      verifyCertificate: true,
      username: 'ada',
      password: 'quiet harbor',
    },
  });
  assert.match(stdout, /Outgoing SMTP server +mail\.contoso\.example:465/);
  assert.doesNotMatch(stdout, /quiet harbor/);
});

test('one property of the classic server is changed and the others stay, its password untouched', async () => {
  const { put } = await setWith(['--no-certificate-check']);
  const { hasPassword, ...kept } = classic;
  assert.deepEqual(put, { outgoingServer: { ...kept, verifyCertificate: false } });
  const { put: other } = await setWith(['--security', 'none', '--no-sign-in']);
  assert.deepEqual(other, {
    outgoingServer: { ...kept, port: 25, security: 'none', username: null, password: null },
  });
});

test('contradictions are told before anything is asked of the server', async () => {
  const wrong: readonly (readonly [string[], RegExp])[] = [
    [[], /Say what to change/],
    [['--connection', 'x', '--host', 'y'], /--connection or --host, not both/],
    [['--no-sign-in', '--password', 'x'], /--no-sign-in or --password, not both/],
    [['--security', 'ssl'], /--security cannot be “ssl”/],
    [['--host', 'x', '--port', '70000'], /--port must be a number from 1 to 65535/],
  ];
  for (const [words, complaint] of wrong) {
    const { code, stderr, put } = await setWith(words);
    assert.deepEqual([code, put], [2, undefined]);
    assert.match(stderr, complaint);
  }
});

test('without a classic server its password cannot be set', async () => {
  const body = { ...settings, outgoingServer: { connectionId: ID } };
  await using server = await startRecordedServer({ [`GET ${PATH}`]: { body } });
  const { code, stderr } = await runCli(['network', 'set', '--username', 'ada'], { env: server.env });
  assert.deepEqual([code, /--host is missing/.test(stderr)], [2, true]);
});

const message = {
  id: ID,
  kind: 'test',
  sender: 'print@contoso.example',
  subject: 'Test message from Platen',
  state: 'queued',
  possiblyTwice: false,
  recipients: [{ address: 'ada@contoso.example', state: 'queued', problem: null }],
};

/** A server on which the test message goes through these states, one at each look. */
function goingThrough(states: readonly Record<string, unknown>[]) {
  let looks = 0;
  const bodies: unknown[] = [];
  return {
    bodies,
    recording: {
      [`POST ${PATH}/test-message`]: ({ body }: Asked): Recorded => {
        bodies.push(body);
        return { status: 201, body: { id: ID } };
      },
      [`GET /outbox/${ID}`]: (): Recorded => {
        const now = states[Math.min(looks, states.length - 1)];
        looks += 1;
        if (now === undefined || 'down' in now) return { status: 503, body: { code: 'starting', title: 'Starting' } };
        return { body: { ...message, ...now } };
      },
    },
  };
}

const to = ['network', 'test', '--to', 'ada@contoso.example'];

test('a test message is followed to the words with which the server takes it', async () => {
  const words = '250 2.0.0 OK <x@contoso.example> [Hostname=AM0PR.prod.outlook.com]';
  const { bodies, recording } = goingThrough([
    {},
    { state: 'active' },
    { down: true },
    { state: 'sent', remoteAnswer: words },
  ]);
  await using server = await startRecordedServer(recording);
  const { code, stdout } = await runCli(to, { env: server.env });
  assert.equal(code, 0, stdout);
  assert.deepEqual(bodies, [{ to: 'ada@contoso.example' }]);
  assert.match(stdout, /… Waiting\n… Being sent\n/);
  assert.ok(stdout.includes(words));
  assert.match(stdout, /✓ The server has taken the test message\.\n$/);
});

test('a test message that does not leave says why, what to do, and ends with 1', async () => {
  const problem = {
    code: 'smtp-auth-off-tenant',
    title: 'Sending is switched off',
    advice: 'Switch it on.',
    detail: 'refused',
    remote: '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.',
    at: '2026-11-22T10:00:09.000Z',
  };
  const { recording } = goingThrough([{ state: 'held', holdReason: 'mailbox', problem }]);
  await using server = await startRecordedServer(recording);
  const { code, stdout } = await runCli(to, { env: server.env });
  assert.equal(code, 1);
  assert.match(stdout, /Sending is switched off/);
  assert.match(stdout, /Switch it on\./);
  assert.match(stdout, /SmtpClientAuthentication is disabled for the Tenant/);
  const asJson = await runCli([...to, '--json'], { env: server.env });
  assert.equal(asJson.code, 1);
  assert.equal(JSON.parse(asJson.stdout).problem.code, 'smtp-auth-off-tenant');
});

test('a test message that is still tried when the time is over names the command to look again', async () => {
  const { recording } = goingThrough([{ state: 'deferred', dueAt: '2026-11-22T10:05:00.000Z' }]);
  await using server = await startRecordedServer(recording);
  const { code, stdout } = await runCli([...to, '--wait', '1'], { env: server.env });
  assert.equal(code, 1);
  assert.match(stdout, /! Tried again later/);
  assert.match(stdout, new RegExp(`platen outbox show ${ID}`));
});
