import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type RunningPrinter, startPrinter } from '../../simulator/printer/server.ts';
import { openTestContext } from '../../test/harness/database.ts';
import { findFreePort } from '../../test/harness/processes.ts';
import { openHttp } from '../http/http.ts';
import type { Role } from '../store/schema.ts';
import { createLocalToken } from '../users/users.ts';
import { closePrinterConnections } from './printers.ts';
import { printersRoutes } from './routes.ts';

type Answer = { readonly status: number; readonly body: Record<string, unknown> };
type Call = (role: Role, method: string, path: string, body?: unknown) => Promise<Answer>;

async function open(t: TestContext): Promise<{ call: Call; practicePrinter: RunningPrinter }> {
  const platen = await openTestContext();
  const http = await openHttp(platen.context, { routes: [printersRoutes] });
  const outputDir = mkdtempSync(join(tmpdir(), 'printers-routes-'));
  const practicePrinter = await startPrinter({ name: 'practice', outputDir });
  t.after(async () => {
    await http[Symbol.asyncDispose]();
    await closePrinterConnections(platen.context);
    await practicePrinter.close();
    await platen[Symbol.asyncDispose]();
    rmSync(outputDir, { recursive: true, force: true });
  });
  const tokens = new Map<Role, string>();
  for (const role of ['administrator', 'operator', 'user'] as const) {
    tokens.set(role, (await createLocalToken(platen.context, { name: role, role })).token);
  }
  const call: Call = async (role, method, path, body) => {
    const answer = await fetch(`${http.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tokens.get(role)}`,
        'accept-language': 'it',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
  };
  return { call, practicePrinter };
}

test('an administrator adds, reads, checks and removes a printer', async (t) => {
  const { call, practicePrinter } = await open(t);
  const added = await call('administrator', 'POST', '/printers', { name: ' Hall ', uri: practicePrinter.uri });
  assert.equal(added.status, 201);
  assert.equal(added.body.name, 'Hall');
  assert.equal(added.body.state, 'idle');
  assert.equal(added.body.certificate, null);
  const path = `/printers/${String(added.body.id)}`;
  assert.deepEqual((await call('operator', 'GET', path)).body, added.body);
  const list = await call('operator', 'GET', '/printers');
  assert.deepEqual(list.body, { items: [added.body], nextCursor: null });
  await practicePrinter.control.setFault({ kind: 'out-of-paper' });
  const checked = await call('operator', 'POST', `${path}/check`);
  assert.equal(checked.body.state, 'stopped');
  assert.ok((checked.body.reasons as string[]).includes('media-empty-error'));
  const wrong = await call('administrator', 'PUT', `${path}/certificate`, { sha256: 'ab'.repeat(32) });
  assert.equal(wrong.body.code, 'invalid-request');
  assert.equal((await call('administrator', 'DELETE', path)).status, 204);
  assert.equal((await call('operator', 'GET', path)).body.code, 'not-found');
});

test('an address is looked at before it is added, and nothing of the look is kept', async (t) => {
  const { call, practicePrinter } = await open(t);
  const probe = async (role: Role, uri: string) => await call(role, 'POST', '/printers/probe', { uri });
  for (const role of ['operator', 'user'] as const) {
    assert.equal((await probe(role, practicePrinter.uri)).status, 403);
  }
  assert.deepEqual(practicePrinter.control.requests(), []);
  const { status, body } = await probe('administrator', practicePrinter.uri);
  assert.equal(status, 200);
  assert.equal(body.state, 'idle');
  assert.equal(body.certificate, null);
  const capabilities = body.capabilities as { formats: string[]; sides: string[] };
  assert.ok(capabilities.formats.includes('application/pdf'));
  assert.deepEqual((await call('operator', 'GET', '/printers')).body.items, []);
  for (const uri of ['ipp://169.254.169.254/', 'ipp://[::ffff:169.254.169.254]/', 'http://127.0.0.1/', 'file:///etc']) {
    assert.equal((await probe('administrator', uri)).body.code, 'printer-address-refused', uri);
  }
  assert.equal(
    (await probe('administrator', `ipp://127.0.0.1:${await findFreePort()}/`)).body.code,
    'printer-unreachable',
  );
});

test('only an administrator looks for printers, and hears in their language when that is off', async (t) => {
  const { call } = await open(t);
  for (const role of ['operator', 'user'] as const) {
    assert.equal((await call(role, 'POST', '/printers/discover')).status, 403);
  }
  const { status, body } = await call('administrator', 'POST', '/printers/discover');
  assert.deepEqual([status, body.code, body.title], [409, 'discovery-off', 'La ricerca di stampanti è disattivata']);
  assert.match(String(body.advice), /PLATEN_DISCOVERY/);
});

test('a printer gets another name, and two never have the same', async (t) => {
  const { call, practicePrinter } = await open(t);
  const { uri } = practicePrinter;
  const hall = await call('administrator', 'POST', '/printers', { name: 'Hall', uri });
  const other = await call('administrator', 'POST', '/printers', { name: 'Office', uri: `${uri}?second` });
  assert.equal(other.status, 201);
  const path = `/printers/${String(hall.body.id)}`;
  assert.equal((await call('operator', 'PATCH', path, { name: 'Library' })).status, 403);
  assert.equal((await call('administrator', 'PATCH', path, { name: ' Library ' })).body.name, 'Library');
  assert.equal((await call('administrator', 'PATCH', path, { name: 'Office' })).body.code, 'conflict');
  assert.equal((await call('operator', 'GET', path)).body.name, 'Library');
});

test('only an administrator makes the server connect somewhere', async (t) => {
  const { call, practicePrinter } = await open(t);
  const body = { name: 'Hall', uri: practicePrinter.uri };
  for (const role of ['operator', 'user'] as const) {
    assert.equal((await call(role, 'POST', '/printers', body)).status, 403);
  }
  assert.deepEqual(practicePrinter.control.requests(), []);
  assert.equal((await call('user', 'GET', '/printers')).status, 403);
  const { id } = (await call('administrator', 'POST', '/printers', body)).body;
  for (const role of ['operator', 'user'] as const) {
    assert.equal((await call(role, 'DELETE', `/printers/${String(id)}`)).status, 403);
    const accept = await call(role, 'PUT', `/printers/${String(id)}/certificate`, { sha256: 'ab'.repeat(32) });
    assert.equal(accept.status, 403);
  }
});

test('an address that is refused, silent or no printer is answered with advice in the language of the caller', async (t) => {
  const { call } = await open(t);
  const add = async (uri: string) => (await call('administrator', 'POST', '/printers', { name: 'Hall', uri })).body;
  const metadata = await add('ipp://169.254.169.254/');
  assert.equal(metadata.code, 'printer-address-refused');
  assert.match(String(metadata.advice), /indirizzo/);
  assert.equal((await add(`ipp://127.0.0.1:${await findFreePort()}/`)).code, 'printer-unreachable');
  assert.equal((await add('ipp://a b/')).code, 'invalid-request');
  assert.equal((await add(`ipp://${'a'.repeat(1100)}/`)).code, 'invalid-request');
  const named = await call('administrator', 'POST', '/printers', { name: 'a\u001b[2J', uri: 'ipp://127.0.0.1/' });
  assert.equal(named.body.code, 'invalid-request');
});

test('a printer that went away is shown with its problem, its advice and its last words', async (t) => {
  const { call, practicePrinter } = await open(t);
  const added = await call('administrator', 'POST', '/printers', { name: 'Hall', uri: practicePrinter.uri });
  await practicePrinter.control.setFault({ kind: 'offline', manner: 'refuse' });
  const { body } = await call('operator', 'POST', `/printers/${String(added.body.id)}/check`);
  assert.equal(body.state, 'unreachable');
  assert.equal(body.message, added.body.message);
  const problem = body.problem as Record<string, unknown>;
  assert.equal(problem.code, 'printer-unreachable');
  assert.equal(problem.title, 'La stampante non risponde');
  assert.match(String(problem.detail), /ECONNREFUSED|broke/);
});
