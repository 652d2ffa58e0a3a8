import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import type { ImapFault } from '../../../simulator/imap/faults.ts';
import { type Imap, startImap } from '../../../simulator/imap/server.ts';
import { imapLimits } from '../limits.ts';
import { connectImap, type ImapSession, type ImapTarget } from './client.ts';
import { ImapFailure, type ImapFailureKind } from './failure.ts';
import { sequenceSet } from './uid-set.ts';

const ADDRESS = 'print@practice.example';
const TOKEN = 'a-good-token';

const tenant = {
  findAccessToken: (token: string) =>
    token === TOKEN
      ? {
          username: ADDRESS,
          audience: 'https://outlook.office.com',
          scopes: ['IMAP.AccessAsUser.All'],
          expiresAt: new Date('2100-01-01T00:00:00Z'),
        }
      : undefined,
  mayOpenMailbox: (username: string, address: string) => username === address,
};

type Practice = AsyncDisposable & { readonly imap: Imap; readonly target: ImapTarget };

async function practice(...faults: readonly ImapFault[]): Promise<Practice> {
  const imap = await startImap({ tenant, clock: { now: () => new Date() }, host: '127.0.0.1', port: 0 });
  for (const fault of faults) imap.faults.add(fault);
  return { imap, target: targetAt(imap.port), [Symbol.asyncDispose]: () => imap.close() };
}

function targetAt(port: number, accessToken = TOKEN): ImapTarget {
  return { host: '127.0.0.1', port, security: 'none', credentials: { kind: 'token', username: ADDRESS, accessToken } };
}

async function inbox({ target }: Practice): Promise<ImapSession> {
  const session = await connectImap(target);
  await session.select('INBOX');
  return session;
}

function failsWith(kind: ImapFailureKind, words?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ImapFailure, String(error));
    assert.equal(error.kind, kind);
    if (words !== undefined) assert.match(error.words ?? '', words);
    assert.ok(!JSON.stringify({ ...error, message: error.message }).includes(TOKEN), 'the token is in the error');
    return true;
  };
}

const message = (text: string): Buffer =>
  Buffer.from(`From: anna@practice.example\r\nSubject: ${text}\r\n\r\n${text}\r\n`);

test('a session logs in with a token, opens the folder and lists its messages', async () => {
  await using server = await practice();
  server.imap.mailboxes.deliver(ADDRESS, message('one'));
  server.imap.mailboxes.deliver(ADDRESS, message('two'));
  await using session = await connectImap(server.target);
  const folder = await session.select('INBOX');
  assert.equal(folder.uidValidity, server.imap.mailboxes.getFolder(ADDRESS, 'INBOX').uidValidity);
  assert.equal(folder.exists, 2);
  assert.deepEqual(await session.listUids(), [101, 102]);
});

test('bodies come byte for byte and are not marked read', async () => {
  await using server = await practice();
  const kept = [message('one'), Buffer.from('Subject: 8\r\n\r\n\x00\xff--\r\n', 'latin1')].map((raw) =>
    server.imap.mailboxes.deliver(ADDRESS, raw),
  );
  await using session = await inbox(server);
  const bodies = await session.fetchBodies([102, 101]);
  assert.deepEqual(bodies, [
    { kind: 'body', uid: 102, raw: kept[1]?.bytes },
    { kind: 'body', uid: 101, raw: kept[0]?.bytes },
  ]);
  assert.deepEqual([...(kept[0]?.flags ?? [])], []);
});

test('a message that is gone and one of which the server gives nothing are told apart', async () => {
  await using server = await practice({ kind: 'substitute', uid: 101, peek: 'no-data' });
  server.imap.mailboxes.deliver(ADDRESS, message('one'));
  await using session = await inbox(server);
  assert.deepEqual(await session.fetchBodies([101, 999]), [
    { kind: 'empty', uid: 101 },
    { kind: 'gone', uid: 999 },
  ]);
});

