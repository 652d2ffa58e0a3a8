import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addPerson, call, openServer, type Server } from '../../../test/attacks/callers.ts';
import { HOUR_MS } from '../../base/clock.ts';
import { newId, newToken } from '../../base/secrets.ts';
import { addQueue, getJob } from '../../jobs/jobs.ts';
import { MAX_GUESSES_PER_ADDRESS } from '../../users/attempts.ts';
import { createLink } from '../../users/users.ts';

async function heldJob(server: Server, ownerId: string): Promise<string> {
  const { context } = server.test;
  const queue = await addQueue(context, { name: newId(), mode: 'hold' }, 'test');
  const id = newId();
  await context.db
    .insertInto('jobs')
    .values({
      id,
      owner_id: ownerId,
      owner_name: 'Anna',
      queue_id: queue.id,
      title: 'report.pdf',
      state: 'pending-held',
      options: '{}',
      document_format: 'application/pdf',
      document_bytes: 1,
      created_at: context.clock.now(),
    })
    .execute();
  return id;
}

async function linkTo(server: Server, purpose: 'print-job' | 'cancel-job') {
  const owner = await addPerson(server, 'user');
  const jobId = await heldJob(server, owner.id);
  const link = { purpose, subjectIds: [jobId], userId: owner.id, lifetimeMs: HOUR_MS };
  const address = await createLink(server.test.context, link);
  return { address, jobId, owner, token: address.split('#')[1] ?? '' };
}

const open = (server: Server, body: object, headers: Record<string, string> = {}) =>
  call(server, 'POST', '/api/v1/links', { body, headers });

test('opening a link changes nothing, following it does its deed once', async () => {
  await using server = await openServer();
  const { address, token, jobId } = await linkTo(server, 'cancel-job');
  assert.match(address, /^https?:\/\/[^/?#]+\/links#[\w-]{43}$/);
  for (let times = 0; times < 2; times += 1) {
    const { status, json } = await open(server, { token });
    assert.equal(status, 200);
    assert.deepEqual([json.purpose, json.state, json.usedAt], ['cancel-job', 'open', null]);
    assert.equal((json.jobs as { title: string }[])[0]?.title, 'report.pdf');
  }
  assert.equal((await getJob(server.test.context, jobId)).state, 'pending-held');

  const answers = await Promise.all(Array.from({ length: 8 }, () => open(server, { token, do: true })));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal(answers.filter(({ json }) => json.code === 'link-used').length, 7);
  assert.equal((await getJob(server.test.context, jobId)).state, 'canceled');
  assert.equal((await open(server, { token })).json.state, 'used');
});

test('a deed that cannot be done leaves its link as it was', async () => {
  await using server = await openServer();
  const { token, jobId } = await linkTo(server, 'print-job');
  const refused = await open(server, { token, do: true });
  assert.equal(refused.json.code, 'no-printer', refused.text);
  assert.equal((await open(server, { token })).json.state, 'open');
  assert.equal((await getJob(server.test.context, jobId)).state, 'pending-held');
});

test('a link works until its time and not after it', async () => {
  await using server = await openServer();
  const { token } = await linkTo(server, 'cancel-job');
  server.test.clock.advance(HOUR_MS);
  assert.equal((await open(server, { token })).json.state, 'expired');
  assert.equal((await open(server, { token, do: true })).json.code, 'link-expired');
  const other = await linkTo(server, 'cancel-job');
  server.test.clock.advance(HOUR_MS - 1);
  assert.equal((await open(server, { token: other.token, do: true })).status, 200);
});

test('tokens are not kept, and wrong ones are counted by address', async () => {
  await using server = await openServer();
  const { token } = await linkTo(server, 'cancel-job');
  const rows = await server.test.context.db.selectFrom('links').selectAll().execute();
  assert.ok(!JSON.stringify(rows).includes(token));
  assert.ok(rows.every(({ digest }) => !digest.toString('latin1').includes(token)));
  const guesser = { 'x-forwarded-for': '203.0.113.7' };
  for (let guess = 0; guess < MAX_GUESSES_PER_ADDRESS; guess += 1) {
    assert.equal((await open(server, { token: newToken() }, guesser)).json.code, 'link-unknown');
  }
  assert.equal((await open(server, { token: newToken() }, guesser)).json.code, 'too-many-attempts');
  assert.equal((await open(server, { token }, guesser)).json.code, 'too-many-attempts');
  assert.equal((await open(server, { token }, { 'x-forwarded-for': '203.0.113.8' })).status, 200);
  assert.ok(!server.test.logLines.join('').includes(token));
});
