import assert from 'node:assert/strict';
import { createServer as createHttp, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { makePrivateCertificate } from '../../../test/harness/private-ca.ts';
import { findWebhookUrl, postWebhook } from './post.ts';

const post = { body: '{"text":"grüezi"}', headers: { 'platen-alarm-id': '1' } };
const never = new AbortController().signal;

async function listen(answer: RequestListener, tls?: { cert: string; key: string }) {
  const server = tls === undefined ? createHttp(answer) : createHttps(tls, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

test('a webhook gets the body and the headers, and 2xx is acceptance', async () => {
  const seen: string[] = [];
  await using server = await listen(async (request, answer) => {
    seen.push(request.method ?? '', request.headers['content-type'] ?? '', String(request.headers['platen-alarm-id']));
    seen.push(await textOf(request));
    answer.writeHead(204).end();
  });
  const outcome = await postWebhook(new URL(`http://127.0.0.1:${server.port}/hook?key=1`), post, never);
  assert.deepEqual(outcome, { kind: 'accepted', status: 204 });
  assert.deepEqual(seen, ['POST', 'application/json', '1', post.body]);
});

test('a redirect is not followed, and any other status is a refusal', async () => {
  let asked = 0;
  await using server = await listen((_request, answer) => {
    asked += 1;
    answer.writeHead(asked === 1 ? 307 : 500, { location: '/elsewhere' }).end('a secret of the inner network');
  });
  const url = new URL(`http://127.0.0.1:${server.port}/`);
  assert.deepEqual(await postWebhook(url, post, never), { kind: 'refused', status: 307 });
  assert.deepEqual(await postWebhook(url, post, never), { kind: 'refused', status: 500 });
  assert.equal(asked, 2);
});

test('over TLS only a certificate that is trusted is spoken to', async () => {
  const { ca, cert, key } = makePrivateCertificate();
  let asked = 0;
  const count: RequestListener = (_request, answer) => {
    asked += 1;
    answer.end();
  };
  await using server = await listen(count, { cert, key });
  const url = new URL(`https://localhost:${server.port}/`);
  const untrusted = await postWebhook(url, post, never);
  assert.equal(untrusted.kind, 'unreachable');
  assert.equal(asked, 0);
  assert.equal((await postWebhook(url, { ...post, ca: [ca] }, never)).kind, 'accepted');
});

test('an endless answer is not read, and nobody waits for its end', async () => {
  await using server = await listen((_request, answer) => {
    answer.writeHead(200);
    answer.write('x'.repeat(100_000));
  });
  const outcome = await postWebhook(new URL(`http://127.0.0.1:${server.port}/`), post, never);
  assert.equal(outcome.kind, 'accepted');
});

test('a port where nobody listens is told by its code, and a caller who gives up is obeyed', async () => {
  await using server = await listen(() => undefined);
  const url = new URL(`http://127.0.0.1:${server.port}/`);
  const stop = new AbortController();
  const waiting = postWebhook(url, post, stop.signal);
  stop.abort(new Error('stopped'));
  await assert.rejects(waiting, { message: 'stopped' });
  await server[Symbol.asyncDispose]();
  const outcome = await postWebhook(url, post, never);
  assert.deepEqual(outcome, { kind: 'unreachable', words: '127.0.0.1 could not be reached: ECONNREFUSED' });
});

test('only http and https addresses are webhooks, and none that only a machine or its cloud answers', () => {
  for (const good of ['https://hooks.example.com/a?b=c', 'http://10.0.0.7:8080/', 'http://localhost/x']) {
    assert.equal(findWebhookUrl(good)?.href, new URL(good).href);
  }
  const bad = [
    'ftp://example.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    '//example.com/',
    'http:/example.com',
    'http://user:password@example.com/',
    'http://example.com/#x',
    'http://example.com:0/',
    'http://exam ple.com/',
    'http://example.com/\r\nX: y',
    'http://169.254.169.254/latest/meta-data/',
    'http://0xa9fea9fe/',
    'http://2852039166/',
    'http://[::ffff:169.254.169.254]/',
    'http://[fe80::1]/',
    'http://100.100.100.200/',
    'http://0.0.0.0/',
    `http://example.com/${'x'.repeat(2000)}`,
  ];
  for (const input of bad) assert.equal(findWebhookUrl(input), undefined, input);
});

test('a blocked address is not connected to, however it was kept', async () => {
  const outcome = await postWebhook(new URL('http://169.254.169.254/'), post, never);
  assert.ok(outcome.kind === 'unreachable');
  assert.match(outcome.words, /leads to an address that must not be asked/);
});
