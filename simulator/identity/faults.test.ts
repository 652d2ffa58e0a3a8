import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type RunningPracticeTenant, startPracticeTenant } from '../main.ts';
import { claimsOf, clientOf, type PracticeClient } from '../testing.ts';

const ACCOUNT = 'print@practice.example';

let practice: RunningPracticeTenant;
let client: PracticeClient;

const fault = (body: Record<string, unknown>) => client.control('/faults', body);

/** How many bytes of an answer arrive, and how it ended. */
function measure(path: string): Promise<{ bytes: number; ended: 'whole' | 'cut' }> {
  return new Promise((resolve) => {
    let bytes = 0;
    const options = { ca: practice.certificates.ca, agent: false, signal: AbortSignal.timeout(30_000) };
    const asked = request(`${practice.authority}${path}`, options, (response) => {
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => resolve({ bytes, ended: 'whole' }));
      response.on('error', () => resolve({ bytes, ended: 'cut' }));
    });
    asked.on('error', () => resolve({ bytes, ended: 'cut' }));
    asked.end();
  });
}

describe('faults of identity', () => {
  before(async () => {
    practice = await startPracticeTenant();
    client = clientOf(practice);
  });
  after(() => practice.close());
  beforeEach(() => client.control('/reset', {}));

  test('429 with Retry-After comes as often as asked, then the endpoint answers', async () => {
    await fault({ endpoint: 'devicecode', kind: 'status', status: 429, retryAfter: 7, times: 2 });
    for (const _ of [1, 2]) {
      const { status, headers } = await client.start();
      assert.deepEqual([status, headers['retry-after']], [429, '7']);
    }
    assert.equal((await client.start()).status, 200);
    assert.deepEqual((await client.control('/faults')).json.faults, []);
  });

  test('Retry-After may be a date', async () => {
    const date = 'Sun, 22 Nov 2026 12:00:00 GMT';
    await fault({ endpoint: 'token', kind: 'status', status: 503, retryAfter: date });
    assert.equal((await client.poll('x')).headers['retry-after'], date);
  });

  test('503 comes as JSON, as a page or empty, and a page may come as 200', async () => {
    await fault({ endpoint: 'token', kind: 'status', status: 503 });
    const json = await client.poll('x');
    assert.deepEqual([json.status, json.json.error], [503, 'temporarily_unavailable']);
    await fault({ endpoint: 'token', kind: 'status', status: 503, body: 'html' });
    const page = await client.poll('x');
    assert.deepEqual([page.status, page.headers['content-type']], [503, 'text/html; charset=utf-8']);
    await fault({ endpoint: 'token', kind: 'status', status: 503, body: 'empty' });
    assert.equal((await client.poll('x')).text, '');
    await fault({ endpoint: 'token', kind: 'html' });
    const ok = await client.poll('x');
    assert.equal(ok.status, 200);
    assert.match(ok.text, /<!DOCTYPE html>/);
  });

  test('any AADSTS number can be answered, with an error and status of one’s choice', async () => {
    await fault({ endpoint: 'token', kind: 'aadsts', aadsts: 90033 });
    const transient = await client.poll('x');
    assert.deepEqual([transient.status, transient.json.error_codes], [503, [90033]]);
    await fault({ endpoint: 'token', kind: 'aadsts', error: 'slow_down', text: 'Slower, please.' });
    const slow = await client.poll('x');
    assert.deepEqual([slow.status, slow.json.error, slow.json.error_codes], [400, 'slow_down', []]);
  });

  test('a reset happens before the endpoint acts, a lost answer after it', async () => {
    const token = (await client.signIn(ACCOUNT)).json.refresh_token;
    await fault({ endpoint: 'token', kind: 'reset' });
    await assert.rejects(client.refresh(token), { code: 'ECONNRESET' });
    assert.equal(practice.tenant.refreshTokens.size, 1);
    await fault({ endpoint: 'token', kind: 'lost-answer' });
    await assert.rejects(client.refresh(token), { code: 'ECONNRESET' });
    assert.equal(practice.tenant.refreshTokens.size, 2);
    const { requests } = (await client.control('/requests?endpoint=token')).json as { requests: { fault?: string }[] };
    assert.deepEqual(
      requests.map((each) => each.fault),
      [undefined, 'reset', 'lost-answer'],
    );
  });

  test('a fault may be kept for one grant', async () => {
    const token = (await client.signIn(ACCOUNT)).json.refresh_token;
    await fault({ endpoint: 'token', grant: 'refresh_token', kind: 'status', status: 503 });
    const { json: started } = await client.start();
    assert.equal((await client.poll(started.device_code)).json.error, 'authorization_pending');
    assert.equal((await client.refresh(token)).status, 503);
  });

  test('an answer can be cut in the middle', async () => {
    await fault({ endpoint: 'devicecode', kind: 'truncated' });
    await assert.rejects(client.start());
  });

  test('a body can drip', async () => {
    await fault({ endpoint: 'openid-configuration', kind: 'slow', delayMs: 1, chunkBytes: 200 });
    const path = `/${practice.tid}/v2.0/.well-known/openid-configuration`;
    assert.equal((await client.get(path)).json.tenant_region_scope, 'EU');
  });

  test('a body can be huge', async () => {
    await fault({ endpoint: 'keys', kind: 'huge' });
    const { bytes, ended } = await measure(`/${practice.tid}/discovery/v2.0/keys`);
    assert.equal(ended, 'whole');
    assert.ok(bytes > 100 * 1024 * 1024, `${bytes} bytes`);
  });

  test('a hanging endpoint answers nothing and does not keep the server from closing', async () => {
    const own = await startPracticeTenant({ printers: [] });
    own.identity.faults.add({ endpoint: 'token', kind: 'hang' });
    const waiting = clientOf(own).poll('x');
    waiting.catch(() => undefined); // looked at below
    while (own.identity.log.entries({ endpoint: 'token' }).length === 0) await new Promise(setImmediate);
    await own.close();
    await assert.rejects(waiting);
  });

  test('fields can have wrong types and wild values, or be missing', async () => {
    const patches = [
      { set: { expires_in: '900' } },
      { set: { interval: -5 } },
      { set: { expires_in: 31_536_000 } },
      { remove: ['device_code'] },
    ];
    for (const patch of patches) await fault({ endpoint: 'devicecode', kind: 'patch', ...patch });
    const answers = [await client.start(), await client.start(), await client.start(), await client.start()];
    assert.equal(answers[0]?.json.expires_in, '900');
    assert.equal(answers[1]?.json.interval, -5);
    assert.equal(answers[2]?.json.expires_in, 31_536_000);
    assert.equal(answers[3]?.json.device_code, undefined);
    assert.ok(answers[3]?.json.user_code);
  });

  test('another body can stand in for the answer', async () => {
    await fault({ endpoint: 'devicecode', kind: 'replace', body: [1, 2] });
    assert.equal((await client.start()).text, '[1,2]');
    await fault({ endpoint: 'devicecode', kind: 'replace', body: '{"user_code":', status: 200 });
    assert.equal((await client.start()).text, '{"user_code":');
    await fault({ endpoint: 'devicecode', kind: 'redirect', location: 'https://elsewhere.example/' });
    const { status, headers } = await client.start();
    assert.deepEqual([status, headers.location], [302, 'https://elsewhere.example/']);
  });

  test('the id token can belong to another user or another tenant', async () => {
    await fault({ endpoint: 'token', kind: 'other-user' });
    const user = claimsOf((await client.signIn(ACCOUNT)).json.id_token);
    assert.equal(user.tid, practice.tid);
    assert.notEqual(user.oid, practice.tenant.getAccount(ACCOUNT).oid);
    await fault({ endpoint: 'token', kind: 'other-tenant' });
    assert.notEqual(claimsOf((await client.signIn(ACCOUNT)).json.id_token).tid, practice.tid);
  });

  test('an unknown endpoint, kind or count is refused with the list of what there is', async () => {
    assert.match(String((await fault({ endpoint: 'x', kind: 'reset' })).json.error), /devicecode, token/);
    assert.match(String((await fault({ endpoint: 'token', kind: 'x' })).json.error), /status, html/);
    assert.equal((await fault({ endpoint: 'token', kind: 'reset', times: 0 })).status, 400);
  });

  test('a fault for always lasts until it is cleared', async () => {
    await fault({ endpoint: 'token', kind: 'status', status: 500, times: 'always' });
    for (const _ of [1, 2, 3]) assert.equal((await client.poll('x')).status, 500);
    await client.control('/faults/clear', {});
    assert.equal((await client.poll('x')).status, 400);
  });

  test('a request body past the limit is refused', async () => {
    const { status } = await client.start({ scope: 'x'.repeat(300 * 1024) });
    assert.equal(status, 413);
  });
});
