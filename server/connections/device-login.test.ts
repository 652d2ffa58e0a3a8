import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { openTestContext, type TestContext } from '../../test/harness/database.ts';
import {
  addPracticeConnection,
  moveUntil,
  type NewPracticeConnection,
  openPractice,
  openPracticeContext,
  PRINT_ROOM,
  type Practice,
} from '../../test/harness/practice-connection.ts';
import { eventually } from '../../test/harness/time.ts';
import { PlatenError } from '../base/errors.ts';
import { readJournal } from '../journal/journal.ts';
import {
  accessTokenFor,
  beginDeviceLogin,
  type Connection,
  cancelDeviceLogin,
  createConnection,
  getConnection,
  setNetworkSettings,
} from './connections.ts';
import { pollLogin } from './poll-login.ts';
import { startConnectionsWorker } from './worker.ts';

const BEGIN = { actor: 'test', language: 'en' } as const;

let practice: Practice & AsyncDisposable;
let context: TestContext['context'];
let node: TestContext;

before(async () => {
  practice = await openPractice();
});
after(() => practice[Symbol.asyncDispose]());
beforeEach(() => practice.steer('/reset', {}));

async function onNode(run: () => Promise<void>): Promise<void> {
  await using opened = await openPracticeContext(practice);
  node = opened;
  ({ context } = opened);
  await run();
}

/** Begins a login, lets the account answer, and runs the worker until the login has ended. */
async function login(account: string, more: NewPracticeConnection & { afterMs?: number } = {}) {
  const id = await addPracticeConnection(context, practice, more);
  const code = await beginDeviceLogin(context, id, BEGIN);
  await practice.answerCode(code.userCode, account);
  node.clock.advance(more.afterMs ?? 0);
  return await runToEnd(id);
}

async function runToEnd(id: string): Promise<Connection> {
  await using _worker = await startConnectionsWorker(context);
  await moveUntil(node.clock, async () => (await getConnection(context, id)).login?.state !== 'pending');
  return await getConnection(context, id);
}

async function steps(id: string): Promise<void> {
  const row = await context.db
    .selectFrom('connection_logins')
    .select('id')
    .where('connection_id', '=', id)
    .where('state', '=', 'pending')
    .executeTakeFirstOrThrow();
  await pollLogin(context, row.id, new AbortController().signal);
}

/** Every text in the database, for looking for what must not be there. */
async function dump(): Promise<string> {
  const tables = ['connections', 'connection_logins', 'connection_tokens', 'journal', 'leases'] as const;
  const rows = await Promise.all(tables.map((table) => context.db.selectFrom(table).selectAll().execute()));
  return (
    JSON.stringify(rows, (_key, value) => value) +
    rows
      .flat()
      .map((row) =>
        Object.values(row)
          .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : ''))
          .join(),
      )
      .join()
  );
}

/** Who confirms in place of the one that is expected. */
const TRIED: Readonly<Record<string, string>> = {
  'bruno@practice.example': 'bruno@practice.example',
  'other-user@practice.example': 'somebody.else@practice.example',
};