test('more messages than one command may name are fetched with several', async () => {
  await using server = await practice();
  for (let i = 0; i < imapLimits.maxMessagesPerCommand + 5; i++)
    server.imap.mailboxes.deliver(ADDRESS, message(String(i)));
  await using session = await inbox(server);
  const uids = await session.listUids();
  const bodies = await session.fetchBodies(uids);
  assert.deepEqual(
    bodies.map(({ kind, uid }) => [kind, uid]),
    uids.map((uid) => ['body', uid]),
  );
  assert.equal((await session.fetchSizes(uids)).size, uids.length);
});

for (const extra of [-1, 0, 1, imapLimits.pieceBytes]) {
  test(`a message of one piece and ${extra} bytes is read piece by piece`, async () => {
    await using server = await practice();
    const raw = Buffer.alloc(imapLimits.pieceBytes + extra, 'Subject: a\r\n\r\nbody ');
    server.imap.mailboxes.deliver(ADDRESS, raw);
    await using session = await inbox(server);
    const pieces: Buffer[] = [];
    for await (const piece of session.streamBody(101)) pieces.push(piece);
    assert.ok(pieces.every((piece) => piece.length <= imapLimits.pieceBytes));
    assert.ok(Buffer.concat(pieces).equals(raw));
  });
}

test('folders are made once, with those above them, and messages move there', async () => {
  await using server = await practice();
  for (const text of ['one', 'two', 'three']) server.imap.mailboxes.deliver(ADDRESS, message(text));
  await using session = await inbox(server);
  await session.ensureFolder('Platen/Done');
  await session.ensureFolder('Platen/Done');
  const moved = await session.move([101, 103], 'Platen/Done');
  assert.deepEqual([...moved.keys()].sort(), [101, 103]);
  assert.deepEqual(await session.listUids(), [102]);
  assert.equal(server.imap.mailboxes.getFolder(ADDRESS, 'Platen/Done').messages.length, 2);
  await session.move([101], 'Platen/Done');
});

test('removed messages are gone and no others', async () => {
  await using server = await practice();
  for (const text of ['one', 'two']) server.imap.mailboxes.deliver(ADDRESS, message(text));
  await using session = await inbox(server);
  await session.remove([101]);
  assert.deepEqual(await session.listUids(), [102]);
});

test('waiting ends soon after mail arrives', async () => {
  await using server = await practice();
  await using session = await inbox(server);
  assert.deepEqual(await session.listUids(), []);
  const waiting = session.waitForMail(60_000, new AbortController().signal);
  await until(() => server.imap.sessions().some((each) => each.isIdling));
  server.imap.mailboxes.deliver(ADDRESS, message('one'));
  assert.equal(await waiting, 'arrived');
  assert.deepEqual(await session.listUids(), [101]);
  assert.equal(await session.waitForMail(10, new AbortController().signal), 'quiet');
});

test('mail that arrives between listing and waiting wakes at once', async () => {
  await using server = await practice();
  await using session = await inbox(server);
  await session.listUids();
  server.imap.mailboxes.deliver(ADDRESS, message('one'));
  assert.equal(await session.waitForMail(60_000, new AbortController().signal), 'arrived');
});

test('waiting ends when it is asked to, and the session goes on', async () => {
  await using server = await practice();
  await using session = await inbox(server);
  const stop = new AbortController();
  const waiting = session.waitForMail(60_000, stop.signal);
  await until(() => server.imap.sessions().some((each) => each.isIdling));
  stop.abort();
  assert.equal(await waiting, 'quiet');
  assert.deepEqual(await session.listUids(), []);
});

test('a signal that aborts ends the session with its reason', async () => {
  await using server = await practice();
  const stop = new AbortController();
  await using session = await connectImap(server.target, stop.signal);
  await session.select('INBOX');
  const waiting = session.waitForMail(60_000, new AbortController().signal);
  stop.abort(new Error('stopping'));
  await assert.rejects(waiting, /stopping/);
});

