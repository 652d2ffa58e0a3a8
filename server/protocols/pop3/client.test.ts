import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { startPracticeTenant } from '../../../simulator/main.ts';
import { type Pop3, startPop3 } from '../../../simulator/pop3/server.ts';
import { pop3Limits } from '../limits.ts';
import { connectPop3, type Pop3Session, type Pop3Target } from './client.ts';
import { Pop3Failure } from './failure.ts';

const ADDRESS = 'print@practice.example';
const PASSWORD = 'quiet harbor';

async function gather(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

const isFailure = (kind: string) => (error: unknown) => error instanceof Pop3Failure && error.kind === kind;

suite('a POP3 session', () => {
  let practice: Awaited<ReturnType<typeof startPracticeTenant>>;
  let pop3: Pop3;
  let target: Pop3Target;
  const mailboxes = () => practice.imap.mailboxes;

  before(async () => {
    practice = await startPracticeTenant();
    const { key, cert } = { key: practice.certificates.key, cert: practice.certificates.cert };
    const { tenant, clock } = practice;
    const around = { tenant, clock, tls: { key, cert }, host: '127.0.0.1', port: 0, mailboxes: mailboxes() };
    pop3 = await startPop3({ ...around, passwords: { [ADDRESS]: PASSWORD } });
    target = {
      host: 'localhost',
      port: pop3.port,
      security: 'tls',
      credentials: { kind: 'password', username: ADDRESS, password: PASSWORD },
      ca: practice.certificates.ca,
    };
  });
  after(async () => {
    await pop3.close();
    await practice.close();
  });

  const messages = () =>
    mailboxes()
      .getFolder(ADDRESS, 'INBOX')
      .messages.filter(({ expunged }) => !expunged);
  const deliver = (text: string | Buffer) => mailboxes().deliver(ADDRESS, Buffer.from(text));

  test('counts, lists and brings messages byte for byte, whatever begins their lines', async () => {
    const bodies = [
      'one\r\n',
      '.\r\n..\r\n.a\r\n',
      '\r\n\r\n',
      `${'x'.repeat(70)}\r\n`.repeat(40_000),
      '\xe9\xff\0\r\n',
    ];
    const raws = bodies.map((body, at) => Buffer.from(`Subject: ${at}\r\n\r\n${body}`, 'latin1'));
    for (const raw of raws) deliver(raw);
    await using session = await connectPop3(target);
    assert.deepEqual(await session.stat(), { count: 5, bytes: raws.reduce((sum, raw) => sum + raw.length, 0) });
    const entries = await session.list();
    assert.deepEqual(
      entries.map(({ bytes }) => bytes),
      raws.map(({ length }) => length),
    );
    assert.equal(new Set(entries.map(({ uidl }) => uidl)).size, 5);
    for (const [at, { number }] of entries.entries()) {
      assert.ok((await gather(session.retrieve(number, 10_000_000))).equals(raws[at] as Buffer), `message ${at}`);
      assert.equal((await session.top(number)).toString(), `Subject: ${at}\r\n\r\n`);
    }
  });

  test('deletes at QUIT, and nothing when the connection ends before it', async () => {
    deliver('Subject: stays\r\n\r\nx\r\n');
    const count = messages().length;
    const first = await connectPop3(target);
    await first.remove(1);
    first.abandon();
    assert.equal(messages().length, count);
    pop3.faults.add({ name: 'drop-before-quit', times: 1 });
    const second = await connectPop3(target);
    await second.remove(1);
    await assert.rejects(second.quit(), isFailure('closed'));
    assert.equal(messages().length, count);
    const third = await connectPop3(target);
    await third.remove(1);
    await third.quit();
    assert.equal(messages().length, count - 1);
  });

  test('that is cut in the middle of a message fails, and never gives a shorter one', async () => {
    deliver(`Subject: cut\r\n\r\n${'y'.repeat(5_000)}\r\n`);
    pop3.faults.add({ name: 'cut-retr', times: 1, afterBytes: 3_000 });
    await using session = await connectPop3(target);
    await assert.rejects(gather(session.retrieve(messages().length, 1_000_000)), isFailure('closed'));
  });

  test('brings a message of exactly the limit, and ends at one byte more', async () => {
    const raw = Buffer.from(`Subject: limit\r\n\r\n${'z'.repeat(1_000)}\r\n`);
    deliver(raw);
    await using session = await connectPop3(target);
    const number = messages().length;
    assert.equal((await gather(session.retrieve(number, raw.length))).length, raw.length);
    await assert.rejects(gather(session.retrieve(number, raw.length - 1)), isFailure('too-large'));
    assert.equal(session.isOpen, false);
  });

  test('says what a refused sign-in was, and that a locked mailbox passes', async () => {
    const wrong = { ...target, credentials: { kind: 'password', username: ADDRESS, password: 'other' } } as const;
    await assert.rejects(connectPop3(wrong), (error: unknown) => {
      assert.ok(error instanceof Pop3Failure);
      assert.deepEqual([error.kind, error.words], ['auth-failed', 'Logon failure: unknown user name or bad password.']);
      return true;
    });
    pop3.faults.add({ name: 'in-use', times: 1 });
    await assert.rejects(connectPop3(target), isFailure('throttled'));
    const token = {
      ...target,
      credentials: { kind: 'token', username: ADDRESS, accessToken: 'x'.repeat(3_000) },
    } as const;
    await assert.rejects(connectPop3(token), isFailure('auth-failed'));
  });

  test('sends no password without TLS, and none to a certificate that nobody vouches for', async () => {
    await assert.rejects(connectPop3({ ...target, security: 'none' }), isFailure('protocol'));
    const { ca: _, ...unknown } = target;
    const before = pop3.counters.refusedLogins + pop3.counters.logins;
    await assert.rejects(connectPop3(unknown), isFailure('unavailable'));
    assert.equal(pop3.counters.refusedLogins + pop3.counters.logins, before);
    await using allowed = await connectPop3({ ...unknown, verifyCertificate: false });
    assert.equal(allowed.isOpen, true);
  });

  test('does not go to an address at which no mail server stands, nor to a name that leads there', async () => {
    for (const host of ['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1', '0.0.0.0']) {
      await assert.rejects(connectPop3({ ...target, host }), isFailure('blocked-address'), host);
    }
    // A name in the form of a number is resolved by the system.
    for (const host of ['2852039166', '0xa9fea9fe']) {
      await assert.rejects(connectPop3({ ...target, host }), /leads to an address that mail servers do not have/, host);
    }
  });

  test('does without UIDL where the server knows none', async () => {
    pop3.faults.add({ name: 'no-uidl', times: 1 });
    await using session = await connectPop3(target);
    const entries = await session.list();
    assert.ok(entries.length > 0 && entries.every(({ uidl }) => uidl === undefined));
  });

  test('ends when it is called off', async () => {
    const stop = new AbortController();
    const session = await connectPop3(target, stop.signal);
    pop3.faults.add({ name: 'hang', times: 1 });
    const asked = session.stat();
    stop.abort();
    await assert.rejects(asked, isFailure('closed'));
  });
});

/** A server that says what a test wrote, over plain TCP, with STLS to a certificate of the practice tenant. */
async function scripted(say: (socket: Socket) => void): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    say(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

test('what came in plain text before the handshake of STLS is nobody’s answer', async () => {
  await using practice = Object.assign(await startPracticeTenant(), {
    async [Symbol.asyncDispose]() {
      await practice.close();
    },
  });
  const { key, cert, ca } = practice.certificates;
  let secured = '';
  const server = await scripted((socket) => {
    socket.write('+OK ready\r\n');
    socket.once('data', () => {
      // An answer to a sign-in that was not even asked for, in the same segment as the answer to STLS.
      socket.write('+OK begin\r\n+OK\r\n.\r\n+OK you are in\r\n');
      const tls = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext({ key, cert }) });
      tls.on('error', () => undefined);
      tls.on('data', (chunk: Buffer) => {
        secured += String(chunk);
        if (secured.endsWith('CAPA\r\n')) tls.write('+OK\r\nUIDL\r\n.\r\n');
        else tls.write('-ERR no\r\n');
      });
    });
  });
  const credentials = { kind: 'password', username: 'a', password: 'b' } as const;
  const target = { host: 'localhost', port: server.port, security: 'starttls', credentials, ca } as const;
  await assert.rejects(connectPop3(target), isFailure('auth-failed'));
  assert.equal(secured, 'CAPA\r\nUSER a\r\n');
  await server.close();
});