describe('a login by code', () => {
  test('is connected when the expected account confirms, and the tokens are sealed', () =>
    onNode(async () => {
      const connection = await login(PRINT_ROOM, { expectedAccount: PRINT_ROOM });
      assert.equal(connection.state, 'connected');
      assert.equal(connection.login?.state, 'granted');
      const account = practice.tenant.getAccount(PRINT_ROOM);
      assert.equal(connection.account?.objectId, account.oid);
      assert.equal(connection.account?.tenantId, practice.tid);
      assert.deepEqual(connection.grantedUses, ['imap', 'smtp']);
      const token = await accessTokenFor(context, connection.id, 'imap');
      assert.equal(token.username, PRINT_ROOM);
      assert.equal(practice.tenant.accessTokens.get(token.accessToken)?.username, PRINT_ROOM);
      const kept = (await dump()) + node.logLines.join();
      for (const secret of [
        token.accessToken,
        ...practice.tenant.refreshTokens.keys(),
        ...practice.tenant.deviceCodes.keys(),
      ]) {
        assert.ok(!kept.includes(secret), 'a secret stands somewhere in the open');
      }
      const types = (await readJournal(context, { limit: 50 })).map((event) => event.type);
      assert.deepEqual(types, ['connection-added', 'login-started', 'login-ended', 'connection-state-changed']);
    }));

  test('asks for the scopes of its uses and for nothing of another resource', () =>
    onNode(async () => {
      await login(PRINT_ROOM, { expectedAccount: PRINT_ROOM, uses: ['smtp'] });
      const [asked] = practice.identity.log.entries({ endpoint: 'devicecode' });
      assert.equal(asked?.scope, 'openid profile offline_access https://outlook.office.com/SMTP.Send');
    }));

  test('gives the address of the answer, and an expiry of a quarter of an hour', () =>
    onNode(async () => {
      await practice.steer('/settings', {
        verificationUri: 'https://login.example/own-page',
        deviceCodeSeconds: 86_400,
      });
      const id = await addPracticeConnection(context, practice);
      const code = await beginDeviceLogin(context, id, BEGIN);
      assert.equal(code.verificationUri, 'https://login.example/own-page');
      assert.equal(code.expiresAt.getTime() - node.clock.now().getTime(), 900_000);
      assert.equal((await getConnection(context, id)).login?.state, 'pending');
    }));

  for (const [what, account, state, code, aadsts] of [
    ['the person declines', 'declines@practice.example', 'declined', 'login-declined', undefined],
    ['security defaults block it', 'blocked-530035@practice.example', 'refused', 'device-code-refused', 530035],
    ['a policy blocks it', 'blocked-53003@practice.example', 'refused', 'device-code-refused', 53003],
    [
      'a number nobody has explained comes',
      'blocked-7654321@practice.example',
      'refused',
      'device-code-refused',
      7654321,
    ],
    ['another account confirms', 'bruno@practice.example', 'wrong-account', 'wrong-account', undefined],
    ['an answer names another tenant', 'other-tenant@practice.example', 'wrong-account', 'login-unusable', undefined],
    ['an answer names another person', 'other-user@practice.example', 'wrong-account', 'wrong-account', undefined],
  ] as const) {
    test(`ends as ${state} when ${what}, and nothing is kept`, () =>
      onNode(async () => {
        const connection = await login(account, { expectedAccount: PRINT_ROOM });
        assert.equal(connection.login?.state, state);
        assert.equal(connection.login?.problem?.code, code);
        assert.equal(connection.login?.problem?.facts?.aadsts, aadsts);
        // one of another tenant cannot be meant
        assert.equal(connection.login?.tried, TRIED[account]);
        if (aadsts !== undefined) {
          assert.match(String(connection.login?.problem?.facts?.traceId), /^[0-9a-f-]{36}$/);
          assert.ok(connection.login?.problem?.facts?.correlationId && connection.login.problem.facts.timestamp);
          assert.match(connection.login?.problem?.remote ?? '', new RegExp(`AADSTS${aadsts}`));
        }
        assert.equal(connection.state, 'awaiting-confirmation');
        assert.equal(connection.account, undefined);
        assert.deepEqual(await context.db.selectFrom('connection_tokens').selectAll().execute(), []);
        const rows = await context.db.selectFrom('connection_logins').selectAll().execute();
        assert.ok(rows.every((row) => row.sealed_device_code === null && row.sealed_grant === null));
        await assert.rejects(accessTokenFor(context, connection.id, 'imap'), isError('connection-not-confirmed'));
      }));
  }

  test('ends as expired when nobody acts, and the page refusing somebody looks the same', () =>
    onNode(async () => {
      const connection = await login('stuck-90094@practice.example', { expectedAccount: PRINT_ROOM, afterMs: 880_000 });
      assert.equal(connection.login?.state, 'expired');
      assert.equal(connection.login?.problem?.code, 'login-expired');
    }));

  test('is asked once more when its time is over: who confirmed in the last second has confirmed', () =>
    onNode(async () => {
      const confirmed = await login(PRINT_ROOM, { expectedAccount: PRINT_ROOM, afterMs: 901_000 });
      assert.deepEqual([confirmed.login?.state, confirmed.state], ['granted', 'connected']);
      const id = await addPracticeConnection(context, practice);
      await beginDeviceLogin(context, id, BEGIN);
      const asked = practice.asked('device_code');
      node.clock.advance(901_000);
      const { login: ended } = await runToEnd(id);
      assert.deepEqual([ended?.state, ended?.problem?.remote], ['expired', 'authorization_pending']);
      assert.equal(practice.asked('device_code'), asked + 1);
    }));

  test('ends as canceled by an administrator, and a confirmation afterwards changes nothing', () =>
    onNode(async () => {
      const id = await addPracticeConnection(context, practice);
      const code = await beginDeviceLogin(context, id, BEGIN);
      await cancelDeviceLogin(context, id, 'admin');
      await cancelDeviceLogin(context, id, 'admin');
      await practice.answerCode(code.userCode, PRINT_ROOM);
      await using _worker = await startConnectionsWorker(context);
      for (let second = 0; second < 10; second++) {
        node.clock.advance(1000);
        await eventually(() => node.clock.sleeping > 0);
      }
      assert.equal((await getConnection(context, id)).login?.state, 'canceled');
      assert.deepEqual((await getConnection(context, id)).login?.ended?.by, 'admin');
      assert.equal(practice.asked('device_code'), 0);
    }));

  test('is replaced by a newer code, of which only one is open at a time', () =>
    onNode(async () => {
      const id = await addPracticeConnection(context, practice);
      await Promise.all([1, 2, 3].map(() => beginDeviceLogin(context, id, BEGIN)));
      const states = await context.db.selectFrom('connection_logins').select('state').execute();
      assert.deepEqual(states.map((row) => row.state).sort(), ['canceled', 'canceled', 'pending']);
    }));

  test('cannot begin with an unknown application or tenant, and says the number', () =>
    onNode(async () => {
      const known = { title: 'x', cloud: 'practice', uses: ['imap'] as const };
      const wrongClient = { ...known, clientId: '11111111-2222-3333-4444-555555555555', tenantId: practice.tid };
      const wrongTenant = { ...known, clientId: practice.clientId, tenantId: 'nobody.example' };
      for (const [asked, aadsts] of [
        [wrongClient, 700016],
        [wrongTenant, 90002],
      ] as const) {
        const { id } = await createConnection(context, asked, 'test');
        await assert.rejects(beginDeviceLogin(context, id, BEGIN), (error) => {
          assert.ok(error instanceof PlatenError);
          assert.equal(error.code, 'device-code-refused');
          assert.equal(error.facts.aadsts, aadsts);
          assert.equal(error.values.reasonText, `aadsts.${aadsts}.meaning`);
          return true;
        });
      }
    }));

  test('cannot begin while Microsoft does not answer, and says that waiting helps', () =>
    onNode(async () => {
      const id = await addPracticeConnection(context, practice);
      await practice.fault({ endpoint: 'devicecode', kind: 'status', status: 503, retryAfter: 7 });
      await assert.rejects(beginDeviceLogin(context, id, BEGIN), (error) => {
        assert.ok(error instanceof PlatenError);
        assert.equal(error.code, 'identity-unreachable');
        assert.equal(error.retryAfterSeconds, 7);
        return true;
      });
      assert.equal((await getConnection(context, id)).login, undefined);
    }));

  for (const tenantId of ['practice.example', 'organizations']) {
    test(`works with the tenant given as ${tenantId}, and the account's tenant is known afterwards`, () =>
      onNode(async () => {
        await practice.steer('/apps', { clientId: practice.clientId, audience: 'multi' });
        const asked = { title: 'x', clientId: practice.clientId, tenantId, cloud: 'practice', uses: ['imap'] as const };
        const { id } = await createConnection(context, { ...asked, expectedAccount: PRINT_ROOM }, 'test');
        const code = await beginDeviceLogin(context, id, BEGIN);
        await practice.answerCode(code.userCode, PRINT_ROOM);
        const connection = await runToEnd(id);
        assert.equal(connection.state, 'connected', JSON.stringify(connection.login));
        assert.equal(connection.account?.tenantId, practice.tid);
      }));
  }

  test('is polled no faster than the server wants: it never has to say slow_down', () =>
    onNode(async () => {
      await practice.steer('/settings', { pollingTooFast: 'slow-down', intervalSeconds: 7 });
      const id = await addPracticeConnection(context, practice);
      await beginDeviceLogin(context, id, BEGIN);
      await using _worker = await startConnectionsWorker(context);
      await eventually(() => {
        // both clocks, because the practice tenant measures the pause with its own
        node.clock.advance(500);
        practice.clock.advance(500);
        return practice.asked('device_code') >= 5;
      });
      const errors = practice.identity.log.entries({ endpoint: 'token' }).map(({ error }) => error);
      assert.deepEqual([...new Set(errors)], ['authorization_pending']);
    }));

  test('cannot begin for a shared tenant name while nobody knows who has to confirm', () =>
    onNode(async () => {
      const asked = { title: 'x', clientId: practice.clientId, tenantId: 'organizations', cloud: 'practice' };
      const { id } = await createConnection(context, { ...asked, uses: ['imap'] }, 'test');
      await assert.rejects(beginDeviceLogin(context, id, BEGIN), isError('expected-account-missing'));
    }));
});

