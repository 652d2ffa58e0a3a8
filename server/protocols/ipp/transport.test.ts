import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { makeSelfSigned, type SelfSigned } from '../../../test/harness/self-signed.ts';
import { ippLimits } from '../limits.ts';
import { cancelJob, getPrinterAttributes, type IppCaller, printJob } from './client.ts';
import { encodeMessage } from './encode.ts';
import { ippTags, keyword } from './message.ts';
import { parsePrinterUri } from './target.ts';
import { type IppAttempt, type IppDocument, IppTransport, type IppTransportOptions } from './transport.ts';
import { IppTransportError, type IppTransportFailure } from './transport-error.ts';

type Conversation = (socket: Socket, received: () => string) => void;

/** A server of raw octets: `speak` starts when the first request line has come. */
async function serve(t: TestContext, speak: Conversation, server: Server = createServer()): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    let received = '';
    let hasSpoken = false;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1').slice(0, 100_000);
      if (hasSpoken || !received.includes('\r\n\r\n')) return;
      hasSpoken = true;
      speak(socket, () => received);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

const ATTEMPT: IppAttempt = { deadlineMs: 5000, idleMs: 2000 };

function callerOf(
  t: TestContext,
  place: string,
  options: {
    attempt?: IppAttempt;
    trust?: IppTransportOptions['trust'];
    resolve?: IppTransportOptions['resolve'];
  } = {},
): IppCaller {
  const { attempt = ATTEMPT, trust = { kind: 'first-use' }, resolve } = options;
  const target = parsePrinterUri(place);
  const transport = new IppTransport({ target, trust, ...(resolve ? { resolve } : {}) });
  t.after(() => transport.close());
  return { transport, version: '2.0', userName: 'someone', attempt };
}

const ippBody = (requestId: number): Buffer =>
  encodeMessage({
    version: { major: 2, minor: 0 },
    code: 0,
    requestId,
    groups: [{ tag: ippTags.printerAttributes, attributes: new Map([['printer-state-reasons', [keyword('none')]]]) }],
    data: new Uint8Array(0),
    duplicates: [],
  });
const httpAnswer = (body: Buffer, headers = 'Content-Type: application/ipp\r\nConnection: close'): Buffer =>
  Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${headers}\r\nContent-Length: ${body.length}\r\n\r\n`), body]);

const ask = (caller: IppCaller) => getPrinterAttributes(caller, ['printer-state']);

async function failsWith(attempt: Promise<unknown>, kind: IppTransportFailure): Promise<IppTransportError> {
  let failure: unknown;
  await assert.rejects(attempt, (error) => {
    failure = error;
    return error instanceof IppTransportError;
  });
  assert.ok(failure instanceof IppTransportError);
  assert.equal(failure.kind, kind, failure.message);
  return failure;
}

/** A document that can go on for ever, counting what was taken of it. */
function endlessDocument(): { document: IppDocument; taken: () => number } {
  let taken = 0;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (;;) {
      taken += 65_536;
      yield Buffer.alloc(65_536);
    }
  }
  return { document: { bytes: bytes() }, taken: () => taken };
}

const printing = (caller: IppCaller, document: IppDocument) =>
  printJob(caller, { jobName: 'one', documentFormat: 'application/pdf', template: new Map(), document });

test('requests to one printer share a connection', async (t) => {
  const server = createServer();
  let connections = 0;
  server.on('connection', (socket) => {
    connections += 1;
    let requestId = 0;
    socket.on('data', () => {
      requestId += 1;
      socket.write(httpAnswer(ippBody(requestId), 'Content-Type: application/ipp'));
    });
  });
  const port = await serve(t, () => undefined, server);
  const caller = callerOf(t, `ipp://127.0.0.1:${port}/ipp/print`);
  for (let request = 0; request < 3; request += 1) assert.equal((await ask(caller)).status, 0);
  assert.equal(connections, 1);
});

