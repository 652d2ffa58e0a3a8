/** Attack 24 of the threat model at the web interface: clients that are slow on purpose, and many of them. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { Http } from '../../server/http/http.ts';
import { openHttp } from '../../server/http/http.ts';
import type { RouteModule } from '../../server/http/mount.ts';
import { openTestContext } from '../harness/database.ts';
import { makePrivateCertificate } from '../harness/private-ca.ts';
import { eventually } from '../harness/time.ts';
import { call, openServer } from './callers.ts';

/** As the real ones, and short enough to be waited for. */
const patience = { headersMs: 400, requestMs: 800, checkMs: 50, silenceMs: 60_000 };
const BYTE_MS = 20;
const CROWD = 60;

type Dripping = AsyncDisposable & { readonly socket: Socket; readonly heard: () => string };

/** Sends the beginning at once and the rest byte by byte, without end; it keeps its side open whatever it hears. */
function drip(http: Http, beginning: string, localAddress = '127.0.0.1'): Dripping {
  const socket = connect({ port: http.address.port, host: '127.0.0.1', localAddress, allowHalfOpen: true });
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  if (beginning !== '') socket.write(beginning);
  const drips = setInterval(() => beginning !== '' && socket.writable && socket.write('a'), BYTE_MS);
  return {
    socket,
    heard: () => heard,
    async [Symbol.asyncDispose]() {
      clearInterval(drips);
      socket.destroy();
    },
  };
}

const openConnections = (http: Http) =>
  new Promise<number>((resolve, reject) => {
    http.app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });

const host = (http: Http) => `Host: 127.0.0.1:${http.address.port}\r\n`;

for (const { name, beginningOf, answer } of [
  {
    name: 'headers come byte by byte',
    beginningOf: (http: Http) => `GET /healthz HTTP/1.1\r\n${host(http)}X-Slow: `,
    answer: /^HTTP\/1\.1 408 /,
  },
  {
    name: 'body comes byte by byte',
    beginningOf: (http: Http) =>
      `POST /api/v1/sessions HTTP/1.1\r\n${host(http)}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"`,
    answer: /^HTTP\/1\.1 408 /,
  },
  { name: 'request never begins', beginningOf: () => '', answer: /^HTTP\/1\.1 408 / },
] as const) {
  test(`clients whose ${name} are ended after the limit, and others are served meanwhile`, async () => {
    await using server = await openServer({ patience });
    const { http } = server;
    await using crowd = new AsyncDisposableStack();
    const slow = Array.from({ length: CROWD }, () => crowd.use(drip(http, beginningOf(http))));
    await eventually(async () => (await openConnections(http)) === CROWD);
    assert.equal((await call(server, 'GET', '/healthz')).status, 200);
    await eventually(async () => (await openConnections(http)) === 0, { what: 'the slow ones are ended' });
    await eventually(() => slow.every(({ heard }) => answer.test(heard())), { what: 'they are told why' });
    assert.equal((await call(server, 'GET', '/healthz')).status, 200);
  });
}

test('a client that connects to HTTPS and never shakes hands is ended after the limit', async () => {
  await using test = await openTestContext();
  const { cert, key } = makePrivateCertificate();
  const tlsCertFile = join(test.directory, 'cert.pem');
  const tlsKeyFile = join(test.directory, 'key.pem');
  await writeFile(tlsCertFile, cert);
  await writeFile(tlsKeyFile, key);
  const settings = { ...test.context.settings, tlsCertFile, tlsKeyFile, publicUrl: 'https://127.0.0.1:0' };
  await using http = await openHttp({ ...test.context, settings }, { patience });
  await using _silent = drip(http, '');
  await eventually(async () => (await openConnections(http)) === 1);
  await eventually(async () => (await openConnections(http)) === 0, { what: 'the silent one is ended' });
});

test('a client that never reads its answer is ended when nothing has moved for a while', async () => {
  const endless: RouteModule = async (app) => {
    app.get('/endless', { config: { role: 'public' } }, (_request, reply) => {
      const piece = Buffer.alloc(64 * 1024, 'x');
      return reply.send(
        new Readable({
          read() {
            this.push(piece);
          },
        }),
      );
    });
  };
  await using server = await openServer({ patience: { ...patience, silenceMs: 400 }, routes: [endless] });
  const { http } = server;
  const socket = connect({ port: http.address.port, host: '127.0.0.1' });
  using _closed = { [Symbol.dispose]: () => socket.destroy() };
  socket.on('error', () => undefined);
  socket.write(`GET /api/v1/endless HTTP/1.1\r\n${host(http)}\r\n`);
  await eventually(async () => (await openConnections(http)) === 1);
  await eventually(async () => (await openConnections(http)) === 0, { what: 'the one that does not read is ended' });
});

test('one address has no more than its share of the connections, and gets them back', async () => {
  await using server = await openServer({ patience: { connectionsPerAddress: 5 } });
  const { http } = server;
  {
    await using crowd = new AsyncDisposableStack();
    const sockets = Array.from({ length: 12 }, () => crowd.use(drip(http, '', '127.0.0.2')).socket);
    await eventually(() => sockets.filter((socket) => socket.readableEnded || socket.destroyed).length === 7);
    assert.equal((await call(server, 'GET', '/healthz')).status, 200);
  }
  await eventually(async () => (await openConnections(http)) === 0);
  await using again = drip(http, `GET /healthz HTTP/1.1\r\n${host(http)}\r\n`, '127.0.0.2');
  await eventually(() => /^HTTP\/1\.1 200 /.test(again.heard()));
});