describe('the account pin', () => {
  test('is the sender e-mail where no account is expected', () =>
    onNode(async () => {
      const sender = { senderEmail: PRINT_ROOM, senderName: 'Print', outgoing: undefined };
      await setNetworkSettings(context, sender, 'test');
      assert.equal((await login('bruno@practice.example')).login?.state, 'wrong-account');
      assert.equal((await login(PRINT_ROOM)).login?.state, 'granted');
    }));

  test('matches the mail address of an account whose user name is another, through Graph', () =>
    onNode(async () => {
      const connection = await login('carla.upn@practice.onmicrosoft.example', {
        expectedAccount: 'carla@practice.example',
      });
      assert.equal(connection.state, 'connected');
      assert.ok(connection.account?.addresses.includes('carla@practice.example'));
    }));

  test('does not match when Graph may not be read, and says so', () =>
    onNode(async () => {
      await practice.steer('/switch', {
        switch: 'consent-removed',
        clientId: practice.clientId,
        names: ['User.Read'],
      });
      const connection = await login('carla.upn@practice.onmicrosoft.example', {
        expectedAccount: 'carla@practice.example',
      });
      assert.equal(connection.login?.state, 'wrong-account');
      assert.equal(connection.login?.problem?.facts?.addressesRead, 'no');
    }));

  test('waits with the decision while Graph does not answer, and keeps what was granted sealed', () =>
    onNode(async () => {
      await practice.fault({ endpoint: 'me', kind: 'status', status: 503, times: 2 });
      const connection = await login('carla.upn@practice.onmicrosoft.example', {
        expectedAccount: 'carla@practice.example',
      });
      assert.equal(connection.state, 'connected');
      assert.equal(practice.asked('device_code'), 1);
    }));

  test('without any pin is the first account, and from then on only that one', () =>
    onNode(async () => {
      const connection = await login('anna@practice.example');
      assert.equal(connection.state, 'connected');
      const code = await beginDeviceLogin(context, connection.id, BEGIN);
      await practice.answerCode(code.userCode, 'bruno@practice.example');
      const again = await runToEnd(connection.id);
      assert.equal(again.login?.state, 'wrong-account');
      assert.equal(again.state, 'connected');
      assert.equal(again.account?.username, 'anna@practice.example');
    }));
});

