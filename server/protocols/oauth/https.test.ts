import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { json, type RawIdentity, startRawIdentity } from '../../../test/harness/raw-identity.ts';
import { OAUTH_MAX_ANSWER_BYTES } from '../limits.ts';
import { exchangeOverHttps, HttpsFailure, type Transport } from './https.ts';

const now = new Date('2026-11-22T10:00:00Z');

describe('one exchange over https', () => {
  let peer: RawIdentity;
  before(async () => {
    peer = await startRawIdentity(json(200, {}));
  });
  after(() => peer.close());

  const get = (more: Partial<Transport> = {}, signal?: AbortSignal) =>
    exchangeOverHttps(
      { url: new URL(`${peer.authority}/x`), method: 'GET', headers: {} },
      { transport: { ca: [peer.ca], timeoutMs: 5000, ...more }, now, ...(signal === undefined ? {} : { signal }) },
    );

  test('a private certificate authority is trusted when it is named, and only then', async () => {
    peer.answer(json(200, { fine: true }));
    assert.equal((await get()).body, '{"fine":true}');
    const stranger = exchangeOverHttps(
      { url: new URL(peer.authority), method: 'GET', headers: {} },
      { transport: { timeoutMs: 5000 }, now },
    );
    await assert.rejects(stranger, (error) => error instanceof HttpsFailure && /UNABLE_TO_VERIFY/.test(error.message));
  });

  test('an address without TLS is not asked', async () => {
    const plain = exchangeOverHttps(
      { url: new URL(`http://localhost:${peer.port}/`), method: 'GET', headers: {} },
      { transport: {}, now },
    );
    await assert.rejects(plain, /only https/);
  });

  test('a redirect is an answer and is not followed', async () => {
    peer.asked.length = 0;
    peer.answer((_asked, response) => response.writeHead(302, { location: `${peer.authority}/elsewhere` }).end());
    assert.equal((await get()).status, 302);
    assert.equal(peer.asked.length, 1);
  });

  test('an answer of exactly the limit is read and one byte more is not', async () => {
    const send = (bytes: number) => peer.answer((_asked, response) => response.end(Buffer.alloc(bytes, 'a')));
    send(OAUTH_MAX_ANSWER_BYTES);
    assert.equal((await get()).body.length, OAUTH_MAX_ANSWER_BYTES);
    send(OAUTH_MAX_ANSWER_BYTES + 1);
    await assert.rejects(get(), /longer than/);
  });

  test('an answer of 100 MB is cut off after the limit', async () => {
    let written = 0;
    peer.answer((_asked, response, socket) => {
      const piece = Buffer.alloc(64 * 1024, 'a');
      const pump = () => {
        while (written < 100 * 1024 * 1024 && !socket.destroyed) {
          written += piece.length;
          if (!response.write(piece)) return void response.once('drain', pump);
        }
        response.end();
      };
      pump();
    });
    await assert.rejects(get(), /longer than/);
    assert.ok(written < 50 * 1024 * 1024, `the server got rid of ${written} bytes`);
  });

  test('one deadline holds for an answer that comes byte by byte', async () => {
    let drip: NodeJS.Timeout | undefined;
    peer.answer((_asked, response, socket) => {
      response.writeHead(200);
      drip = setInterval(() => response.write('a'), 20);
      socket.once('close', () => clearInterval(drip));
    });
    await assert.rejects(get({ timeoutMs: 300 }), /did not answer in time/);
    clearInterval(drip);
  });

  test('a connection that is reset in the middle of the body is no answer', async () => {
    peer.answer((_asked, response, socket) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"error":', () => socket.destroy());
    });
    await assert.rejects(get(), HttpsFailure);
  });

  test('giving up throws the reason of the caller and not a failure of the network', async () => {
    const giveUp = new AbortController();
    peer.answer(() => giveUp.abort(new Error('the worker stops')));
    await assert.rejects(get({}, giveUp.signal), /the worker stops/);
  });

  test('a proxy is asked to connect, with its password, and not for hosts it is not meant for', async () => {
    peer.answer(json(200, { through: 'the proxy' }));
    const proxy = await startProxy();
    try {
      const httpsProxy = `http://anna:secret@127.0.0.1:${proxy.port}`;
      assert.equal((await get({ httpsProxy })).body, '{"through":"the proxy"}');
      const basic = `Basic ${Buffer.from('anna:secret').toString('base64')}`;
      assert.deepEqual(proxy.connects, [{ target: `localhost:${peer.port}`, authorization: basic }]);
      await get({ httpsProxy, noProxy: 'localhost' });
      assert.equal(proxy.connects.length, 1);
    } finally {
      await proxy.close();
    }
  });

  test('a proxy that refuses is a failure that names no password', async () => {
    const proxy = await startProxy('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    try {
      const refused = get({ httpsProxy: `http://anna:secret@127.0.0.1:${proxy.port}` });
      await assert.rejects(refused, (error) => error instanceof HttpsFailure && !error.message.includes('secret'));
    } finally {
      await proxy.close();
    }
  });

  test('a proxy that never answers is given up at the deadline', async () => {
    const proxy = await startProxy('');
    try {
      const silent = get({ httpsProxy: `http://127.0.0.1:${proxy.port}`, timeoutMs: 300 });
      await assert.rejects(silent, /did not answer in time/);
    } finally {
      await proxy.close();
    }
  });
});

async function startProxy(refusal?: string) {
  const connects: { target: string | undefined; authorization: string | undefined }[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer();
  server.on('connect', (request, client: Socket) => {
    connects.push({ target: request.url, authorization: request.headers['proxy-authorization'] });
    sockets.add(client);
    client.on('error', () => undefined);
    if (refusal === '') return;
    if (refusal !== undefined) return void client.end(refusal);
    const [host, port] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connects,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
