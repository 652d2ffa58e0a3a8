import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { addPerson, call, openServer, type Person, pathOf, type Server } from '../../../test/attacks/callers.ts';
import {
  addPracticeConnection,
  followLink,
  moveUntil,
  openPractice,
  PRINT_ROOM,
  type Practice,
} from '../../../test/harness/practice-connection.ts';
import { DAY_MS, HOUR_MS } from '../../base/clock.ts';
import { newToken } from '../../base/secrets.ts';
import { readOverview } from '../../overview/overview.ts';
import { MAX_GUESSES_PER_ADDRESS } from '../../users/attempts.ts';
import { getConnection, updateConnection } from '../connections.ts';
import { startConnectionsWorker } from '../worker.ts';
import { MAX_CODES_PER_HOUR } from './owner.ts';

let practice: Practice & AsyncDisposable;

before(async () => {
  practice = await openPractice();
});
after(() => practice[Symbol.asyncDispose]());
beforeEach(() => practice.steer('/reset', {}));

type Scene = AsyncDisposable & {
  readonly server: Server;
  readonly admin: Person;
  readonly id: string;
  /** Makes a link and returns its secret. */
  hand(id?: string, body?: Record<string, unknown>): Promise<string>;
  /** A session of an administrator that is not idle, however far the clock has moved. */
  fresh(): Promise<Person>;
};

