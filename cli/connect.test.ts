import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, type Recorded, type Recording, runCli, startCli, startRecordedServer } from './testing.ts';

const ID = '01900000-0000-7000-8000-00000000c0de';
const IDS = ['--client-id', 'b1c2', '--tenant-id', 'contoso.example'];

const connection = {
  id: ID,
  title: 'MS Exchange Online',
  cloud: 'worldwide',
  clientId: 'b1c2',
  tenantId: 'contoso.example',
  expectedAccount: 'print@contoso.example',
  uses: ['imap'],
  grantedUses: [],
  state: 'awaiting-confirmation',
  problem: null,
  account: null,
  login: null,
};
const account = { username: 'print@contoso.example', name: 'Print', objectId: 'o', tenantId: 't' };

type Login = { readonly state: string; readonly problem?: unknown };

/** A server whose codes end as the test says, one after the other; `pending` first for as many looks as there are. */
function playing(logins: readonly (readonly Login[])[], more: Recording = {}): Recording {
  let code = 0;
  let looks = 0;
  const expiresAt = () => new Date(Date.UTC(2099, 0, 1, 0, code)).toISOString();
  const look = (): Recorded => {
    if (code === 0) return { body: connection };
    const steps = logins[code - 1] ?? [];
    const login = steps[Math.min(looks++, steps.length - 1)];
    const isGranted = login?.state === 'granted';
    return {
      body: {
        ...connection,
        ...(isGranted ? { state: 'connected', account, grantedUses: ['imap'] } : {}),
        login: { kind: 'device-code', expiresAt: expiresAt(), ...login },
      },
    };
  };
  return {
    'POST /connections': { status: 201, body: connection },
    [`GET /connections/${ID}`]: look,
    [`POST /connections/${ID}/device-code`]: () => {
      code += 1;
      looks = 0;
      const verificationUri = 'https://login.example/device';
      return {
        status: 201,
        body: { userCode: `CODE${code}`, verificationUri, expiresAt: expiresAt(), intervalSeconds: 5 },
      };
    },
    [`POST /connections/${ID}/check`]: {
      body: {
        tests: [
          { test: 'token', title: 'Token of Microsoft', outcome: 'passed' },
          {
            test: 'imap',
            title: 'Mailbox over IMAP',
            outcome: 'failed',
            problem: { code: 'mailbox-refused', title: 'Refused', advice: 'Wait an hour.' },
          },
        ],
      },
    },
    ...more,
  };
}

function codesAsked(asked: readonly Asked[]): number {
  return asked.filter(({ method, path }) => method === 'POST' && path.endsWith('/device-code')).length;
}

test('connect shows code and address, waits, and tells who confirmed', async () => {
  await using server = await startRecordedServer(playing([[{ state: 'pending' }, { state: 'granted' }]]));
  const { code, stdout } = await runCli(['connect', ...IDS, '--uses', 'imap,smtp'], { env: server.env });
  assert.equal(code, 0);
  assert.match(stdout, /Sign in as print@contoso\.example \(only this account is accepted\)/);
  assert.match(stdout, /https:\/\/login\.example\/device/);
  assert.match(stdout, /Enter this code: +CODE1$/m);
  assert.match(stdout, /left$/m);
  assert.match(stdout, /✓ Confirmed by print@contoso\.example/);
  assert.match(stdout, /✓ Token of Microsoft: works\n✕ Mailbox over IMAP: does not work\n✕ Refused\n.*Wait an hour\./);
  assert.deepEqual(server.asked[0]?.body, {
    kind: 'exchange-online',
    title: 'MS Exchange Online',
    clientId: 'b1c2',
    tenantId: 'contoso.example',
    uses: ['imap', 'smtp'],
  });
});

test('connect speaks Italian where the terminal does', async () => {
  await using server = await startRecordedServer(playing([[{ state: 'granted' }]]));
  const { stdout } = await runCli(['connect', '--connection', ID], { env: { ...server.env, LANG: 'it_IT.UTF-8' } });
  assert.match(stdout, /Inserisci questo codice: +CODE1$/m);
  assert.match(stdout, /✓ Confermato da print@contoso\.example/);
});

test('a wrong account ends with the explanation and 1', async () => {
  const problem = {
    code: 'wrong-account',
    title: 'Another account confirmed',
    advice: 'Use a private window.',
    detail: 'admin@contoso.example confirmed, print@contoso.example was expected',
    at: '2026-11-22T10:00:00Z',
  };
  await using server = await startRecordedServer(playing([[{ state: 'wrong-account', problem }]]));
  const { code, stderr } = await runCli(['connect', '--connection', ID], { env: server.env });
  assert.equal(code, 1);
  assert.match(stderr, /Another account confirmed[\s\S]*admin@contoso\.example confirmed[\s\S]*private window/);
});