describe('trouble while a code is open', () => {
  for (const fault of [
    { kind: 'status', status: 503 },
    { kind: 'status', status: 503, body: 'html' },
    { kind: 'status', status: 500, body: 'empty' },
    { kind: 'html' },
    { kind: 'reset' },
    { kind: 'huge' },
    { kind: 'aadsts', aadsts: 90033, error: 'temporarily_unavailable', status: 400 },
    { kind: 'redirect', location: 'https://portal.example/' },
    { kind: 'replace', body: '[]' },
  ]) {
    test(`does not end the login: ${JSON.stringify(fault)}`, () =>
      onNode(async () => {
        await practice.fault({ endpoint: 'token', grant: 'device_code', times: 2, ...fault });
        assert.equal((await login(PRINT_ROOM)).login?.state, 'granted');
        assert.equal(practice.asked('device_code'), 3);
      }));
  }

  test('slow_down makes the interval five seconds longer for good', () =>
    onNode(async () => {
      const id = await addPracticeConnection(context, practice);
      await beginDeviceLogin(context, id, BEGIN);
      await practice.fault({ endpoint: 'token', kind: 'aadsts', error: 'slow_down', status: 400, times: 1 });
      node.clock.advance(5000);
      await steps(id);
      const row = await context.db.selectFrom('connection_logins').selectAll().executeTakeFirstOrThrow();
      assert.equal(row.interval_seconds, 10);
      assert.equal(row.next_poll_at.getTime() - node.clock.now().getTime(), 10_000);
      node.clock.advance(9999);
      await steps(id);
      assert.equal(practice.asked('device_code'), 1);
      node.clock.advance(1);
      await steps(id);
      assert.equal(practice.asked('device_code'), 2);
    }));

  test('Retry-After of a 429 is waited for', () =>
    onNode(async () => {
      const id = await addPracticeConnection(context, practice);
      await beginDeviceLogin(context, id, BEGIN);
      await practice.fault({ endpoint: 'token', kind: 'status', status: 429, retryAfter: 60 });
      node.clock.advance(5000);
      await steps(id);
      assert.equal((await getConnection(context, id)).login?.problem?.code, 'identity-unreachable');
      node.clock.advance(59_999);
      await steps(id);
      assert.equal(practice.asked('device_code'), 1);
      node.clock.advance(1);
      await steps(id);
      assert.equal(practice.asked('device_code'), 2);
      assert.equal((await getConnection(context, id)).login?.problem, undefined);
    }));

  test('a restart in the middle goes on with the same code', () =>
    onNode(async () => {
      const id = await addPracticeConnection(context, practice);
      const code = await beginDeviceLogin(context, id, BEGIN);
      {
        await using _worker = await startConnectionsWorker(context);
        await moveUntil(node.clock, async () => practice.asked('device_code') > 0);
      }
      await practice.answerCode(code.userCode, PRINT_ROOM);
      await using other = await openPracticeContext(practice, node);
      other.clock.setWallClock(node.clock.now());
      await using _worker = await startConnectionsWorker(other.context);
      await moveUntil(other.clock, async () => (await getConnection(context, id)).state === 'connected');
      assert.equal(practice.tenant.deviceCodes.size, 1);
    }));

  test('a node that dies between the grant and the decision loses nothing', () =>
    onNode(async () => {
      const id = await addPracticeConnection(context, practice, { expectedAccount: 'carla@practice.example' });
      const code = await beginDeviceLogin(context, id, BEGIN);
      await practice.answerCode(code.userCode, 'carla.upn@practice.onmicrosoft.example');
      await practice.fault({ endpoint: 'me', kind: 'hang', times: 1 });
      node.clock.advance(5000);
      const dying = new AbortController();
      const row = await context.db.selectFrom('connection_logins').select('id').executeTakeFirstOrThrow();
      const step = pollLogin(context, row.id, dying.signal);
      await eventually(() => practice.identity.log.entries({ endpoint: 'me' }).length > 0);
      dying.abort(new Error('killed'));
      await assert.rejects(step, /killed/);
      assert.equal((await runToEnd(id)).login?.state, 'granted');
      assert.equal(practice.asked('device_code'), 1);
    }));

  test('two workers ask once per interval together', () =>
    onNode(async () => {
      const id = await addPracticeConnection(context, practice);
      await beginDeviceLogin(context, id, BEGIN);
      await using other = await openPracticeContext(practice, node);
      const login = await context.db.selectFrom('connection_logins').select('id').executeTakeFirstOrThrow();
      const now = new Date(node.clock.now().getTime() + 5000);
      for (const clock of [node.clock, other.clock]) clock.setWallClock(now);
      const signal = new AbortController().signal;
      await Promise.all(
        [context, other.context, context, other.context].map((one) => pollLogin(one, login.id, signal)),
      );
      assert.equal(practice.asked('device_code'), 1);
      assert.equal((await getConnection(context, id)).login?.state, 'pending');
    }));

  test('a key file that is not the right one ends the login with its reason', () =>
    onNode(async () => {
      const id = await addPracticeConnection(context, practice);
      await beginDeviceLogin(context, id, BEGIN);
      await using stranger = await openTestContext({ settings: { clouds: practice.clouds } });
      node.clock.advance(5000);
      const row = await context.db.selectFrom('connection_logins').select('id').executeTakeFirstOrThrow();
      await pollLogin({ ...context, secrets: stranger.context.secrets }, row.id, new AbortController().signal);
      const { login } = await getConnection(context, id);
      assert.equal(login?.state, 'refused');
      assert.equal(login?.problem?.code, 'sealed-value-damaged');
      assert.equal(practice.asked('device_code'), 0);
    }));
});

function isError(code: string) {
  return (error: unknown) => error instanceof PlatenError && error.code === code;
}
