/** Attack 6 in a real browser: an administrator who is signed in opens a page of somebody else, and nothing happens. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { ADMINISTRATOR, type Row } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';
import { openWeb } from '../harness/web.ts';

const web = openWeb({ until: 'administrator', env: { PLATEN_LOG_LEVEL: 'debug' } });

/** What a foreign page can send by itself: a form that goes off, and every kind of request that asks nobody first. */
function writeForeignPage(target: string): string {
  const user = JSON.stringify({ email: 'eve@elsewhere.example', name: 'Eve', role: 'administrator' });
  return `<!DOCTYPE html><title>Kittens</title>
    <iframe name="hole"></iframe><iframe name="other"></iframe>
    <iframe id="framed" src="${target}/users"></iframe>
    <form id="form" method="post" action="${target}/api/v1/users" enctype="text/plain" target="hole">
      <input name='${user.slice(0, -1)},"x":"' value='"}'>
    </form>
    <form id="upload" method="post" action="${target}/api/v1/jobs" enctype="multipart/form-data" target="other"></form>
    <script>
      const send = (path, method, type, body) =>
        fetch('${target}/api/v1' + path, { method, mode: 'no-cors', credentials: 'include', headers: { 'content-type': type }, body })
          .then((answer) => answer.type, () => 'failed');
      const ask = (path, method, body) =>
        fetch('${target}/api/v1' + path, { method, credentials: 'include', headers: { 'content-type': 'application/json' }, body })
          .then((answer) => answer.text(), () => 'failed');
      globalThis.tried = (async () => {
        document.getElementById('form').submit();
        document.getElementById('upload').submit();
        return await Promise.all([
          send('/users', 'POST', 'text/plain', ${JSON.stringify(user)}),
          send('/sessions/current/password', 'POST', 'application/x-www-form-urlencoded', 'a=b'),
          send('/jobs', 'POST', 'text/plain', 'x'),
          ask('/users', 'POST', ${JSON.stringify(user)}),
          ask('/users', 'GET'),
          ask('/sessions/current', 'DELETE'),
          ask('/settings/network', 'PUT', '{}'),
        ]);
      })();
    </script>`;
}

async function serveForeignPage(target: string): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(writeForeignPage(target));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What the server was asked to change, by its own log. */
function changesAsked(): { what: string; status: number }[] {
  const lines = web.stage.node.output().matchAll(/^\{.*"method":"(?!GET).*\}$/gm);
  return [...lines].map(([line]) => {
    const { method, path, status } = JSON.parse(line) as { method: string; path: string; status: number };
    return { what: `${method} ${path.replace('/api/v1', '')}`, status };
  });
}

const people = async () => ((await web.stage.api('GET', '/users?limit=100')).items as Row[]).map(({ email }) => email);

describe('a page of somebody else', () => {
  // On the same host the browser sends the cookie along: to a browser that is the same site.
  for (const host of ['127.0.0.1', 'localhost']) {
    test(`on ${host} changes nothing, reads nothing and shows nothing of Platen`, async () => {
      const { url } = web.stage.node.process;
      await using foreign = await serveForeignPage(url);
      await using window = await web.open({ as: ADMINISTRATOR });
      const { page, context } = window;
      await window.go('/users');
      await page.getByText('Only you so far').waitFor();
      const tab = await context.newPage();
      const before = changesAsked().length;
      await tab.goto(`http://${host}:${foreign.port}/`);
      const read = (await tab.evaluate('tried')) as string[];
      assert.deepEqual(read.slice(3), ['failed', 'failed', 'failed', 'failed'], 'no answer can be read');
      const framed = await tab.locator('#framed').elementHandle();
      const frame = await framed?.contentFrame();
      assert.equal(await frame?.getByText('Only you so far').count(), 0, 'no page of Platen is shown in a frame');
      await tab.waitForLoadState('networkidle');
      const wanted = ['POST /users', 'POST /jobs', 'POST /sessions/current/password'];
      const asked = await eventually(
        () => {
          const found = changesAsked().slice(before);
          return wanted.every((one) => found.some(({ what }) => what === one)) ? found : undefined;
        },
        { what: 'the browser did send it' },
      );
      assert.deepEqual(
        asked.filter(({ status }) => status < 400),
        [],
      );
      assert.deepEqual(await people(), [ADMINISTRATOR.email]);
      assert.deepEqual((await web.stage.api('GET', '/jobs')).items, []);
      // Still signed in, with the same password.
      await page.reload();
      await page.getByText('Only you so far').waitFor();
      await using again = await web.open({ as: ADMINISTRATOR });
      await again.go('/users');
      await again.page.getByText('Only you so far').waitFor();
    });
  }
});