test('a question is asked again when the printer has closed the kept connection, an order is not', async (t) => {
  let requestId = 0;
  const server = createServer((socket) => {
    let requests = 0;
    socket.on('data', () => {
      requests += 1;
      // Like a printer that gave up the connection at the moment in which it is used again.
      if (requests > 1) {
        socket.destroy();
        return;
      }
      requestId += 1;
      socket.write(httpAnswer(ippBody(requestId), 'Content-Type: application/ipp'));
    });
  });
  const port = await serve(t, () => undefined, server);
  const caller = callerOf(t, `ipp://127.0.0.1:${port}/`);
  assert.equal((await ask(caller)).status, 0);
  assert.equal((await cancelFails(caller)).wasReused, true);
  requestId = 2;
  assert.equal((await ask(caller)).status, 0);
  requestId = 3;
  assert.equal((await ask(caller)).status, 0);
});

const cancelFails = (caller: IppCaller) => failsWith(cancelJob(caller, 1), 'interrupted');

test('the request names the printer, its type and its length, and a document is chunked unless asked otherwise', async (t) => {
  const heads: string[] = [];
  const port = await serve(t, (socket, received) => {
    setTimeout(() => {
      heads.push(received());
      socket.end(httpAnswer(ippBody(heads.length)));
    }, 50);
  });
  const caller = callerOf(t, `ipp://127.0.0.1:${port}/ipp/print`);
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('%PDF-');
    yield Buffer.from('1.7');
  }
  await ask(caller);
  await printing(caller, { bytes: bytes(), size: 8 });
  await printing(caller, { bytes: bytes(), size: 8, framing: 'length' });
  const [plain = '', chunked = '', counted = ''] = heads;
  assert.match(plain, new RegExp(`^POST /ipp/print HTTP/1\\.1\\r\\nhost: 127\\.0\\.0\\.1:${port}\\r\\n`, 'i'));
  assert.match(plain, /content-type: application\/ipp\r\ncontent-length: \d+\r\n/i);
  assert.match(chunked, /transfer-encoding: chunked\r\n/i);
  assert.match(chunked, /%PDF-\r\n3\r\n1\.7\r\n0\r\n\r\n$/);
  const [head = '', body = ''] = counted.split(/\r\n\r\n(.*)/s);
  assert.equal(Number(/content-length: (\d+)/i.exec(head)?.[1]), body.length);
  assert.match(body, /%PDF-1\.7$/);
});

test('a printer that refuses while the document is still sent is heard, and the rest is not sent', async (t) => {
  // It neither ends the connection nor stops reading, so that only we can end the sending.
  const refusal = httpAnswer(ippBody(1), 'Content-Type: application/ipp');
  const closed = Promise.withResolvers<void>();
  const port = await serve(t, (socket) => {
    socket.on('close', () => closed.resolve());
    socket.write(refusal);
  });
  const { document, taken } = endlessDocument();
  const attempt = { deadlineMs: 600_000, idleMs: 600_000 };
  const answer = await printing(callerOf(t, `ipp://127.0.0.1:${port}/`, { attempt }), document);
  assert.equal(answer.documentSent, 'partly');
  const whenAnswered = taken();
  await closed.promise;
  assert.equal(taken(), whenAnswered);
});

test('a document that is shorter or longer than announced, or cannot be read, is never completed at the printer', async (t) => {
  const wire: string[] = [];
  const port = await serve(t, (socket, received) => socket.on('close', () => wire.push(received())));
  const caller = callerOf(t, `ipp://127.0.0.1:${port}/`);
  async function* bytes(fails: 'at the end' | 'never'): AsyncGenerator<Uint8Array> {
    yield Buffer.from('0123456789');
    if (fails === 'at the end') throw new Error('disk error');
  }
  const documents: IppDocument[] = [
    { bytes: bytes('never'), size: 11 },
    { bytes: bytes('never'), size: 9 },
    { bytes: bytes('at the end'), size: 10 },
  ];
  for (const document of documents) {
    const failure = await failsWith(printing(caller, document), 'document');
    assert.equal(failure.sent, 'something');
  }
  for (const sent of wire) assert.doesNotMatch(sent, /\r\n0\r\n\r\n$/);
});