test('whatever a server says, a session ends with a value or a failure of its own, within its limits', async () => {
  let answer: Buffer = Buffer.alloc(0);
  const server = await scripted((socket) => {
    socket.end(answer);
  });
  const piece = fc.oneof(
    fc.constantFrom(
      '+OK',
      '-ERR',
      '+ ',
      '\r\n',
      '.',
      '..',
      '\r\n.\r\n',
      '\0',
      '1 10\r\n',
      '999999999999 x\r\n',
      '+OK 1 2',
    ),
    fc.string({ maxLength: 30 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
      answer = Buffer.from(pieces.join(''), 'latin1');
      const credentials = { kind: 'password', username: 'a', password: 'b' } as const;
      const target: Pop3Target = { host: '127.0.0.1', port: server.port, security: 'starttls', credentials };
      const outcome = await connectPop3(target).catch((error: unknown) => error);
      assert.ok(outcome instanceof Pop3Failure, String(outcome));
    }),
    { numRuns: 200 },
  );
  answer = Buffer.alloc(pop3Limits.maxLineBytes + 1, 'x');
  const credentials = { kind: 'password', username: 'a', password: 'b' } as const;
  const endless = connectPop3({ host: '127.0.0.1', port: server.port, security: 'starttls', credentials });
  await assert.rejects(endless as Promise<Pop3Session>, isFailure('too-large'));
  await server.close();
});
