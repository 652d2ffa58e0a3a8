import assert from 'node:assert/strict';
import { test } from 'node:test';
import { page, runCli, startRecordedServer } from './testing.ts';

const ID = '01900000-0000-7000-8000-0000000000f2';
const copier = {
  id: ID,
  name: 'Copier',
  addresses: ['192.0.2.7/32'],
  username: 'scan',
  allowsPlainAuth: false,
  limits: {
    messagesPerMinute: 30,
    messagesPerDay: 2_000,
    recipientsPerDay: 4_000,
    maxMessageBytes: 35_000_000,
    maxRecipients: 100,
    maxSessions: 5,
  },
  allowedDomains: [],
  senderMap: { sender: 'scan@contoso.example', displayName: 'Ground floor', ownAddress: 'reply-to' },
  normalisesBareLf: false,
  enabled: true,
  createdAt: '2026-11-22T10:00:00.000Z',
  messagesToday: 12,
  recipientsToday: 1_250,
};
const PASSWORD = 'k7-quiet-harbor-lantern';
const made = { ...copier, password: PASSWORD };
const recording = {
  'GET /devices': page(copier),
  'POST /devices': { status: 201, body: made },
  [`GET /devices/${ID}`]: { body: copier },
  [`PATCH /devices/${ID}`]: { body: { ...copier, password: null } },
  [`DELETE /devices/${ID}`]: { status: 204 },
  'GET /relay': { body: { address: { host: '127.0.0.1', port: 2525 } } },
};

test('a device is added with all that is said of it, and its made password is shown', async () => {
  await using server = await startRecordedServer(recording);
  const words = ['--name', 'Copier', '--address', '192.0.2.7,192.0.2.8', '--username', 'scan', '--domain', '*'];
  const more = ['--sender', 'scan@contoso.example', '--per-minute', '12', '--allow-plain-auth', '--normalise-bare-lf'];
  const { code, stdout } = await runCli(['devices', 'add', ...words, ...more], { env: server.env });
  assert.equal(code, 0);
  assert.deepEqual(server.asked.find(({ method }) => method === 'POST')?.body, {
    name: 'Copier',
    addresses: ['192.0.2.7', '192.0.2.8'],
    allowedDomains: ['*'],
    limits: { messagesPerMinute: 12 },
    allowsPlainAuth: true,
    normalisesBareLf: true,
    senderMap: { sender: 'scan@contoso.example', displayName: null, ownAddress: 'reply-to' },
    credential: { username: 'scan' },
  });
  assert.match(stdout, /shown once:\nk7-quiet-harbor-lantern\n$/);
  assert.match(stdout, /Devices send to 127\.0\.0\.1, port 2525\./);
});

test('a password of one’s own is read from standard input and never shown', async () => {
  const answer = { ...recording, 'POST /devices': { status: 201, body: { ...copier, password: null } } };
  await using server = await startRecordedServer(answer);
  const words = ['devices', 'add', '--name', 'Copier', '--username', 'scan', '--password', '-'];
  const { code, stdout } = await runCli(words, { env: server.env, input: 'seven lanterns\n' });
  assert.equal(code, 0);
  const body = server.asked.find(({ method }) => method === 'POST')?.body as { credential: unknown };
  assert.deepEqual(body.credential, { username: 'scan', password: 'seven lanterns' });
  assert.doesNotMatch(stdout, /seven lanterns|shown once/);
});

test('set changes what is given and keeps the rest of the sender map', async () => {
  await using server = await startRecordedServer(recording);
  const changed = async (...words: string[]) => {
    const { code, stderr } = await runCli(['devices', 'set', 'copier', ...words], { env: server.env });
    assert.equal(code, 0, stderr);
    return server.asked.findLast(({ method }) => method === 'PATCH')?.body;
  };
  assert.deepEqual(await changed('--own-address', 'nowhere'), {
    senderMap: { sender: 'scan@contoso.example', displayName: 'Ground floor', ownAddress: 'nowhere' },
  });
  assert.deepEqual(await changed('--no-sender', '--no-credential', '--no-addresses', '--disable-device'), {
    enabled: false,
    senderMap: { sender: null, displayName: 'Ground floor', ownAddress: 'reply-to' },
    credential: null,
    addresses: [],
  });
  assert.deepEqual(await changed('--refuse-bare-lf', '--max-bytes', '1000000'), {
    limits: { maxMessageBytes: 1_000_000 },
    normalisesBareLf: false,
  });
});

test('a device that nobody could recognise, and contradictions, are told before anything is asked', async () => {
  await using server = await startRecordedServer(recording);
  const wrong: readonly (readonly [string[], RegExp])[] = [
    [['add', '--name', 'Copier'], /Say how the device is known/],
    [['add', '--name', 'Copier', '--address', '192.0.2.7', '--password', 'x'], /--username is missing/],
    [['set', ID], /Say what to change/],
    [['set', ID, '--sender', 'a@b.example', '--no-sender'], /--sender or --no-sender, not both/],
    [['set', ID, '--max-sessions', '1000'], /--max-sessions must be a number from 1 to 100/],
    [['remove', ID], /--yes is missing/],
  ];
  for (const [words, complaint] of wrong) {
    const { code, stderr } = await runCli(['devices', ...words], { env: server.env });
    assert.equal(code, 2);
    assert.match(stderr, complaint);
  }
  assert.deepEqual(
    server.asked.filter(({ method }) => method !== 'GET'),
    [],
  );
});

test('list and show tell how a device is known, what it may do, and where it sends to', async () => {
  await using server = await startRecordedServer(recording);
  const list = await runCli(['devices', 'list'], { env: server.env });
  assert.match(list.stdout, /000000f2 +Copier +192\.0\.2\.7\/32, scan +own domain +scan@contoso\.example/);
  assert.match(list.stdout, /port 2525/);
  const show = await runCli(['devices', 'show', 'Copier'], { env: server.env });
  assert.match(show.stdout, /Largest message +35 MB/);
  assert.match(show.stdout, /Its own address +in Reply-To/);
  assert.equal((await runCli(['devices', 'remove', 'Copier', '--yes'], { env: server.env })).code, 0);
  assert.equal(server.asked.at(-1)?.method, 'DELETE');
});

test('a relay that does not listen is told', async () => {
  await using server = await startRecordedServer({ ...recording, 'GET /relay': { body: { address: null } } });
  const { code, stdout } = await runCli(['devices', 'list'], { env: server.env });
  assert.equal(code, 0);
  assert.match(stdout, /! The relay does not listen at present\./);
});