test('answers that are no IPP are refused, each with its reason', async (t) => {
  const conversations: [IppTransportFailure, Conversation][] = [
    ['format', (socket) => socket.end(randomBytes(4000))],
    [
      'http',
      (socket) => socket.end('HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n'),
    ],
    ['http', (socket) => socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 6\r\n\r\nsecret')],
    ['http', (socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n')],
    ['format', (socket) => socket.end(httpAnswer(Buffer.from('<html>secret</html>'), 'Content-Type: text/html'))],
    ['format', (socket) => socket.end(httpAnswer(Buffer.from('secret'), 'Content-Type: application/ipp'))],
    ['format', (socket) => socket.end(httpAnswer(ippBody(77)))],
    [
      'format',
      (socket) => socket.end(httpAnswer(ippBody(1), 'Content-Type: application/ipp\r\nContent-Encoding: gzip')),
    ],
    ['format', (socket) => socket.end(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(ippLimits.maxHttpHeaderBytes)}\r\n\r\n`)],
    ['interrupted', (socket) => socket.end(httpAnswer(ippBody(1)).subarray(0, -4))],
    ['interrupted', (socket) => socket.end()],
    ['interrupted', (socket) => socket.resetAndDestroy()],
  ];
  for (const [kind, speak] of conversations) {
    const port = await serve(t, speak);
    const failure = await failsWith(ask(callerOf(t, `ipp://127.0.0.1:${port}/`)), kind);
    assert.equal(failure.sent, 'something');
    assert.doesNotMatch(failure.message, /secret/);
  }
});

test('an answer of ten gigabytes is cut at the limit, announced or not', async (t) => {
  let written = 0;
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')]);
  const port = await serve(t, (socket) => {
    const pour = () => {
      while (!socket.destroyed && written < 10 * 2 ** 30) {
        written += chunk.length;
        if (!socket.write(chunk)) return;
      }
    };
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nTransfer-Encoding: chunked\r\n\r\n');
    socket.on('drain', pour);
    pour();
  });
  const failure = await failsWith(ask(callerOf(t, `ipp://127.0.0.1:${port}/`)), 'format');
  assert.match(failure.message, /larger than/);
  assert.ok(written < 4 * ippLimits.maxAnswerBytes, `${written} bytes were taken`);
  const announced = 'HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: 10737418240\r\n\r\n';
  const second = await serve(t, (socket) => socket.write(announced));
  assert.match((await failsWith(ask(callerOf(t, `ipp://127.0.0.1:${second}/`)), 'format')).message, /larger than/);
});

test('an answer that drips byte by byte ends at the deadline, silence at the idle limit', async (t) => {
  const dripping = await serve(t, (socket) => {
    const answer = httpAnswer(ippBody(1));
    let offset = 0;
    const timer = setInterval(() => socket.write(answer.subarray(offset, ++offset)), 40);
    socket.on('close', () => clearInterval(timer));
  });
  const slow = callerOf(t, `ipp://127.0.0.1:${dripping}/`, { attempt: { deadlineMs: 400, idleMs: 200 } });
  assert.match((await failsWith(ask(slow), 'timeout')).message, /in time/);
  const silent = await serve(t, () => undefined);
  const waiting = callerOf(t, `ipp://127.0.0.1:${silent}/`, { attempt: { deadlineMs: 5000, idleMs: 200 } });
  assert.match((await failsWith(ask(waiting), 'timeout')).message, /silent/);
});

test('a signal ends an attempt, and closing the transport ends all of them', async (t) => {
  const port = await serve(t, () => undefined);
  const stop = new AbortController();
  const caller = callerOf(t, `ipp://127.0.0.1:${port}/`, { attempt: { ...ATTEMPT, signal: stop.signal } });
  const first = failsWith(ask(caller), 'canceled');
  stop.abort();
  await first;
  assert.equal((await failsWith(ask(caller), 'canceled')).sent, 'nothing');
  const other = callerOf(t, `ipp://127.0.0.1:${port}/`);
  const second = failsWith(cancelJob(other, 1), 'canceled');
  await new Promise((resolve) => setTimeout(resolve, 50));
  await other.transport.close();
  await second;
});

test('nothing was sent where no connection came about', async (t) => {
  const port = await serve(t, () => undefined);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  const closed = typeof address === 'object' && address ? address.port : 0;
  assert.equal((await failsWith(ask(callerOf(t, `ipp://127.0.0.1:${closed}/`)), 'unreachable')).sent, 'nothing');
  const unknown = callerOf(t, `ipp://printer.example:${port}/`, { resolve: async () => [] });
  assert.equal((await failsWith(ask(unknown), 'unreachable')).sent, 'nothing');
  assert.equal((await failsWith(ask(callerOf(t, 'ipp://169.254.169.254/')), 'blocked')).sent, 'nothing');
});

test('a name is resolved once, and a second answer of the resolver is not asked for', async (t) => {
  const port = await serve(t, (socket) => socket.end(httpAnswer(ippBody(1))));
  const answers = [
    [{ address: '127.0.0.1', family: 4 as const }],
    [{ address: '169.254.169.254', family: 4 as const }],
  ];
  let asked = 0;
  const rebinding = async () => answers[asked++] ?? [];
  const caller = callerOf(t, `ipp://printer.example:${port}/`, { resolve: rebinding });
  assert.equal((await ask(caller)).status, 0);
  assert.equal(asked, 1);
  // The next connection asks again, and what it is told now is blocked.
  await failsWith(ask(caller), 'blocked');
});

async function serveTls(t: TestContext, tls: SelfSigned): Promise<{ port: number; heard: () => number }> {
  let heard = 0;
  const server = createTlsServer(tls, (socket) => {
    let requestId = 0;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.length;
      requestId += 1;
      socket.write(httpAnswer(ippBody(requestId), 'Content-Type: application/ipp'));
    });
  });
  return { port: await serve(t, () => undefined, server), heard: () => heard };
}

test('a certificate is told at first use, kept by its pin, and another one gets not one byte of the request', async (t) => {
  const first = await serveTls(t, makeSelfSigned());
  const answer = await ask(callerOf(t, `ipps://127.0.0.1:${first.port}/`));
  assert.match(answer.certificate?.sha256 ?? '', /^[0-9a-f]{64}$/);
  assert.equal(answer.certificate?.isAuthorized, false);
  const trust = { kind: 'pin' as const, sha256: answer.certificate?.sha256 ?? '' };
  assert.equal((await ask(callerOf(t, `ipps://127.0.0.1:${first.port}/`, { trust }))).status, 0);
  const other = await serveTls(t, makeSelfSigned());
  const failure = await failsWith(ask(callerOf(t, `ipps://127.0.0.1:${other.port}/`, { trust })), 'certificate');
  assert.equal(failure.sent, 'nothing');
  assert.match(failure.certificate?.sha256 ?? '', /^[0-9a-f]{64}$/);
  assert.notEqual(failure.certificate?.sha256, trust.sha256);
  assert.equal(other.heard(), 0);
});

test('a certificate of an authority is trusted only when that authority is', async (t) => {
  const tls = makeSelfSigned();
  const { port, heard } = await serveTls(t, tls);
  const stranger = callerOf(t, `ipps://127.0.0.1:${port}/`, { trust: { kind: 'authorities' } });
  const failure = await failsWith(ask(stranger), 'certificate');
  assert.equal(failure.sent, 'nothing');
  assert.equal(heard(), 0);
  const known = { kind: 'authorities' as const, ca: [tls.cert] };
  const answer = await ask(callerOf(t, `ipps://127.0.0.1:${port}/`, { trust: known }));
  assert.equal(answer.certificate?.isAuthorized, true);
});

test('a TLS printer address that speaks no TLS is unreachable', async (t) => {
  const port = await serve(t, (socket) => socket.end(httpAnswer(ippBody(1))));
  const failure = await failsWith(
    ask(callerOf(t, `ipps://127.0.0.1:${port}/`, { attempt: { deadlineMs: 700, idleMs: 700 } })),
    'timeout',
  );
  assert.equal(failure.sent, 'nothing');
});
