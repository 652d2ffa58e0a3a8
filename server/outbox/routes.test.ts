import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addProgram, call, openServer, type Server } from '../../test/attacks/callers.ts';
import { aMessage, reach } from '../../test/harness/outbox.ts';
import { startSubmissionServer } from '../../test/harness/submission-server.ts';
import { submitMessage } from './outbox.ts';
import { startOutboxWorker } from './worker.ts';

async function onServer(work: (server: Server, api: Api) => Promise<void>, role = 'administrator' as const) {
  await using server = await openServer();
  const program = await addProgram(server, role);
  await work(server, (method, path, body) =>
    call(server, method, `/api/v1${path}`, { headers: program, ...(body === undefined ? {} : { body }) }),
  );
}

type Api = (method: string, path: string, body?: unknown) => ReturnType<typeof call>;
type Shown = { id: string; state: string; problem: { code: string; advice: string } | null };

describe('the network settings', () => {
  const classic = { host: 'mail.practice.example', port: 587, security: 'starttls', username: 'scanner' };

  test('keep the password of a classic server, never show it, and do not lend it to another server', () =>
    onServer(async (server, api) => {
      const put = (outgoingServer: unknown) => api('PUT', '/settings/network', { outgoingServer });
      const set = await put({ ...classic, password: 'canary-secret' });
      assert.equal(set.status, 200, set.text);
      assert.deepEqual(set.json.outgoingServer, { ...classic, verifyCertificate: true, hasPassword: true });
      assert.doesNotMatch(set.text, /canary/);
      assert.deepEqual((await put(classic)).json.outgoingServer, set.json.outgoingServer);
      for (const other of [{ host: 'evil.example' }, { username: 'other' }, { security: 'none' }, { port: 25 }]) {
        await put({ ...classic, password: 'canary-secret' });
        const moved = await put({ ...classic, ...other });
        assert.equal((moved.json.outgoingServer as { hasPassword: boolean }).hasPassword, false);
      }
      const none = await put(null);
      assert.equal(none.json.outgoingServer, null);
      const journal = await server.test.context.db.selectFrom('journal').select('data').execute();
      const row = await server.test.context.db.selectFrom('network_settings').selectAll().execute();
      assert.doesNotMatch(JSON.stringify([journal, row, server.test.logLines]), /canary/);
    }));

  test('refuse what is no server', () =>
    onServer(async (_, api) => {
      for (const wrong of [
        { port: 0 },
        { port: 65_536 },
        { host: '' },
        { host: 'a b' },
        { host: 'x\r\ny' },
        { security: 'maybe' },
        { password: 'a\r\nb' },
        { username: 'a\nb' },
        { connectionId: '0' },
      ]) {
        const refused = await api('PUT', '/settings/network', { outgoingServer: { ...classic, ...wrong } });
        assert.equal(refused.status, 400, `${JSON.stringify(wrong)}: ${refused.text}`);
      }
    }));
});

describe('a test message', () => {
  test('needs a server and a sender, and is followed to the last word of the server', () =>
    onServer(async (server, api) => {
      const send = (to: string) => api('POST', '/settings/network/test-message', { to });
      assert.equal((await send('anna@practice.example')).json.code, 'outgoing-server-missing');
      await using submission = await startSubmissionServer();
      const { host, port } = submission;
      await api('PUT', '/settings/network', { outgoingServer: { host, port, security: 'none' } });
      assert.equal((await send('anna@practice.example')).json.code, 'sender-email-missing');
      await api('PUT', '/settings/network', { senderEmail: 'print@practice.example', senderName: 'Stampa è qui' });
      assert.equal((await send('anna@x\r\nBcc: y')).status, 400);
      const sent = await send('anna@practice.example');
      assert.equal(sent.status, 201, sent.text);
      const id = String(sent.json.id);
      await using _worker = await startOutboxWorker(server.test.context);
      await reach(server.test.context, id, 'sent');
      const shown = await api('GET', `/outbox/${id}`);
      assert.match(String(shown.json.remoteAnswer), /^250 2\.0\.0/);
      const [tried] = shown.json.tries as { verdict: string; words: string }[];
      assert.equal(tried?.verdict, 'accepted');
      const text = submission.accepted[0]?.data.toString() ?? '';
      assert.match(text, /^Auto-Submitted: auto-generated\r$/m);
      assert.match(text, /^From: =\?UTF-8\?Q\?Stampa_=C3=A8_qui\?= <print@practice\.example>\r$/m);
      assert.match(text, /^Message-ID: <[^>]+@practice\.example>\r$/m);
    }));
});

