import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { type Imap, startImap } from './server.ts';
import { bodyStructure, envelope, parseMessage } from './structure.ts';

const ADDRESS = 'print@practice.example';
const clock = { now: () => new Date() };
const tenant = { findAccessToken: () => undefined, mayOpenMailbox: () => false };
const SECOND_MS = 1000;

let imap: Imap;
let failures: string[];
const sockets = new Set<Socket>();

beforeEach(async () => {
  failures = [];
  const log = (line: string): void => {
    if (line.includes('failed: ')) failures.push(line);
  };
  const passwords = { [ADDRESS]: 'secret' };
  imap = await startImap({ tenant, clock, host: '127.0.0.1', port: 0, passwords, log });
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await imap.close();
});

async function open(): Promise<Socket> {
  const socket = connect(imap.port, imap.host);
  socket.on('error', () => undefined);
  sockets.add(socket);
  await once(socket, 'data');
  return socket;
}

const PATIENCE_MS = 30;

/** Sends the bytes and a farewell; where that was swallowed by an open literal, the socket is dropped after a moment. */
async function exchange(bytes: Buffer): Promise<string> {
  const socket = await open();
  let said = '';
  socket.setEncoding('latin1').on('data', (text) => {
    said += text;
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(`L LOGIN ${ADDRESS} secret\r\nS SELECT INBOX\r\n`);
  socket.write(bytes);
  socket.write('\r\nDONE\r\nZ LOGOUT\r\n');
  while ((await Promise.race([closed, sleep(PATIENCE_MS, 'waited')])) === 'waited') {
    if (/\r\nS OK /.test(said)) socket.destroy();
  }
  return said;
}

async function answersStill(): Promise<void> {
  assert.match(await exchange(Buffer.from('Y NOOP')), /Y OK NOOP completed\.\r\n/);
}

const WORDS = [
  'A1',
  'UID',
  'FETCH',
  'SEARCH',
  'STORE',
  'MOVE',
  'LIST',
  'APPEND',
  'INBOX',
  '1:*',
  '(',
  ')',
  '"',
  '\\',
  '*',
];
const MORE = [
  '{3}',
  '{3+}',
  '{99999999999}',
  '\r\n',
  ' ',
  'BODY[',
  ']',
  '<0.1>',
  'FLAGS',
  '\0',
  'ü',
  'NOT',
  'OR',
  '%',
  'IDLE',
  'DONE',
];

test('no input, however wrong, brings the server out of step', { timeout: 60_000 }, async () => {
  imap.mailboxes.deliver(ADDRESS, Buffer.from('Subject: one\r\n\r\nbody\r\n'));
  const piece = fc.oneof(fc.constantFrom(...WORDS, ...MORE), fc.string({ maxLength: 5 }));
  const line = fc.array(piece, { maxLength: 12 }).map((pieces) => `A1 ${pieces.join(' ')}\r\n`);
  const garbage = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const input = fc.oneof(
    fc.array(line, { maxLength: 5 }).map((lines) => Buffer.from(lines.join(''))),
    garbage,
  );
  await fc.assert(
    fc.asyncProperty(input, async (bytes) => {
      await exchange(bytes);
    }),
    { numRuns: 300 },
  );
  assert.deepEqual(failures, []);
  await answersStill();
});

test('any bytes are a message with a structure', () => {
  const line = fc.constantFrom(
    'Content-Type: multipart/mixed; boundary=b',
    'Content-Type: message/rfc822',
    '--b',
    '--b--',
    '',
    ' x',
  );
  const other = fc.constantFrom(
    'From: <<a>, "b',
    'To: (((',
    'Content-Disposition: ;;=;',
    'Content-Type: /;charset="',
    ': x',
    '\0',
  );
  const mail = fc.array(fc.oneof(line, other, fc.string()), { maxLength: 40 });
  fc.assert(
    fc.property(mail, fc.constantFrom('\n', '\r\n', '\r'), (lines, lineEnd) => {
      const bytes = Buffer.from(lines.join(lineEnd));
      const part = parseMessage(bytes);
      assert.ok(envelope(part).length > 0 && bodyStructure(bytes, part, 'BODYSTRUCTURE').length > 0);
    }),
    { numRuns: 2000 },
  );
});

test('headers and patterns that would stall a backtracking search are read at once', async () => {
  const megabyte = 1024 * 1024;
  for (const piece of ['<', '(', '"', ',', '<a@b>,', ';a', '; ', '\\', '\r\n ']) {
    const bytes = Buffer.from(
      `From: ${piece.repeat(megabyte / piece.length)}\r\nContent-Type: a/b${piece.repeat(1000)}\r\n\r\n`,
    );
    const startedAt = process.hrtime.bigint();
    envelope(parseMessage(bytes));
    const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
    assert.ok(seconds < 2, `${JSON.stringify(piece)} took ${seconds} s`);
  }
  imap.mailboxes.createFolder(imap.mailboxes.open(ADDRESS), 'a'.repeat(200));
  const answer = await exchange(Buffer.from(`A LIST "" "${'*a'.repeat(90)}*b"`));
  assert.match(answer, /^A OK LIST completed\.\r$/m);
});

test('parts whose boundary never comes are not searched for in the whole message each', () => {
  const part = '--a\r\nContent-Type: multipart/mixed; boundary=never\r\n\r\nx\r\n';
  const head = 'Content-Type: multipart/mixed; boundary=a\r\n\r\n';
  const bytes = Buffer.concat([Buffer.from(head + part.repeat(900)), Buffer.alloc(50 * 1024 * 1024, 'x')]);
  const startedAt = process.hrtime.bigint();
  assert.equal(parseMessage(bytes).children.length, 900);
  assert.ok(Number(process.hrtime.bigint() - startedAt) / 1e9 < 2);
});

test('a client that does not read cannot keep the server from closing', async () => {
  imap.mailboxes.deliver(ADDRESS, Buffer.alloc(50 * 1024 * 1024, 'Subject: x\r\n'));
  const socket = await open();
  socket.pause();
  socket.write(`L LOGIN ${ADDRESS} secret\r\nS SELECT INBOX\r\nF FETCH 1 BODY.PEEK[]\r\n`);
  const deadline = AbortSignal.timeout(5 * SECOND_MS);
  while (imap.counters.commands.FETCH !== 1) {
    assert.ok(!deadline.aborted);
    await sleep(5);
  }
  const startedAt = Date.now();
  await imap.close();
  assert.ok(Date.now() - startedAt < 3 * SECOND_MS);
  imap = await startImap({ tenant, clock, host: '127.0.0.1', port: 0 });
});

test('a BYE never stands inside a body', async () => {
  const body = Buffer.from(`Subject: x\r\n\r\n${'y'.repeat(5000)}\r\n`);
  imap.mailboxes.deliver(ADDRESS, body);
  imap.mailboxes.deliver(ADDRESS, body);
  imap.faults.add({ kind: 'slow-fetch', bytesPerSecond: 10_000 });
  const socket = await open();
  let said = '';
  socket.setEncoding('latin1').on('data', (text) => {
    said += text;
  });
  socket.write(`L LOGIN ${ADDRESS} secret\r\nS SELECT INBOX\r\nF FETCH 1:2 BODY[]\r\n`);
  while (!said.includes('yyy')) await once(socket, 'data', { signal: AbortSignal.timeout(5 * SECOND_MS) });
  await imap.endSessions('token-expired');
  if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(5 * SECOND_MS) });
  assert.ok(!said.includes('BYE'));
  assert.ok(said.length < body.length);
  await sleep(50); // the slow body's next step comes after 20 ms
  assert.deepEqual(failures, []);
});

test('a command cannot grow without end by one literal after the other', async () => {
  const answer = await exchange(Buffer.from(`A APPEND INBOX ${'{0+}\r\n'.repeat(3000)}\r\n`));
  assert.match(answer, /BAD Command Argument Error\. 12\r\n\* BYE Connection closed\. 14\r\n$/);
});
