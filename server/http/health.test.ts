import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, addProgram, call, openServer } from '../../test/attacks/callers.ts';
import { eventually } from '../../test/harness/time.ts';
import { READY_TIMEOUT_MS } from './limits.ts';

test('a server whose parts all work is ready, and says which', async () => {
  await using server = await openServer({ readiness: async () => [{ name: 'spool', ready: true }] });
  const answer = await call(server, 'GET', '/readyz');
  const reasons = [
    { name: 'database', ready: true },
    { name: 'spool', ready: true },
  ];
  assert.deepEqual([answer.status, answer.json], [200, { ready: true, reasons }]);
});

test('a part that does not work makes the server not ready, and it stays alive', async () => {
  const spool = { name: 'spool', ready: false, detail: 'the disk is full' };
  await using server = await openServer({ readiness: async () => [spool] });
  const answer = await call(server, 'GET', '/readyz');
  assert.deepEqual([answer.status, answer.json.reasons], [503, [{ name: 'database', ready: true }, spool]]);
  assert.equal((await call(server, 'GET', '/healthz')).status, 200);
});

test('a check that throws makes the server not ready and keeps its words to itself', async () => {
  await using server = await openServer({
    readiness: async () => {
      throw new Error('secret words');
    },
  });
  const answer = await call(server, 'GET', '/readyz');
  assert.equal(answer.status, 503);
  assert.doesNotMatch(answer.text, /secret/);
});

test('a check that hangs does not keep the caller waiting', async () => {
  await using server = await openServer({ readiness: () => new Promise(() => undefined) });
  const pending = call(server, 'GET', '/readyz');
  await eventually(() => server.test.clock.sleeping > 0);
  server.test.clock.advance(READY_TIMEOUT_MS);
  const answer = await pending;
  assert.deepEqual([answer.status, answer.json.ready], [503, false]);
});

test('metrics are for operators and their programs', async () => {
  await using server = await openServer({
    measures: async () => [
      { name: 'platen_jobs', help: 'Jobs by state.', values: [{ value: 3, labels: { state: 'pending' } }] },
    ],
  });
  const user = await addPerson(server, 'user');
  assert.equal((await call(server, 'GET', '/metrics')).status, 401);
  assert.equal((await call(server, 'GET', '/metrics', { headers: user.headers })).status, 403);
  const headers = await addProgram(server, 'operator');
  await call(server, 'GET', `/api/v1/users/${user.id}`, { headers });
  const answer = await call(server, 'GET', '/metrics', { headers });
  assert.equal(answer.status, 200);
  assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.match(answer.text, /^platen_jobs\{state="pending"\} 3$/m);
  assert.match(answer.text, /^platen_resident_memory_bytes \d+$/m);
  assert.match(answer.text, /^platen_event_loop_delay_p99_seconds \d/m);
  assert.match(
    answer.text,
    /^platen_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/users\/:id",status="200"\} 1$/m,
  );
  assert.ok(!answer.text.includes(user.id));
});

test('figures of a room that cannot be read do not take the others away', async () => {
  await using server = await openServer({
    measures: async () => {
      throw new Error('the room is closed');
    },
  });
  const answer = await call(server, 'GET', '/metrics', { headers: await addProgram(server, 'operator') });
  assert.equal(answer.status, 200);
  assert.match(answer.text, /platen_uptime_seconds/);
});

test('the OpenAPI document describes every route of the API, with the role that it needs', async () => {
  await using server = await openServer();
  const answer = await call(server, 'GET', '/api/openapi.json');
  assert.equal(answer.json.openapi, '3.1.0');
  type Operation = { description: string; security?: unknown[]; responses: Record<string, unknown> };
  const paths = answer.json.paths as Record<string, Record<string, Operation>>;
  const routes = server.http.routeTable.filter(({ url }) => url.startsWith('/api/v1/'));
  assert.ok(routes.length > 20);
  for (const { method, url, role } of routes) {
    const operation = paths[url.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
    assert.ok(operation, `${method} ${url}`);
    assert.deepEqual(operation.responses.default, { $ref: '#/components/responses/Problem' });
    assert.match(operation.description, role === 'public' ? /everybody/ : new RegExp(`role ${role}\\.`));
    assert.equal(operation.security !== undefined, role === 'public', `${method} ${url}`);
  }
});
