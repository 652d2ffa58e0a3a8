import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, call, openServer } from '../../test/attacks/callers.ts';
import { NOTICE_EVENTS } from './notice.ts';

const PATHS = [
  ['GET', '/api/v1/notices'],
  ['GET', '/api/v1/notices/preview?event=job-held'],
  ['PUT', '/api/v1/notices'],
  ['GET', '/api/v1/notices/alarm'],
  ['PUT', '/api/v1/notices/alarm'],
  ['POST', '/api/v1/notices/alarm/test'],
] as const;

type Rules = Record<string, { enabled: boolean; owner: boolean; addresses: string[]; lastSentAt: string | null }>;

test('only an administrator sees and changes notices and alarms', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'operator');
  for (const [method, path] of PATHS) {
    const options = method === 'GET' ? { headers } : { headers, body: {} };
    assert.equal((await call(server, method, path, options)).status, 403, `${method} ${path}`);
    const { headers: _, ...nobody } = options;
    assert.ok([401, 403].includes((await call(server, method, path, nobody)).status), `${method} ${path}`);
  }
});

test('every notice can be looked at in both languages with every word filled in, and nothing is sent by it', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'administrator');
  const read = (query: string) => call(server, 'GET', `/api/v1/notices/preview?${query}`, { headers });
  for (const event of NOTICE_EVENTS) {
    const written = await Promise.all(
      ['en', 'it'].map(async (language) => {
        const { status, json, text } = await read(`event=${event}&language=${language}`);
        assert.equal(status, 200, text);
        const notice = json as { subject: string; text: string; html: string };
        assert.ok(notice.html.includes(`<html lang="${language}">`), event);
        const words = `${notice.subject}\n${notice.text}\n${notice.html}`;
        assert.doesNotMatch(words, /\{\{|undefined|notices\.|\bnull\b|NaN/, `${event} in ${language}`);
        assert.match(notice.text, /Anna Rossi/);
        return notice;
      }),
    );
    assert.notEqual(written[0]?.subject, written[1]?.subject, event);
  }
  assert.match((await read('event=job-refused&language=it')).text, /fattura\.pdf.*password/is);
  assert.equal((await read('event=job-eaten')).status, 400);
  const { db } = server.test.context;
  assert.deepEqual(await db.selectFrom('outbox_messages').select('id').execute(), []);
  assert.deepEqual(await db.selectFrom('notices_sent').selectAll().execute(), []);
});

test('a rule that is changed is kept, and the others stay', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'administrator');
  const first = await call(server, 'GET', '/api/v1/notices', { headers });
  assert.equal(first.status, 200);
  assert.deepEqual(Object.keys(first.json.rules as Rules).sort(), [...NOTICE_EVENTS].sort());
  const rule = {
    enabled: true,
    owner: true,
    operators: false,
    administrators: true,
    addresses: ['Desk@Contoso.example'],
  };
  const body = { rules: { 'job-printed': rule }, limits: { perHour: 7 } };
  const changed = await call(server, 'PUT', '/api/v1/notices', { headers, body });
  assert.equal(changed.status, 200, changed.text);
  const again = (await call(server, 'GET', '/api/v1/notices', { headers })).json;
  const rules = again.rules as Rules;
  assert.deepEqual(rules['job-printed'], {
    ...rule,
    addresses: ['desk@contoso.example'],
    ways: null,
    lastSentAt: null,
  });
  assert.equal(rules['job-received']?.enabled, false);
  assert.equal(rules['job-held']?.enabled, true);
  const others = { repliesPerPersonAndDay: 5, jobRepliesPerPersonAndDay: 100, noticesPerPersonAndDay: 20 };
  assert.deepEqual(again.limits, { ...others, perHour: 7 });
});

test('what makes no sense is refused', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'administrator');
  const rule = { enabled: true, owner: true, operators: false, administrators: true, addresses: [] as string[] };
  const refused = async (path: string, body: unknown) => {
    const { status, text } = await call(server, 'PUT', path, { headers, body });
    assert.equal(status, 400, `${JSON.stringify(body)} ${text}`);
  };
  await refused('/api/v1/notices', { rules: { 'job-eaten': rule } });
  await refused('/api/v1/notices', { rules: { 'job-held': { enabled: true } } });
  await refused('/api/v1/notices', { rules: { 'job-held': { ...rule, addresses: ['a@b\r\nBcc: c@d'] } } });
  await refused('/api/v1/notices', { rules: { 'job-held': { ...rule, addresses: Array(21).fill('a@b.example') } } });
  await refused('/api/v1/notices', { limits: { perHour: 0 } });
  await refused('/api/v1/notices', { limits: { perHour: 10_001 } });
  for (const url of ['http://169.254.169.254/', 'file:///etc/passwd', 'http://u:p@hooks.example/', 'x']) {
    await refused('/api/v1/notices/alarm', { webhook: { url } });
  }
  await refused('/api/v1/notices/alarm', { webhook: { url: 'https://hooks.example/', secret: 'short' } });
});

test('the secret of a webhook is made once and never shown again, nor is a password', async () => {
  await using server = await openServer();
  const { headers } = await addPerson(server, 'administrator');
  const put = (body: unknown) => call(server, 'PUT', '/api/v1/notices/alarm', { headers, body });
  const made = (await put({ webhook: { url: 'https://hooks.example/a' } })).json.webhook as { secret?: string };
  assert.match(made.secret ?? '', /^[\w-]{43}$/);
  const alarmServer = {
    ...{ host: 'mail.example', port: 587, security: 'starttls', username: 'alarm', password: 'canary-password' },
    ...{ sender: 'alarm@contoso.example', recipients: ['rita@contoso.example'] },
  };
  const both = await put({ webhook: { url: 'https://hooks.example/b' }, server: alarmServer });
  assert.equal(both.status, 200, both.text);
  assert.deepEqual(both.json.webhook, { url: 'https://hooks.example/b', provedAt: null });
  const { password: _, ...shown } = alarmServer;
  assert.deepEqual(both.json.server, { ...shown, verifyCertificate: true, hasPassword: true, provedAt: null });
  const read = await call(server, 'GET', '/api/v1/notices/alarm', { headers });
  const journal = await call(server, 'GET', '/api/v1/journal?type=alarm-settings-changed', { headers });
  for (const text of [both.text, read.text, journal.text, server.test.logLines.join('')]) {
    assert.ok(!text.includes('canary-password'));
    assert.ok(!text.includes(made.secret ?? '?'));
  }
  assert.ok(!journal.text.includes('hooks.example'));
  const none = await put({ webhook: null, server: null });
  assert.deepEqual([none.json.webhook, none.json.server], [null, null]);
  const tested = await call(server, 'POST', '/api/v1/notices/alarm/test', { headers });
  assert.equal(tested.status, 409);
  assert.equal(tested.json.code, 'alarm-way-missing');
});
