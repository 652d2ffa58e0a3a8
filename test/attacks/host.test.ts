import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { addPerson, call, openServer, type Person, pathOf, type Server } from './callers.ts';

const PUBLIC_URL = 'https://platen.contoso.example';
let server: Server;
let administrator: Person;

function foreignHosts(): string[] {
  const { port } = server.http.address;
  return [
    'evil.example',
    `evil.example:${port}`,
    `127.0.0.1.evil.example:${port}`,
    `127.0.0.1:${port === 1 ? 2 : 1}`,
    '127.0.0.1',
    'platen.contoso.example.evil.example',
    'platen.contoso.example:8631',
    'evil.example@platen.contoso.example',
    'platen.contoso.example/evil',
    'platen.contoso.example, evil.example',
    '[::1',
    '0x7f000001',
  ];
}

/** Sends the bytes as they are and reads until the server closes. */
async function speak(bytes: string): Promise<string> {
  const socket = connect(server.http.address.port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  socket.end(bytes);
  await once(socket, 'close');
  return answer;
}

describe('foreign names', () => {
  before(async () => {
    server = await openServer({ settings: { publicUrl: PUBLIC_URL } });
    administrator = await addPerson(server, 'administrator');
  });
  after(async () => await server[Symbol.asyncDispose]());

  test('every route answers 421 to a foreign Host, before it looks at anything else', async () => {
    const routes = [...server.http.routeTable, { method: 'GET', url: '/' }, { method: 'GET', url: '/nothing/here' }];
    for (const { method, url } of routes) {
      for (const host of foreignHosts()) {
        const answer = await call(server, method, pathOf(url), { headers: { ...administrator.headers, host } });
        assert.equal(answer.status, 421, `${method} ${url} with Host ${host}`);
        assert.ok(!answer.text.includes('"ready"') && !answer.text.includes('alive'));
      }
    }
  });

  test('the server answers to its public name and to its own addresses', async () => {
    const { port } = server.http.address;
    const hosts = ['platen.contoso.example', 'PLATEN.contoso.example', `127.0.0.1:${port}`, `localhost:${port}`];
    for (const host of hosts) {
      assert.equal((await call(server, 'GET', '/healthz', { headers: { host } })).status, 200, host);
    }
  });

  test('X-Forwarded-Host does not change the name', async () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'platen.contoso.example' };
    assert.equal((await call(server, 'GET', '/healthz', { headers })).status, 421);
    const other = { host: 'platen.contoso.example', 'x-forwarded-host': 'evil.example' };
    assert.equal((await call(server, 'GET', '/healthz', { headers: other })).status, 200);
  });

  test('an absolute request target does not get around the Host header', async () => {
    const { port } = server.http.address;
    for (const target of ['http://evil.example/healthz', `http://127.0.0.1:${port}/healthz`, '*', 'evil.example:80']) {
      const answer = await speak(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 4(?:21|00|04) /, target);
      assert.ok(!answer.includes('alive'), target);
    }
  });

  test('a request without a Host, or with two, is refused', async () => {
    const { port } = server.http.address;
    const heads = [
      'GET /healthz HTTP/1.0\r\n\r\n',
      'GET /healthz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n',
      'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n',
      `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
    ];
    for (const head of heads) assert.match(await speak(head), /^HTTP\/1\.1 4(?:00|21) /);
  });

  test('what is not HTTP gets a bare refusal', async () => {
    const answer = await speak('EHLO scanner\r\n\r\n');
    assert.equal(answer, 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
});
