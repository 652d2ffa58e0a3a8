import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { addPerson, call, openServer } from '../../test/attacks/callers.ts';
import { openTestContext } from '../../test/harness/database.ts';
import { makePrivateCertificate } from '../../test/harness/private-ca.ts';
import { openHttp } from './http.ts';
import {
  HEADERS_TIMEOUT_MS,
  MAX_BODY_BYTES,
  MAX_CONNECTIONS,
  MAX_REQUESTS_PER_MINUTE,
  REQUEST_TIMEOUT_MS,
} from './limits.ts';
import { mountedRoutes, type RouteModule } from './mount.ts';

test('a server with a route that declares no role does not start', async () => {
  await using test = await openTestContext();
  const forgotten: RouteModule = async (app) => {
    app.get('/forgotten', () => 'open to all');
  };
  const invented: RouteModule = async (app) => {
    app.get('/invented', { config: { role: 'toString' as 'public' } }, () => 'open to all');
  };
  for (const module of [forgotten, invented]) {
    await assert.rejects(openHttp(test.context, { routes: [...mountedRoutes, module] }), /declares no role/);
  }
});

test('a port that is taken is named, and nothing is left open', async () => {
  await using server = await openServer();
  const settings = { ...server.test.context.settings, port: server.http.address.port };
  await assert.rejects(openHttp({ ...server.test.context, settings }), { code: 'invalid-setting' });
});

test('HTTPS is served with the given certificate, and with HSTS', async () => {
  await using test = await openTestContext();
  const { ca, cert, key } = makePrivateCertificate();
  const tlsCertFile = join(test.directory, 'cert.pem');
  const tlsKeyFile = join(test.directory, 'key.pem');
  await writeFile(tlsCertFile, cert);
  await writeFile(tlsKeyFile, key);
  const settings = { ...test.context.settings, tlsCertFile, tlsKeyFile, publicUrl: 'https://127.0.0.1:0' };
  await using http = await openHttp({ ...test.context, settings });
  assert.equal(http.url, `https://127.0.0.1:${http.address.port}`);
  const [answer] = await once(get(`${http.url}/healthz`, { ca, agent: false }), 'response');
  answer.resume();
  assert.equal(answer.statusCode, 200);
  assert.match(answer.headers['strict-transport-security'], /^max-age=/);
});

test('a certificate that cannot be read is named', async () => {
  await using test = await openTestContext();
  const missing = join(test.directory, 'missing.pem');
  const settings = { ...test.context.settings, tlsCertFile: missing, tlsKeyFile: missing };
  await assert.rejects(openHttp({ ...test.context, settings }), {
    code: 'invalid-setting',
    values: { name: 'PLATEN_TLS_CERT' },
  });
});

test('a certificate that does not belong to its key is refused', async () => {
  await using test = await openTestContext();
  const { ca, key } = makePrivateCertificate();
  const tlsCertFile = join(test.directory, 'cert.pem');
  const tlsKeyFile = join(test.directory, 'key.pem');
  await writeFile(tlsKeyFile, key);
  for (const cert of ['nonsense', ca]) {
    await writeFile(tlsCertFile, cert);
    const settings = { ...test.context.settings, tlsCertFile, tlsKeyFile };
    await assert.rejects(openHttp({ ...test.context, settings }), { code: 'invalid-setting' });
  }
});

test('closing answers a running request first', async () => {
  let release = () => undefined as unknown;
  let entered = () => undefined as unknown;
  const isInside = new Promise((resolve) => {
    entered = () => resolve(undefined);
  });
  const slow: RouteModule = async (app) => {
    app.get('/slow', { config: { role: 'public' } }, async () => {
      entered();
      await new Promise((resolve) => {
        release = () => resolve(undefined);
      });
      return { done: true };
    });
  };
  await using server = await openServer({ routes: [slow] });
  const answer = call(server, 'GET', '/api/v1/slow');
  await isInside;
  const closed = server.http[Symbol.asyncDispose]();
  release();
  assert.deepEqual((await answer).json, { done: true });
  await closed;
});

test('a body is read up to the limit and not one byte further', async () => {
  await using server = await openServer();
  const body = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`;
  const post = (text: string) =>
    call(server, 'POST', '/api/v1/sessions', { headers: { 'content-type': 'application/json' }, text });
  assert.equal((await post(body(MAX_BODY_BYTES))).json.code, 'invalid-request');
  const tooLarge = await post(body(MAX_BODY_BYTES + 1));
  assert.deepEqual([tooLarge.status, tooLarge.json.code], [413, 'too-large']);
});

test('a body is not read before the caller is known', async () => {
  await using server = await openServer();
  const { port } = server.http.address;
  const socket = connect(port, '127.0.0.1');
  // The body never comes: an answer shows that nobody waited for it.
  socket.write(
    `POST /api/v1/tokens HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n`,
  );
  const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(5000) })) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 401 /);
  socket.destroy();
});

test('headers beyond the limit are refused', async () => {
  await using server = await openServer();
  const answer = await call(server, 'GET', '/healthz', { headers: { 'x-long': 'x'.repeat(20_000) } });
  assert.equal(answer.status, 431);
});

test('the listener has its limits of time and number', async () => {
  await using server = await openServer();
  const { app } = server.http;
  assert.equal(app.server.headersTimeout, HEADERS_TIMEOUT_MS);
  assert.equal(app.server.requestTimeout, REQUEST_TIMEOUT_MS);
  assert.equal(app.server.maxConnections, MAX_CONNECTIONS);
});

test('an address that sends too many requests is told when to come back, and others are served', async () => {
  await using server = await openServer();
  const host = new URL(server.test.context.settings.publicUrl).host;
  const ask = (remoteAddress: string) => server.http.app.inject({ url: '/healthz', remoteAddress, headers: { host } });
  for (let sent = 0; sent < MAX_REQUESTS_PER_MINUTE; sent += 500) {
    const answers = await Promise.all(Array.from({ length: 500 }, () => ask('203.0.113.7')));
    assert.ok(answers.every(({ statusCode }) => statusCode === 200));
  }
  const refused = await ask('203.0.113.7');
  assert.deepEqual([refused.statusCode, refused.json().code], [429, 'too-many-requests']);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.equal((await ask('203.0.113.8')).statusCode, 200);
});

test('answers of the API are kept by no cache, and no page may frame or sniff them', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'user');
  for (const path of ['/api/v1/sessions/current', '/api/v1/nothing', '/api/v1/users']) {
    const answer = await call(server, 'GET', path, { headers });
    assert.equal(answer.headers['cache-control'], 'no-store', path);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff', path);
    assert.equal(answer.headers['x-frame-options'], 'DENY', path);
    const policy = String(answer.headers['content-security-policy']);
    assert.match(policy, /^default-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|\*|http/);
    assert.equal(answer.headers['strict-transport-security'], undefined, 'plain HTTP promises no TLS');
  }
});

test('a request is logged without its query and its headers', async () => {
  await using server = await openServer();
  const { headers, id } = await addPerson(server, 'user');
  await call(server, 'GET', '/api/v1/journal?subject=private-words', { headers });
  const lines = server.test.logLines.join('');
  assert.ok(lines.includes('"path":"/api/v1/journal"') && lines.includes(`"actor":"${id}"`));
  assert.ok(!lines.includes('private-words') && !lines.includes(headers.cookie ?? '-'));
});