test('an expired code ends a script with 1, unless it asked for more codes', async () => {
  const expired = [{ state: 'expired' }];
  await using once = await startRecordedServer(playing([expired]));
  const { code, stdout, stderr } = await runCli(['connect', '--connection', ID], { env: once.env });
  assert.equal(code, 1);
  assert.match(stdout, /timed out/);
  assert.match(stderr, /npx platen connect --connection/);
  assert.equal(codesAsked(once.asked), 1);

  await using twice = await startRecordedServer(playing([expired, [{ state: 'granted' }]]));
  const second = await runCli(['connect', '--connection', ID, '--codes', '2'], { env: twice.env });
  assert.equal(second.code, 0);
  assert.match(second.stdout, /CODE1[\s\S]*CODE2[\s\S]*Confirmed/);
  assert.equal(codesAsked(twice.asked), 2);
});

test('a code that somebody else replaced is named as no longer valid', async () => {
  await using server = await startRecordedServer(
    playing([], {
      [`GET /connections/${ID}`]: {
        body: {
          ...connection,
          login: { kind: 'device-code', state: 'pending', expiresAt: '2099-05-05T00:00:00.000Z' },
        },
      },
    }),
  );
  const { code, stderr } = await runCli(['connect', '--connection', ID], { env: server.env });
  assert.equal(code, 1);
  assert.match(stderr, /Another code was asked for meanwhile/);
});

test('trouble of Microsoft or of Platen does not end the wait', async () => {
  let looks = 0;
  const trouble = { code: 'identity-unreachable', title: 'x', advice: 'y', detail: 'z' };
  const plays = playing([[{ state: 'pending', problem: trouble }, { state: 'granted' }]]);
  const play = plays[`GET /connections/${ID}`] as () => Recorded;
  await using server = await startRecordedServer({
    ...plays,
    [`GET /connections/${ID}`]: () => {
      looks += 1;
      // The first look finds the connection itself; the second one meets a server that is being restarted.
      if (looks === 1) return { body: connection };
      if (looks === 2)
        return { status: 503, body: { code: 'stopping', title: 'Platen is being stopped', status: 503 } };
      return play();
    },
  });
  const { code, stdout } = await runCli(['connect', '--connection', ID], { env: server.env });
  assert.equal(code, 0);
  assert.match(stdout, /Platen does not answer at the moment[\s\S]*Microsoft does not answer at the moment/);
});

test('a code that Microsoft refuses is told with the number', async () => {
  const body = {
    code: 'device-code-refused',
    title: 'Microsoft refused the code',
    status: 502,
    remote: 'AADSTS700016: no such application',
    facts: { aadsts: 700016 },
  };
  await using server = await startRecordedServer({
    ...playing([]),
    [`GET /connections/${ID}`]: { body: connection },
    [`POST /connections/${ID}/device-code`]: { status: 502, body },
  });
  const { code, stderr } = await runCli(['connect', '--connection', ID], { env: server.env });
  assert.equal(code, 1);
  assert.match(stderr, /AADSTS700016: no such application[\s\S]*aadsts: 700016/);
});

test('with --json every line is one event', async () => {
  await using server = await startRecordedServer(playing([[{ state: 'pending' }, { state: 'granted' }]]));
  const { code, stdout } = await runCli(['connect', ...IDS, '--json'], { env: server.env });
  assert.equal(code, 0);
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    events.map(({ event }) => event),
    ['created', 'code', 'confirmed', 'checked'],
  );
  assert.equal(events[1].userCode, 'CODE1');
  assert.equal(events[2].connection.account.username, 'print@contoso.example');
});

test('without a terminal connect asks nobody: what is missing is named', async () => {
  await using server = await startRecordedServer(playing([]));
  const { code, stderr } = await runCli(['connect', '--title', 'x'], { env: server.env });
  assert.equal(code, 2);
  assert.match(stderr, /--client-id is missing/);
  assert.deepEqual(server.asked, []);
});

test('Ctrl-C leaves the command and ends nothing in the server', async () => {
  await using server = await startRecordedServer(playing([[{ state: 'pending' }]]));
  const cli = startCli(['connect', '--connection', ID], { env: server.env });
  const waiting = new Promise<void>((resolve) => {
    cli.child.stdout?.on('data', () => cli.stdout().includes('left') && resolve());
  });
  await Promise.race([waiting, cli.ended]);
  cli.child.kill('SIGINT');
  await cli.ended;
  assert.equal(cli.child.signalCode, 'SIGINT');
  assert.ok(server.asked.every(({ method }) => method !== 'DELETE'));
});

const link = {
  url: 'https://login.example/authorize?state=s',
  expiresAt: '2099-01-01T00:10:00.000Z',
  redirect: 'paste',
};