test('a wrong token is told as such', async () => {
  await using server = await practice();
  await assert.rejects(
    connectImap(targetAt(server.imap.port, 'wrong')),
    failsWith('auth-failed', /AUTHENTICATE failed/),
  );
});

test('a login behind which there is no mailbox is told as such', async () => {
  await using server = await practice({ kind: 'no-mailbox' });
  await assert.rejects(inbox(server), failsWith('authenticated-but-not-connected', /authenticated but not connected/));
});

test('a session that outlives its token is told as such', async () => {
  await using server = await practice({ kind: 'bye', reason: 'token-expired', command: 'SEARCH' });
  await using session = await inbox(server);
  await assert.rejects(session.listUids(), failsWith('token-expired', /AccessTokenExpired/));
  await assert.rejects(session.listUids(), failsWith('token-expired'));
});

test('a throttling server is left at once, with the pause that it asks for', async () => {
  for (const answer of ['BAD', 'NO'] as const) {
    await using server = await practice({ kind: 'throttle', backoffMs: 299_961, command: 'FETCH', answer });
    server.imap.mailboxes.deliver(ADDRESS, message('one'));
    await using session = await inbox(server);
    await assert.rejects(session.fetchBodies([101]), (error) => {
      assert.ok(failsWith('throttled', /throttled/)(error));
      assert.equal((error as ImapFailure).backoffMs, 299_961);
      return true;
    });
    assert.equal(session.isOpen, false);
  }
});

test('a body that is cut off is no body', async () => {
  for (const how of ['close', 'reset'] as const) {
    await using server = await practice({ kind: 'cut-fetch', afterBytes: 20, how });
    server.imap.mailboxes.deliver(ADDRESS, message('one'));
    await using session = await inbox(server);
    await assert.rejects(session.fetchBodies([101]), failsWith('closed'));
  }
});

test('a connection lost at any command is a failure and never an empty answer', async () => {
  const commands: readonly (readonly [string, (session: ImapSession) => Promise<unknown>])[] = [
    ['SELECT', (session) => session.select('INBOX')],
    ['SEARCH', (session) => session.listUids()],
    ['FETCH', (session) => session.fetchSizes([101])],
    ['FETCH', (session) => session.fetchBodies([101])],
    ['MOVE', (session) => session.move([101], 'Archive')],
    ['LIST', (session) => session.ensureFolder('Platen/Done')],
    ['CREATE', (session) => session.ensureFolder('Platen/Done')],
    ['NOOP', (session) => session.noop()],
    ['IDLE', (session) => session.waitForMail(5000, new AbortController().signal)],
  ];
  for (const [command, run] of commands) {
    for (const how of ['close', 'reset'] as const) {
      await using server = await practice();
      server.imap.mailboxes.deliver(ADDRESS, message('one'));
      await using session = await inbox(server);
      await session.listUids();
      server.imap.faults.add({ kind: 'lose-connection', command, how });
      await assert.rejects(run(session), failsWith('closed'), `${command} ${how}`);
    }
  }
});

test('a refused command is a failure and the session goes on', async () => {
  await using server = await practice({ kind: 'refuse', command: 'MOVE' });
  server.imap.mailboxes.deliver(ADDRESS, message('one'));
  await using session = await inbox(server);
  await assert.rejects(session.move([101], 'Archive'), failsWith('protocol', /MOVE failed/));
  assert.deepEqual(await session.listUids(), [101]);
});

test('an end of the session while it waits is told with the words of the server', async () => {
  await using server = await practice();
  await using session = await inbox(server);
  const waiting = session.waitForMail(60_000, new AbortController().signal);
  const failed = assert.rejects(waiting, failsWith('closed', /Connection is closed. 13/));
  await until(() => server.imap.sessions().some((each) => each.isIdling));
  await server.imap.endSessions('idle');
  await failed;
});

test('a server that says that it is unavailable is told as such', async () => {
  await using server = await practice({ kind: 'unavailable', command: 'SEARCH' });
  await using session = await inbox(server);
  await assert.rejects(session.listUids(), failsWith('unavailable', /^Server Unavailable\. 15$/));
});