async function open(): Promise<Scene> {
  const server = await openServer({ settings: { clouds: practice.clouds } });
  const admin = await addPerson(server, 'administrator');
  const id = await addPracticeConnection(server.test.context, practice, { expectedAccount: PRINT_ROOM });
  const startedAtMs = server.test.clock.now().getTime();
  return {
    server,
    admin,
    id,
    fresh: () => addPerson(server, 'administrator'),
    async hand(this: Scene, chosen = id, body = { language: 'en' }) {
      const isIdle = server.test.clock.now().getTime() - startedAtMs >= HOUR_MS;
      const { headers } = isIdle ? await this.fresh() : admin;
      const answer = await call(server, 'POST', `/api/v1/connections/${chosen}/hand-over`, {
        headers,
        body,
      });
      assert.equal(answer.status, 201, answer.text);
      return String(answer.json.url).split('#')[1] ?? '';
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** What the page behind the link sends: nobody is signed in. */
const ask = (server: Server, path: string, body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  call(server, path.endsWith(' ') ? 'PUT' : 'POST', `/api/v1/hand-over${path.trim()}`, { body, headers });

const loginOf = (json: Readonly<Record<string, unknown>>) => json.login as Record<string, unknown> | null;
const codeOf = (json: Readonly<Record<string, unknown>>) => json.code as { userCode: string; expiresAt: string } | null;

async function worker(server: Server, run: () => Promise<void>): Promise<void> {
  await using _worker = await startConnectionsWorker(server.test.context);
  await run();
}

describe('a hand-over', () => {
  test('that has ended is remembered for a season, and a clock that leaps ahead makes none forgotten', async () => {
    await using scene = await open();
    const { context, clock } = scene.server.test;
    const count = async () => (await context.db.selectFrom('hand_overs').select('id').execute()).length;
    await scene.hand();
    await scene.hand();
    clock.leap(400 * DAY_MS);
    await scene.hand();
    assert.equal(await count(), 3);
    clock.advance(HOUR_MS);
    await scene.hand();
    assert.equal(await count(), 2);
  });

  test('shows its owner who asks, asks Microsoft only at the press of the button, and is over when it is confirmed', async () => {
    await using scene = await open();
    const { server, admin, id } = scene;
    const token = await scene.hand(id, { language: 'it', recipient: 'Anna', validDays: 1 });
    const asked = () => practice.identity.log.entries({ endpoint: 'devicecode' }).length;
    const first = await ask(server, '', { token });
    assert.equal(first.status, 200, first.text);
    assert.deepEqual(first.json, {
      state: 'open',
      language: 'it',
      recipient: 'Anna',
      expiresAt: new Date(server.test.clock.now().getTime() + DAY_MS).toISOString(),
      askedBy: { name: admin.email.replace('@contoso.example', '').replace(/(\d+)$/, ' $1'), email: admin.email },
      account: PRINT_ROOM,
      uses: ['imap', 'smtp'],
      login: null,
      code: null,
    });
    assert.equal(asked(), 0);
    const shown = await ask(server, '/device-code', { token });
    const code = codeOf(shown.json);
    assert.ok(code !== null && asked() === 1, shown.text);
    assert.equal(codeOf((await ask(server, '/device-code', { token })).json)?.userCode, code.userCode);
    assert.equal(codeOf((await ask(server, '', { token })).json)?.userCode, code.userCode);
    assert.equal(asked(), 1);

    await practice.answerCode(code.userCode, PRINT_ROOM);
    await worker(server, async () => {
      await moveUntil(server.test.clock, async () => (await ask(server, '', { token })).json.state === 'confirmed');
    });
    const done = await ask(server, '', { token });
    assert.deepEqual([done.json.account, done.json.login, done.json.code], [PRINT_ROOM, null, null]);
    assert.equal((await getConnection(server.test.context, id)).state, 'connected');
    for (const path of ['/device-code', '/sign-in-link', '/unexpected']) {
      assert.equal((await ask(server, path, { token })).json.code, 'hand-over-ended', path);
    }
  });

  test('the code renews itself when it has timed out, a dozen times an hour and not once more', async () => {
    await using scene = await open();
    const { server } = scene;
    const token = await scene.hand();
    const codes = new Set<string>();
    for (let count = 0; count < MAX_CODES_PER_HOUR; count += 1) {
      const shown = await ask(server, '/device-code', { token });
      codes.add(codeOf(shown.json)?.userCode ?? '');
      await call(server, 'DELETE', `/api/v1/connections/${scene.id}/device-code`, { headers: scene.admin.headers });
      assert.equal(loginOf((await ask(server, '', { token })).json)?.state, 'canceled');
    }
    assert.equal(codes.size, MAX_CODES_PER_HOUR);
    const refused = await ask(server, '/device-code', { token });
    assert.deepEqual([refused.status, refused.json.code], [429, 'hand-over-too-often']);
    assert.equal(refused.headers['retry-after'], '3600');
    assert.equal((await ask(server, '/sign-in-link', { token })).json.code, 'hand-over-too-often');
    server.test.clock.advance(HOUR_MS);
    assert.equal((await ask(server, '/device-code', { token })).status, 200);
    // one that nobody has ended yet is left to the worker for half a minute
    const last = codeOf((await ask(server, '', { token })).json);
    server.test.clock.advance(new Date(last?.expiresAt ?? 0).getTime() - server.test.clock.now().getTime());
    assert.equal(codeOf((await ask(server, '/device-code', { token })).json)?.userCode, last?.userCode);
    server.test.clock.advance(30_000);
    assert.notEqual(codeOf((await ask(server, '/device-code', { token })).json)?.userCode, last?.userCode);
  });

  test('says how it ended: declined, another account, blocked by policy; and the other way passes', async () => {
    await using scene = await open();
    const { server, id } = scene;
    const token = await scene.hand();
    await worker(server, async () => {
      const ends = async (account: string, action: 'confirm' | 'decline', state: string) => {
        const code = codeOf((await ask(server, '/device-code', { token })).json);
        await practice.answerCode(code?.userCode ?? '', account, action);
        await moveUntil(
          server.test.clock,
          async () => loginOf((await ask(server, '', { token })).json)?.state === state,
        );
        return loginOf((await ask(server, '', { token }, { 'accept-language': 'it' })).json)?.problem as {
          title: string;
          meaning?: string;
        };
      };
      assert.equal((await ends(PRINT_ROOM, 'decline', 'declined')).title, 'L’accesso è stato rifiutato sulla pagina');
      assert.match((await ends('anna@practice.example', 'confirm', 'wrong-account')).title, /account/);
      assert.equal(loginOf((await ask(server, '', { token })).json)?.tried, 'anna@practice.example');
      assert.deepEqual(await server.test.context.db.selectFrom('connection_tokens').selectAll().execute(), []);
      await practice.steer('/switch', { switch: 'device-code-policy', policy: 'security-defaults' });
      await ends(PRINT_ROOM, 'confirm', 'refused');
      assert.equal(loginOf((await ask(server, '', { token })).json)?.offersLink, true);
    });
    const link = await ask(server, '/sign-in-link', { token });
    assert.equal(link.status, 200, link.text);
    const wrong = await ask(server, '/sign-in-link ', { token, address: 'https://example.org/' });
    assert.equal(wrong.json.code, 'pasted-address-without-code');
    const address = await followLink(practice, String(link.json.url));
    const done = await ask(server, '/sign-in-link ', { token, address });
    assert.deepEqual([done.json.state, done.json.account], ['confirmed', PRINT_ROOM]);
    assert.equal((await getConnection(server.test.context, id)).state, 'connected');
  });

  test('what an administrator began since is not shown to the owner', async () => {
    await using scene = await open();
    const { server, id, admin } = scene;
    const token = await scene.hand();
    const begun = await call(server, 'POST', `/api/v1/connections/${id}/device-code`, { headers: admin.headers });
    const { json } = await ask(server, '', { token });
    assert.deepEqual([json.login, json.code], [null, null]);
    // the code that runs is good for both
    assert.equal(codeOf((await ask(server, '/device-code', { token })).json)?.userCode, begun.json.userCode);
  });
});

describe('attacks on a hand-over', () => {
  test('the link of one connection does nothing to another', async () => {
    await using scene = await open();
    const { server, id } = scene;
    const { context } = server.test;
    const other = await addPracticeConnection(context, practice, { expectedAccount: 'anna@practice.example' });
    const token = await scene.hand();
    const stolen = await scene.hand(other);
    const smuggled = { token, id: other, connectionId: other, connection_id: other };
    const shown = await ask(server, '/device-code', smuggled);
    assert.equal(shown.json.account, PRINT_ROOM);
    assert.equal((await getConnection(context, other)).login, undefined);
    assert.equal((await getConnection(context, id)).login?.state, 'pending');
    await ask(server, '/unexpected', { token: stolen });
    assert.equal((await getConnection(context, id)).login?.state, 'pending');
    assert.equal((await ask(server, '', { token })).json.state, 'open');
  });

  test('the secret opens no other route, whether shown as a token, a cookie or a password', async () => {
    await using scene = await open();
    const { server } = scene;
    const token = await scene.hand();
    const shown = [
      { authorization: `Bearer ${token}` },
      { cookie: `platen-session=${token}` },
      { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` },
    ];
    const guarded = server.http.routeTable.filter(({ role }) => role !== 'public');
    assert.ok(guarded.length > 50);
    for (const { method, url } of guarded) {
      for (const headers of shown) {
        const body = method === 'GET' || method === 'DELETE' ? {} : { body: { token } };
        const answer = await call(server, method, pathOf(url, scene.id), { headers, ...body });
        assert.ok(answer.status === 401 || answer.status === 403, `${method} ${url}: ${answer.status}`);
        assert.notEqual(answer.json.code, 'forbidden', `${method} ${url} knows who asks`);
      }
    }
  });

  test('wrong secrets are counted by address, and a right one helps no guesser', async () => {
    await using scene = await open();
    const { server } = scene;
    const token = await scene.hand();
    const guesser = { 'x-forwarded-for': '203.0.113.7' };
    for (let guess = 0; guess < MAX_GUESSES_PER_ADDRESS; guess += 1) {
      assert.equal((await ask(server, '', { token: newToken() }, guesser)).json.code, 'hand-over-unknown');
    }
    assert.equal((await ask(server, '', { token: newToken() }, guesser)).json.code, 'too-many-attempts');
    assert.equal((await ask(server, '/device-code', { token }, guesser)).json.code, 'too-many-attempts');
    assert.equal((await ask(server, '', { token }, { 'x-forwarded-for': '203.0.113.8' })).status, 200);
    assert.equal((await ask(server, '', { token: 'x'.repeat(101) })).json.code, 'invalid-request');
  });

  test('a link that is out of date, withdrawn, replaced or unexpected gives no code and no name of an account', async () => {
    await using scene = await open();
    const { server, id } = scene;
    const { context, clock } = server.test;
    const dead = async (token: string, state: string) => {
      const seen = await ask(server, '', { token });
      assert.deepEqual([seen.json.state, seen.json.account, seen.json.uses], [state, null, []]);
      for (const path of ['/device-code', '/sign-in-link', '/unexpected']) {
        const { status, json } = await ask(server, path, { token });
        assert.deepEqual([status, json.code], [410, 'hand-over-ended'], `${state} ${path}`);
      }
      const pasted = await ask(server, '/sign-in-link ', { token, address: 'https://example.org/?code=1' });
      assert.equal(pasted.json.code, 'hand-over-ended');
    };
    const replaced = await scene.hand();
    const old = await scene.hand(id, { language: 'en', validDays: 1 });
    await dead(replaced, 'withdrawn');
    clock.advance(DAY_MS - 1);
    assert.equal((await ask(server, '', { token: old })).json.state, 'open');
    clock.advance(1);
    await dead(old, 'expired');

    const path = `/api/v1/connections/${id}/hand-over`;
    const { headers } = await scene.fresh();
    const withdrawn = await scene.hand();
    await ask(server, '/device-code', { token: withdrawn });
    assert.equal((await call(server, 'DELETE', path, { headers })).status, 204);
    await dead(withdrawn, 'withdrawn');
    assert.equal((await getConnection(context, id)).login?.state, 'canceled');
    assert.equal((await call(server, 'GET', path, { headers })).status, 404);

    const unexpected = await scene.hand();
    await ask(server, '/device-code', { token: unexpected });
    assert.equal((await ask(server, '/unexpected', { token: unexpected })).json.state, 'unexpected');
    await dead(unexpected, 'unexpected');
    const told = async () => (await readOverview(context)).faults.map(({ kind, subjectId }) => [kind, subjectId]);
    assert.deepEqual(await told(), [['hand-over', id]]);
    assert.equal((await getConnection(context, id)).login?.state, 'canceled');
    assert.equal((await call(server, 'GET', path, { headers })).json.state, 'unexpected');

    const foreign = await scene.hand();
    assert.deepEqual(await told(), []);
    await updateConnection(context, id, { change: { expectedAccount: 'anna@practice.example' }, actor: 'test' });
    await dead(foreign, 'withdrawn');
  });

  test('of pages that ask at the same moment no more pass than the limit lets through', async () => {
    await using scene = await open();
    const { server } = scene;
    const token = await scene.hand();
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask(server, '/sign-in-link', { token })));
    const passed = answers.filter(({ json }) => json.code !== 'hand-over-too-often');
    assert.equal(passed.length, MAX_CODES_PER_HOUR);
  });

  test('the secret is kept nowhere: not in the database, the journal, the log or another answer', async () => {
    await using scene = await open();
    const { server, id, admin } = scene;
    const token = await scene.hand();
    await ask(server, '/device-code', { token });
    await ask(server, '/unexpected', { token });
    const { context, logLines } = server.test;
    const rows = await context.db.selectFrom('hand_overs').selectAll().execute();
    const journal = await context.db.selectFrom('journal').selectAll().execute();
    assert.deepEqual(
      journal.map(({ type }) => type).filter((type) => type.startsWith('hand-over')),
      ['hand-over-made', 'hand-over-ended'],
    );
    const told = [JSON.stringify(rows), JSON.stringify(journal), logLines.join('')];
    for (const path of [`/connections/${id}/hand-over`, `/connections/${id}`, '/connections', '/journal']) {
      told.push((await call(server, 'GET', `/api/v1${path}`, { headers: admin.headers })).text);
    }
    assert.ok(told.every((text) => !text.includes(token)));
    assert.ok(rows.every(({ digest }) => !digest.toString('latin1').includes(token)));
  });

  test('only an administrator hands over, and only a connection whose owner is known', async () => {
    await using scene = await open();
    const { server, admin } = scene;
    const operator = await addPerson(server, 'operator');
    const nobody = await addPracticeConnection(server.test.context, practice);
    const body = { language: 'en' };
    const path = (id: string) => `/api/v1/connections/${id}/hand-over`;
    for (const method of ['POST', 'GET', 'DELETE']) {
      const more = method === 'POST' ? { body } : {};
      assert.equal((await call(server, method, path(scene.id), { headers: operator.headers, ...more })).status, 403);
    }
    const refused = await call(server, 'POST', path(nobody), { headers: admin.headers, body });
    assert.equal(refused.json.code, 'hand-over-without-account');
    for (const validDays of [0, 2, 8]) {
      const odd = await call(server, 'POST', path(scene.id), { headers: admin.headers, body: { ...body, validDays } });
      assert.equal(odd.json.code, 'invalid-request', String(validDays));
    }
    const invited = await call(server, 'POST', path(scene.id), {
      headers: admin.headers,
      body: { language: 'it', recipient: 'Anna' },
    });
    assert.match(String(invited.json.invitation), /^Ciao Anna,\n\nil nostro server di stampa/);
    assert.ok(String(invited.json.invitation).includes(String(invited.json.url)));
    assert.equal(invited.json.subject, `Conferma l’accesso a ${PRINT_ROOM} per il server di stampa`);
  });
});
