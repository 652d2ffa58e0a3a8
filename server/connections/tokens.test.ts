import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { TestContext } from '../../test/harness/database.ts';
import {
  addPracticeConnection,
  connectPractice,
  moveUntil,
  openPractice,
  openPracticeContext,
  PRINT_ROOM,
  type Practice,
} from '../../test/harness/practice-connection.ts';
import { eventually } from '../../test/harness/time.ts';
import { MINUTE_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { readJournal } from '../journal/journal.ts';
import { accessTokenFor, beginDeviceLogin, getConnection, updateConnection } from './connections.ts';
import { findTokens, renewTokens } from './tokens.ts';
import { startConnectionsWorker } from './worker.ts';

const LIFE_MS = 60 * MINUTE_MS;

let practice: Practice & AsyncDisposable;
let node: TestContext;
let context: TestContext['context'];
let id: string;

before(async () => {
  practice = await openPractice();
});
after(() => practice[Symbol.asyncDispose]());
beforeEach(async () => {
  await practice.steer('/reset', {});
  await practice.steer('/settings', { accessTokenSeconds: LIFE_MS / 1000 });
});

async function connected(run: () => Promise<void>): Promise<void> {
  await using opened = await openPracticeContext(practice);
  node = opened;
  ({ context } = opened);
  id = await connectPractice(opened, practice, { expectedAccount: PRINT_ROOM });
  await run();
}

async function tokens() {
  const row = await findTokens(context, id);
  assert.ok(row);
  return row;
}

const renew = async (signal = new AbortController().signal) =>
  await renewTokens(context, id, { since: (await tokens()).renewed_at, signal });
const state = async () => (await getConnection(context, id)).state;
const token = async () => (await accessTokenFor(context, id, 'imap')).accessToken;

/** Moves the clocks a little at a time, for callers that wait for one another. */
async function whileTimePasses<T>(nodes: readonly TestContext[], work: Promise<T>): Promise<T> {
  const passing = setInterval(() => {
    for (const { clock } of nodes) clock.advance(50);
  }, 20);
  return await work.finally(() => clearInterval(passing));
}

function isError(code: string) {
  return (error: unknown) => error instanceof PlatenError && error.code === code;
}

describe('renewal', () => {
  test('happens five minutes ahead of the end, once for two workers', () =>
    connected(async () => {
      const old = await tokens();
      assert.equal(old.access_expires_at.getTime() - old.renew_at.getTime(), 5 * MINUTE_MS);
      await using other = await openPracticeContext(practice, node);
      other.clock.setWallClock(node.clock.now());
      await using _one = await startConnectionsWorker(context);
      await using _two = await startConnectionsWorker(other.context);
      const early = old.renew_at.getTime() - node.clock.now().getTime() - 1000;
      for (const clock of [node.clock, other.clock]) clock.advance(early);
      await eventually(() => node.clock.sleeping > 0 && other.clock.sleeping > 0);
      assert.equal(practice.asked('refresh_token'), 0);
      const firstToken = await token();
      await eventually(async () => {
        for (const clock of [node.clock, other.clock]) clock.advance(1000);
        return (await tokens()).renewed_at > old.renewed_at;
      });
      for (let second = 0; second < 5; second++) {
        for (const clock of [node.clock, other.clock]) clock.advance(1000);
        await eventually(() => node.clock.sleeping > 0 && other.clock.sleeping > 0);
      }
      assert.equal(practice.asked('refresh_token'), 1);
      assert.notEqual(await token(), firstToken);
      const events = await readJournal(context, { type: 'token-renewed', limit: 10 });
      assert.equal(events.length, 1);
    }));

  test('asks for what was granted and never for more', () =>
    connected(async () => {
      await updateConnection(context, id, { change: { uses: ['imap', 'pop3', 'smtp'] }, actor: 'test' });
      await renew();
      const [asked] = practice.identity.log.entries({ endpoint: 'token', grant: 'refresh_token' });
      const outlook = 'https://outlook.office.com/';
      assert.equal(asked?.scope, `openid profile offline_access ${outlook}IMAP.AccessAsUser.All ${outlook}SMTP.Send`);
      await assert.rejects(accessTokenFor(context, id, 'pop3'), isError('use-not-granted'));
    }));

  test('keeps the old refresh token when the answer that rotated it is lost, and goes on with it', () =>
    connected(async () => {
      const before = await tokens();
      await practice.fault({ endpoint: 'token', grant: 'refresh_token', kind: 'lost-answer' });
      await renew();
      const kept = await tokens();
      assert.ok(kept.sealed_refresh_token.equals(before.sealed_refresh_token));
      assert.equal(kept.failed_renewals, 1);
      assert.equal(await state(), 'connected');
      node.clock.advance(MINUTE_MS);
      await renew();
      const renewed = await tokens();
      assert.equal(renewed.failed_renewals, 0);
      assert.ok(!renewed.sealed_refresh_token.equals(before.sealed_refresh_token));
      assert.ok(renewed.sealed_previous_refresh_token !== null);
    }));

  test('a node that dies between the answer and the commit leaves a row that still renews', () =>
    connected(async () => {
      const before = await tokens();
      await practice.fault({ endpoint: 'token', grant: 'refresh_token', kind: 'slow', delayMs: 5000, chunkBytes: 1 });
      const dying = new AbortController();
      const step = renew(dying.signal);
      await eventually(() => practice.asked('refresh_token') === 1);
      dying.abort(new Error('killed'));
      await assert.rejects(step, /killed/);
      assert.ok((await tokens()).sealed_refresh_token.equals(before.sealed_refresh_token));
      await renew();
      assert.equal((await tokens()).failed_renewals, 0);
      assert.equal(await state(), 'connected');
    }));

  test('a node that was frozen and wakes up after another took over changes nothing', () =>
    connected(async () => {
      const before = await tokens();
      await practice.fault({ endpoint: 'token', grant: 'refresh_token', kind: 'slow', delayMs: 20, chunkBytes: 100 });
      const step = renew();
      await eventually(() => practice.asked('refresh_token') === 1);
      await context.db
        .updateTable('leases')
        .set((eb) => ({ fence: eb('fence', '+', 1) }))
        .where('name', '=', `renewal:${id}`)
        .execute();
      await assert.rejects(step, isError('lease-lost'));
      assert.deepEqual(await tokens(), before);
    }));

  test('is not repeated by a node that comes a moment later with the same need', () =>
    connected(async () => {
      const { renewed_at: since } = await tokens();
      const { signal } = new AbortController();
      node.clock.advance(1000);
      assert.equal(await renewTokens(context, id, { since, signal }), true);
      assert.equal(await renewTokens(context, id, { since, signal }), true);
      assert.equal(practice.asked('refresh_token'), 1);
    }));

  test('does not take an answer for another person', () =>
    connected(async () => {
      const before = await tokens();
      await practice.fault({ endpoint: 'token', grant: 'refresh_token', kind: 'other-user' });
      await renew();
      const after = await tokens();
      assert.ok(after.sealed_access_token.equals(before.sealed_access_token));
      assert.equal(after.failed_renewals, 1);
      assert.equal((await getConnection(context, id)).account?.username, PRINT_ROOM);
    }));
});

describe('a refusal of the renewal', () => {
  for (const [what, change, aadsts] of [
    ['the password was changed', { switch: 'password-changed', account: PRINT_ROOM }, 50173],
    ['the sessions were revoked', { switch: 'sessions-revoked', account: PRINT_ROOM }, 50173],
    ['90 days went by', { switch: 'idle', account: PRINT_ROOM, days: 91 }, 700082],
    ['the second factor grew old', { switch: 'mfa-expired', account: PRINT_ROOM }, 50078],
    ['a policy against codes came later', { switch: 'device-code-policy' }, 530036],
    ['the consent was withdrawn', { switch: 'consent-removed' }, 65001],
    ['the application was disabled', { switch: 'app-disabled' }, 7000112],
    ['the account was disabled', { switch: 'user-disabled', account: PRINT_ROOM }, 50057],
  ] as const) {
    test(`asks for a new confirmation when ${what} (${aadsts})`, () =>
      connected(async () => {
        node.clock.advance(1000);
        practice.clock.advance(1000);
        await practice.steer('/switch', { clientId: practice.clientId, ...change });
        await renew();
        const connection = await getConnection(context, id);
        assert.equal(connection.state, 'needs-confirmation');
        assert.equal(connection.problem?.facts?.aadsts, aadsts);
        await assert.rejects(token(), (error) => {
          assert.ok(error instanceof PlatenError);
          assert.equal(error.code, 'connection-needs-confirmation');
          assert.equal(error.values.reasonText, `aadsts.${aadsts}.meaning`);
          assert.match(error.remote ?? '', new RegExp(`AADSTS${aadsts}`));
          return true;
        });
        const asked = practice.asked('refresh_token');
        node.clock.advance(LIFE_MS);
        await renew();
        assert.equal(practice.asked('refresh_token'), asked, 'a refused connection is left alone');
      }));
  }

  test('is cured by a new confirmation', () =>
    connected(async () => {
      await practice.steer('/switch', { switch: 'mfa-expired', account: PRINT_ROOM });
      await renew();
      await practice.steer('/switch', { switch: 'mfa-expired', account: PRINT_ROOM, on: false });
      const code = await beginDeviceLogin(context, id, { actor: 'test', language: 'it' });
      await practice.answerCode(code.userCode, PRINT_ROOM);
      await using _worker = await startConnectionsWorker(context);
      await moveUntil(node.clock, async () => (await state()) === 'connected');
      assert.equal((await getConnection(context, id)).problem, undefined);
    }));

  test('with number 70000 is believed the second time only', () =>
    connected(async () => {
      const damaged = {
        endpoint: 'token',
        grant: 'refresh_token',
        kind: 'aadsts',
        aadsts: 70000,
        error: 'invalid_grant',
      };
      await practice.fault({ ...damaged, times: 1 });
      await renew();
      assert.equal(await state(), 'connected');
      assert.equal(practice.asked('refresh_token'), 2);
      await practice.fault({ ...damaged, times: 2 });
      node.clock.advance(1000);
      await renew();
      assert.equal(await state(), 'needs-confirmation');
    }));

  test('is never drawn from a sealed token that was moved from another row: it does not open', () =>
    connected(async () => {
      const first = await tokens();
      const thief = await connectPractice(node, practice, { account: 'bruno@practice.example' });
      await context.db
        .updateTable('connection_tokens')
        .set({ sealed_refresh_token: first.sealed_refresh_token, sealed_access_token: first.sealed_access_token })
        .where('connection_id', '=', thief)
        .execute();
      await assert.rejects(accessTokenFor(context, thief, 'imap'), isError('sealed-value-damaged'));
      const row = await findTokens(context, thief);
      await renewTokens(context, thief, { since: row?.renewed_at ?? new Date(), signal: new AbortController().signal });
      assert.equal((await getConnection(context, thief)).problem?.code, 'sealed-value-damaged');
    }));
});

describe('a Microsoft that does not answer', () => {
  test('leaves the connection working, then degraded, and is tried ever less often until it answers', () =>
    connected(async () => {
      await practice.fault({ endpoint: 'token', grant: 'refresh_token', kind: 'status', status: 503, times: 'always' });
      const waits: number[] = [];
      for (let failure = 1; failure <= 8; failure++) {
        await renew();
        const row = await tokens();
        waits.push((row.renew_at.getTime() - node.clock.now().getTime()) / 1000);
        assert.equal(await state(), failure < 3 ? 'connected' : 'degraded');
        node.clock.advance(row.renew_at.getTime() - node.clock.now().getTime());
        if (failure === 2) assert.ok(await token());
      }
      assert.ok((waits[0] ?? 0) <= 36 && (waits[0] ?? 0) >= 24, String(waits));
      assert.ok(
        waits.every((seconds) => seconds <= 18 * 60),
        String(waits),
      );
      assert.ok((waits.at(-1) ?? 0) >= 12 * 60, String(waits));
      await practice.steer('/faults/clear', {});
      await renew();
      assert.equal(await state(), 'connected');
      assert.equal((await getConnection(context, id)).problem, undefined);
      const changes = await readJournal(context, { type: 'connection-state-changed', limit: 20 });
      assert.deepEqual(
        changes.map(({ data }) => data.to),
        ['connected', 'degraded', 'connected'],
      );
    }));

  test('is not stormed by callers when the token has ended', () =>
    connected(async () => {
      node.clock.advance(LIFE_MS);
      await practice.fault({
        endpoint: 'token',
        grant: 'refresh_token',
        kind: 'status',
        status: 429,
        retryAfter: 120,
        times: 'always',
      });
      const calls = await whileTimePasses([node], Promise.allSettled(Array.from({ length: 10 }, () => token())));
      assert.ok(calls.every((call) => call.status === 'rejected' && isError('connection-degraded')(call.reason)));
      assert.equal(practice.asked('refresh_token'), 1);
      const waitMs = (await tokens()).renew_at.getTime() - node.clock.now().getTime();
      assert.ok(waitMs > 90_000 && waitMs <= 120_000, String(waitMs));
      assert.equal(await state(), 'degraded');
    }));
});

describe('an access token', () => {
  test('that has ended is renewed once for all who ask on two nodes', () =>
    connected(async () => {
      const old = await token();
      await using other = await openPracticeContext(practice, node);
      node.clock.advance(LIFE_MS);
      other.clock.setWallClock(node.clock.now());
      const asking = [context, context, other.context, other.context].map((one) => accessTokenFor(one, id, 'smtp'));
      const given = await whileTimePasses([node, other], Promise.all(asking));
      assert.equal(new Set(given.map(({ accessToken }) => accessToken)).size, 1);
      assert.notEqual(given[0]?.accessToken, old);
      assert.equal(practice.asked('refresh_token'), 1);
    }));

  test('that a server calls bad is replaced, but not twice in half a minute', () =>
    connected(async () => {
      node.clock.advance(MINUTE_MS);
      const notOlderThan = node.clock.now();
      const first = await accessTokenFor(context, id, 'imap', { notOlderThan });
      assert.equal(practice.asked('refresh_token'), 1);
      node.clock.advance(29_000);
      const second = await accessTokenFor(context, id, 'imap', { notOlderThan: node.clock.now() });
      assert.equal(second.accessToken, first.accessToken);
      node.clock.advance(1000);
      await accessTokenFor(context, id, 'imap', { notOlderThan: node.clock.now() });
      assert.equal(practice.asked('refresh_token'), 2);
    }));

  test('is not given before anybody has confirmed, and the reason says which connection', () =>
    connected(async () => {
      const other = await addPracticeConnection(context, practice);
      await assert.rejects(accessTokenFor(context, other, 'imap'), (error) => {
        assert.ok(error instanceof PlatenError);
        assert.equal(error.code, 'connection-not-confirmed');
        assert.equal(error.values.title, 'Practice');
        return true;
      });
    }));
});