describe('the outbox', () => {
  test('is listed by state and page by page, with advice in the language of the reader', () =>
    onServer(async (server, api) => {
      const { context } = server.test;
      for (let count = 0; count < 3; count++) await submitMessage(context, aMessage());
      await using worker = await startOutboxWorker(context);
      const first = await api('GET', '/outbox?limit=2');
      assert.equal((first.json.items as Shown[]).length, 2);
      const second = await api('GET', `/outbox?limit=2&cursor=${String(first.json.nextCursor)}`);
      assert.equal((second.json.items as Shown[]).length, 1);
      assert.equal(second.json.nextCursor, null);
      const [one] = second.json.items as Shown[];
      await reach(context, one?.id ?? '', 'held');
      const held = await api('GET', '/outbox?state=held');
      assert.equal((held.json.items as Shown[])[0]?.problem?.code, 'outgoing-server-missing');
      assert.ok(((held.json.items as Shown[])[0]?.problem?.advice ?? '').length > 20);
      assert.equal((await api('GET', '/outbox?state=nowhere')).status, 400);
      const summary = await api('GET', '/outbox/summary');
      assert.deepEqual([(summary.json.states as { held: number }).held, summary.json.headroom], [3, null]);
      await worker[Symbol.asyncDispose]();
    }));

  test('is searched by subject, sender, recipient and Message-ID, whatever the case, and page by page', () =>
    onServer(async (server, api) => {
      const { context } = server.test;
      const subjects = ['Invoice 4711', 'INVOICE 4712', 'Blood test', '100 % of it'];
      const mails = subjects.map((subject, at) => {
        const recipients = [`archive${at}@practice.example`, 'Ward.Seven@practice.example'];
        return aMessage({
          subject,
          sender: `copier${at}@practice.example`,
          recipients,
          messageIdHeader: `<id-${at}@x>`,
        });
      });
      for (const mail of mails) await submitMessage(context, mail);
      const find = async (q: string, more = '') => {
        const { json } = await api('GET', `/outbox?q=${encodeURIComponent(q)}${more}`);
        return (json.items as { subject: string }[]).map(({ subject }) => subject);
      };
      assert.deepEqual(await find('invoice'), ['INVOICE 4712', 'Invoice 4711']);
      assert.deepEqual(await find('COPIER2@'), ['Blood test']);
      assert.deepEqual(await find('archive0@practice'), ['Invoice 4711']);
      assert.equal((await find('ward.seven')).length, 4);
      assert.deepEqual(await find('<id-3@x>'), ['100 % of it']);
      // Signs of patterns mean themselves.
      assert.deepEqual(await find('%'), ['100 % of it']);
      assert.deepEqual(await find('nobody'), []);
      assert.deepEqual(await find('a\0b'), []);
      assert.deepEqual(await find('invoice', '&state=failed'), []);
      const first = await api('GET', '/outbox?q=invoice&limit=1');
      const next = await api('GET', `/outbox?q=invoice&limit=1&cursor=${String(first.json.nextCursor)}`);
      assert.deepEqual([(next.json.items as Shown[]).length, next.json.nextCursor], [1, null]);
      assert.equal((await api('GET', `/outbox?q=${'x'.repeat(200)}`)).status, 200);
      assert.equal((await api('GET', `/outbox?q=${'x'.repeat(201)}`)).status, 400);
    }));

  test('lets a message be held, retried and dropped', () =>
    onServer(async (server, api) => {
      const id = await submitMessage(server.test.context, aMessage());
      assert.equal((await api('POST', `/outbox/${id}/hold`)).json.state, 'held');
      assert.equal((await api('POST', `/outbox/${id}/retry`)).json.state, 'queued');
      assert.equal((await api('POST', `/outbox/${id}/drop`)).status, 204);
      assert.equal((await api('GET', `/outbox/${id}`)).status, 404);
      assert.equal((await api('POST', `/outbox/${id}/drop`)).status, 404);
    }));
});