test('connect --link shows the link, and the address is given to a command of its own', async () => {
  const granted = { ...connection, state: 'connected', account, login: { kind: 'link', state: 'granted', ...link } };
  await using server = await startRecordedServer({
    ...playing([]),
    [`POST /connections/${ID}/sign-in-link`]: { status: 201, body: link },
    [`PUT /connections/${ID}/sign-in-link`]: { body: granted },
  });
  const shown = await runCli(['connect', '--connection', ID, '--link'], { env: server.env });
  assert.equal(shown.code, 0);
  assert.match(shown.stdout, /^https:\/\/login\.example\/authorize\?state=s$/m);
  assert.match(shown.stdout, /--address -$/m);
  const input = 'https://login.example/nativeclient?code=c&state=s\n';
  const given = await runCli(['connect', '--connection', ID, '--address', '-'], { env: server.env, input });
  assert.equal(given.code, 0);
  assert.match(given.stdout, /✓ Confirmed by print@contoso\.example/);
  const put = server.asked.find(({ method }) => method === 'PUT');
  assert.deepEqual(put?.body, { address: input.trim() });
});

test('connect --here waits for the page on the server, and says how it ended', async () => {
  const problem = { code: 'link-login-expired', detail: 'x', at: '2099-01-01T00:10:00.000Z' };
  let looks = 0;
  const ends: Login[] = [{ state: 'pending' }, { state: 'pending' }, { state: 'expired', problem }];
  const look = () => ({
    body: { ...connection, login: { kind: 'link', expiresAt: link.expiresAt, ...ends[Math.max(0, looks++ - 1)] } },
  });
  await using server = await startRecordedServer({
    ...playing([]),
    [`GET /connections/${ID}`]: look,
    [`POST /connections/${ID}/sign-in-link`]: { status: 201, body: { ...link, redirect: 'loopback' } },
  });
  const { code, stdout, stderr } = await runCli(['connect', '--connection', ID, '--here'], { env: server.env });
  assert.equal(code, 1);
  assert.match(stdout, /^https:\/\/login\.example\/authorize\?state=s$/m);
  assert.match(stdout, /http:\/\/localhost/);
  assert.doesNotMatch(stdout, /--address/);
  assert.match(stderr, /Nobody completed the sign-in by link in time/);
  const asked = server.asked.find(({ path }) => path.endsWith('/sign-in-link'));
  assert.deepEqual(asked?.body, { redirect: 'loopback' });
});

test('a pasted address that is not the right one is explained and ends with 1', async () => {
  const problem = {
    code: 'pasted-address-without-code',
    title: 'There is no code',
    advice: 'Copy it later.',
    status: 400,
  };
  await using server = await startRecordedServer({
    ...playing([]),
    [`PUT /connections/${ID}/sign-in-link`]: { status: 400, body: problem },
  });
  const { code, stderr } = await runCli(['connect', '--connection', ID, '--address', 'x'], { env: server.env });
  assert.equal(code, 1);
  assert.match(stderr, /There is no code[\s\S]*Copy it later\./);
});

test('where codes are blocked, a script reads how to go on by link', async () => {
  const problem = {
    code: 'device-code-refused',
    title: 'Blocked',
    advice: 'x',
    detail: 'y',
    facts: { aadsts: 530035 },
  };
  await using server = await startRecordedServer(playing([[{ state: 'refused', problem, offersLink: true } as Login]]));
  const { code, stdout } = await runCli(['connect', '--connection', ID], { env: server.env });
  assert.equal(code, 1);
  assert.match(stdout, new RegExp(`npx platen connect --connection ${ID} --link`));
});

test('connect --hand-over prints a link for the owner and a text to send, and asks Microsoft for nothing', async () => {
  const url = 'https://platen.example/hand-over#a-secret';
  const link = { url, expiresAt: '2099-01-01T00:00:00.000Z', subject: 'Confirm', invitation: 'Hello Anna,\n\nopen it' };
  const posted = `POST /connections/${ID}/hand-over`;
  await using server = await startRecordedServer(playing([], { [posted]: { status: 201, body: link } }));
  const words = ['connect', '--connection', ID, '--hand-over', '--recipient', 'Anna', '--valid-days', '7'];
  const { code, stdout } = await runCli([...words, '--owner-language', 'it'], { env: server.env });
  assert.equal(code, 0, stdout);
  assert.ok(stdout.includes(url) && stdout.includes('Hello Anna,\n\nopen it'), stdout);
  const asked = server.asked.find(({ path }) => path.endsWith('/hand-over'));
  assert.deepEqual(asked?.body, { language: 'it', recipient: 'Anna', validDays: 7 });
  assert.equal(codesAsked(server.asked), 0);
  const json = await runCli([...words, '--json'], { env: server.env });
  const last = JSON.parse(json.stdout.trim().split('\n').at(-1) ?? '{}');
  assert.deepEqual([last.event, last.url], ['hand-over', url]);
  const wrong = await runCli([...words.slice(0, -1), '8'], { env: server.env });
  assert.equal(wrong.code, 2, wrong.stderr);
});