test('a greeting that is no IMAP is told as unavailable', async () => {
  await using server = await practice({ kind: 'unavailable', command: 'GREETING' });
  await assert.rejects(connectImap(server.target), failsWith('unavailable', /^Server Unavailable\. 15$/));
});

test('an address at which no mail server stands is not connected to', async () => {
  // The last one is a name to us, and a number to whoever resolves it.
  for (const host of ['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1', '0.0.0.0', '2852039166']) {
    await assert.rejects(connectImap({ ...targetAt(993), host }), failsWith('blocked-address'), host);
  }
});

test('a name is resolved for the connection', async () => {
  await using server = await practice();
  await using session = await connectImap({ ...server.target, host: 'localhost' });
  assert.equal(session.isOpen, true);
});

test('the beginning of a message is fetched without the rest', async () => {
  await using server = await practice();
  server.imap.mailboxes.deliver(ADDRESS, message('one'));
  await using session = await inbox(server);
  assert.equal((await session.fetchBeginning(101, 20))?.length, 20);
  assert.equal(await session.fetchBeginning(999, 20), undefined);
});

test('a port where nobody listens is unavailable', async () => {
  const server = await practice();
  await server[Symbol.asyncDispose]();
  await assert.rejects(connectImap(server.target), failsWith('unavailable', /ECONNREFUSED/));
});

test('a literal beyond the limit ends the session before it fills the memory', async () => {
  await using server = await rawServer((line) =>
    line.includes('SEARCH') ? `* 1 FETCH (UID 1 BODY[] {${imapLimits.maxLiteralBytes + 1}}\r\n` : undefined,
  );
  await using session = await connectImap(targetAt(server.port));
  await session.select('INBOX');
  await assert.rejects(session.listUids(), failsWith('too-large'));
});

test('a line without end ends the session before it fills the memory', async () => {
  let sent = 0;
  await using server = await rawServer((line, socket) => {
    if (!line.includes('SEARCH')) return undefined;
    const block = Buffer.alloc(256 * 1024, 'x');
    const more = (): void => {
      if (socket.destroyed) return;
      sent += block.length;
      socket.write(block, more);
    };
    more();
    return '';
  });
  await using session = await connectImap(targetAt(server.port));
  await session.select('INBOX');
  await assert.rejects(session.listUids(), failsWith('protocol'));
  assert.ok(sent < 4 * imapLimits.maxLineBytes, `${sent} bytes were taken`);
});

test('a SELECT without UIDVALIDITY is refused, because UIDs would mean nothing', async () => {
  await using server = await rawServer((line, _socket, tag) =>
    line.includes('SELECT') ? `* 0 EXISTS\r\n${tag} OK done\r\n` : undefined,
  );
  await using session = await connectImap(targetAt(server.port));
  await assert.rejects(session.select('INBOX'), failsWith('protocol', /UIDVALIDITY/));
});

test('UIDs are written as ranges', () => {
  assert.equal(sequenceSet([7, 1, 2, 3, 5, 5]), '1:3,5,7');
  assert.equal(sequenceSet([9]), '9');
});

/** A server that answers everything with OK, but for what `answer` says; an empty answer is one that it sent itself. */
async function rawServer(
  answer: (line: string, socket: Socket, tag: string) => string | undefined,
): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write('* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE IDLE] ready\r\n');
    socket.on('data', (data) => {
      for (const line of data.toString('latin1').split('\r\n')) {
        const [tag = '', command = ''] = line.split(' ');
        if (tag === '') continue;
        const own = answer(line, socket, tag);
        const select = command === 'SELECT' ? '* 0 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n' : '';
        const list = command === 'LIST' ? '* LIST () "/" INBOX\r\n' : '';
        socket.write(own ?? `${select}${list}${tag} OK done\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!isTrue()) {
    assert.ok(Date.now() < deadline, 'what was waited for did not happen');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
