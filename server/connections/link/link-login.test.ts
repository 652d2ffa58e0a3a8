import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { openTestContext, type TestContext } from '../../../test/harness/database.ts';
import {
  addPracticeConnection,
  followLink,
  moveUntil,
  openPractice,
  openPracticeContext,
  PRINT_ROOM,
  type Practice,
} from '../../../test/harness/practice-connection.ts';
import { MINUTE_MS } from '../../base/clock.ts';
import { PlatenError } from '../../base/errors.ts';
import { accessTokenFor, beginDeviceLogin, cancelDeviceLogin, getConnection } from '../connections.ts';
import { startConnectionsWorker } from '../worker.ts';
import { beginLink, finishLink } from './link-login.ts';
import { LoopbackPages } from './loopback.ts';

const BEGIN = { actor: 'test', language: 'en' } as const;

let practice: Practice & AsyncDisposable;

before(async () => {
  practice = await openPractice();
});
after(() => practice[Symbol.asyncDispose]());
beforeEach(() => practice.steer('/reset', {}));

/** A connection with an open link, in a database of its own. */
async function open(more: { readonly expectedAccount?: string } = { expectedAccount: PRINT_ROOM }) {
  const node = await openPracticeContext(practice);
  const { context } = node;
  const id = await addPracticeConnection(context, practice, more);
  const link = await beginLink(context, id, BEGIN);
  return { node, context, id, link, [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() };
}

function refusedWith(code: string) {
  return (error: unknown) => error instanceof PlatenError && error.code === code;
}

async function secretsLeft({ context }: TestContext): Promise<number> {
  const rows = await context.db.selectFrom('connection_logins').selectAll().execute();
  return rows.filter((row) => row.sealed_link !== null || row.sealed_grant !== null).length;
}

describe('a sign-in by link', () => {
  test('the pasted address of the right account connects, and the tokens are those of any sign-in', async () => {
    await using opened = await open();
    const { context, id, link } = opened;
    await finishLink(context, id, await followLink(practice, link.url));
    const connection = await getConnection(context, id);
    assert.deepEqual(
      [connection.state, connection.login?.kind, connection.login?.state],
      ['connected', 'link', 'granted'],
    );
    assert.equal(connection.account?.username, PRINT_ROOM);
    assert.equal((await accessTokenFor(context, id, 'imap')).username, PRINT_ROOM);
    assert.equal(await secretsLeft(opened.node), 0);
  });

  test('it works where security defaults and Conditional Access block the code', async () => {
    for (const [policy, aadsts] of [
      ['security-defaults', 530035],
      ['conditional-access', 53003],
    ] as const) {
      await practice.steer('/switch', { switch: 'device-code-policy', policy });
      await using node = await openPracticeContext(practice);
      const { context } = node;
      const id = await addPracticeConnection(context, practice, { expectedAccount: PRINT_ROOM });
      const code = await beginDeviceLogin(context, id, BEGIN);
      await practice.answerCode(code.userCode, PRINT_ROOM);
      await using _worker = await startConnectionsWorker(context);
      await moveUntil(node.clock, async () => (await getConnection(context, id)).login?.state === 'refused');
      const blocked = (await getConnection(context, id)).login;
      assert.equal(blocked?.problem?.facts?.aadsts, aadsts);
      assert.equal(blocked?.offersLink, true);
      const link = await beginLink(context, id, BEGIN);
      await finishLink(context, id, await followLink(practice, link.url));
      assert.equal((await getConnection(context, id)).state, 'connected');
    }
  });

  test('another account is refused, and nothing of it is kept', async () => {
    await using opened = await open();
    const { context, id, link } = opened;
    await finishLink(context, id, await followLink(practice, link.url, { account: 'anna@practice.example' }));
    const { login, state } = await getConnection(context, id);
    assert.deepEqual([login?.state, state], ['wrong-account', 'awaiting-confirmation']);
    assert.equal(login?.problem?.values?.account, 'anna@practice.example');
    assert.deepEqual(await context.db.selectFrom('connection_tokens').selectAll().execute(), []);
    assert.equal(await secretsLeft(opened.node), 0);
  });

  test('the account is looked up by its addresses, again when Graph does not answer', async () => {
    await using opened = await open({ expectedAccount: 'c.mail@practice.example' });
    const { node, context, id, link } = opened;
    await practice.fault({ endpoint: 'me', kind: 'status', status: 503 });
    await finishLink(context, id, await followLink(practice, link.url, { account: 'carla@practice.example' }));
    assert.equal((await getConnection(context, id)).login?.problem?.code, 'identity-unreachable');
    await using _worker = await startConnectionsWorker(context);
    await moveUntil(node.clock, async () => (await getConnection(context, id)).state === 'connected');
  });

  test('Cancel at Microsoft ends it as declined', async () => {
    await using opened = await open();
    const { context, id, link } = opened;
    await finishLink(context, id, await followLink(practice, link.url, { action: 'decline' }));
    const { login } = await getConnection(context, id);
    assert.deepEqual(
      [login?.state, login?.problem?.code, login?.problem?.facts?.aadsts],
      ['declined', 'login-declined', 65004],
    );
  });

  test('an error of Microsoft in the address ends it with its number', async () => {
    await using opened = await open();
    const { context, id, link } = opened;
    const state = new URL(link.url).searchParams.get('state') ?? '';
    const words = 'AADSTS90094: An administrator must consent.';
    const query = new URLSearchParams({ error: 'interaction_required', error_description: words, state });
    await finishLink(context, id, `${practice.authority}/common/oauth2/nativeclient?${query}`);
    const { login } = await getConnection(context, id);
    assert.deepEqual(
      [login?.state, login?.problem?.code, login?.problem?.facts?.aadsts],
      ['refused', 'link-login-refused', 90094],
    );
  });

  test('a text that is not the right address says why, and the login stays open', async () => {
    await using opened = await open();
    const { context, id, link } = opened;
    const good = await followLink(practice, link.url);
    const pastes: readonly (readonly [string, string])[] = [
      ['hello', 'pasted-text-unusable'],
      [link.url, 'pasted-address-without-code'],
      [good.replace(/code=[^&]+&?/, ''), 'pasted-address-without-code'],
      [good.replace(/&state=[^&]+/, '&state=other'), 'pasted-address-of-other-attempt'],
    ];
    for (const [text, code] of pastes) await assert.rejects(finishLink(context, id, text), refusedWith(code), text);
    await practice.fault({ endpoint: 'token', kind: 'status', status: 503 });
    await assert.rejects(finishLink(context, id, good), refusedWith('identity-unreachable'));
    assert.equal((await getConnection(context, id)).login?.state, 'pending');
    await finishLink(context, id, ` ${good} `);
    assert.equal((await getConnection(context, id)).state, 'connected');
  });

  test('an address works once: a used code is said, and the same link gives a new one', async () => {
    await using opened = await open();
    const { context, id, link } = opened;
    const address = await followLink(practice, link.url);
    // somebody else was quicker, or the answer was lost on the way
    await practice.fault({ endpoint: 'token', kind: 'lost-answer' });
    await assert.rejects(finishLink(context, id, address), refusedWith('identity-unreachable'));
    await assert.rejects(finishLink(context, id, address), (error) => {
      assert.ok(error instanceof PlatenError);
      assert.deepEqual([error.code, error.facts.aadsts], ['pasted-code-used', 54005]);
      return true;
    });
    await finishLink(context, id, await followLink(practice, link.url));
    assert.equal((await getConnection(context, id)).state, 'connected');
    await assert.rejects(finishLink(context, id, address), refusedWith('pasted-code-used'));
  });

  test('a code of ten minutes is too old, by Microsoft’s clock and by ours', async () => {
    await using opened = await open();
    const { node, context, id, link } = opened;
    const address = await followLink(practice, link.url);
    await practice.steer('/clock/advance', { seconds: 600 });
    await assert.rejects(finishLink(context, id, address), refusedWith('pasted-code-expired'));
    node.clock.advance(10 * MINUTE_MS - 1);
    await assert.rejects(finishLink(context, id, 'hello'), refusedWith('pasted-text-unusable'));
    node.clock.advance(1);
    await assert.rejects(finishLink(context, id, address), refusedWith('pasted-code-expired'));
    await using _worker = await startConnectionsWorker(context);
    await moveUntil(node.clock, async () => (await getConnection(context, id)).login?.state === 'expired');
    assert.equal((await getConnection(context, id)).login?.problem?.code, 'link-login-expired');
    assert.equal(await secretsLeft(node), 0);
  });

  test('a new link, a new code or a cancel makes the old one void', async () => {
    await using opened = await open();
    const { context, id, link } = opened;
    const old = await followLink(practice, link.url);
    await beginLink(context, id, BEGIN);
    await assert.rejects(finishLink(context, id, old), refusedWith('pasted-address-of-other-attempt'));
    await cancelDeviceLogin(context, id, 'test');
    await assert.rejects(finishLink(context, id, old), refusedWith('link-login-missing'));
    await beginDeviceLogin(context, id, BEGIN);
    await assert.rejects(finishLink(context, id, old), refusedWith('link-login-missing'));
  });

  test('nothing of link, code or verifier stands in the journal or in clear in a row', async () => {
    await using opened = await open();
    const { context, id, link } = opened;
    const address = await followLink(practice, link.url);
    const { searchParams } = new URL(address);
    const rows = async () => {
      const tables = ['connection_logins', 'journal', 'connections'] as const;
      const all = await Promise.all(tables.map((table) => context.db.selectFrom(table).selectAll().execute()));
      const text = JSON.stringify(all);
      const bytes = all.flat().flatMap((row) => Object.values(row).filter((value) => Buffer.isBuffer(value)));
      return text + bytes.map((one) => (one as Buffer).toString('latin1')).join();
    };
    const before = await rows();
    await finishLink(context, id, address);
    for (const text of [before, await rows()]) {
      for (const secret of [searchParams.get('code'), searchParams.get('state')])
        assert.ok(!text.includes(secret ?? '?'));
    }
  });
});

type Visit = { readonly status: number; readonly text: string };

function visit(url: string, host?: string): Promise<Visit> {
  return new Promise((resolve, reject) => {
    const { hostname, port, pathname, search } = new URL(url);
    assert.equal(hostname, 'localhost');
    const headers = { host: host ?? `localhost:${port}` };
    const asked = request({ host: '127.0.0.1', port, path: pathname + search, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('the page on loopback', () => {
  test('a browser on the server ends on it, and the connection is connected', async () => {
    await using node = await openPracticeContext(practice);
    const { context } = node;
    const id = await addPracticeConnection(context, practice, { expectedAccount: PRINT_ROOM });
    await using pages = new LoopbackPages(context);
    const { url } = await pages.begin(id, { actor: 'test', language: 'it' });
    const address = await followLink(practice, url);
    assert.match(address, /^http:\/\/localhost:\d+\/\?code=/);
    assert.equal((await visit(new URL('/favicon.ico', address).href)).status, 404);
    assert.equal((await visit(address, 'evil.example')).status, 404);
    const { status, text } = await visit(address);
    assert.deepEqual([status, /Platen è connesso/.test(text)], [200, true]);
    assert.equal((await getConnection(context, id)).state, 'connected');
    await assert.rejects(visit(address), 'the page is gone with its login');
  });

  test('a wrong account reads what happened, and after a restart the address can be pasted', async () => {
    await using node = await openPracticeContext(practice);
    const { context } = node;
    const id = await addPracticeConnection(context, practice, { expectedAccount: PRINT_ROOM });
    const pages = new LoopbackPages(context);
    const first = await pages.begin(id, { actor: 'test', language: 'en' });
    const other = await followLink(practice, first.url, { account: 'anna@practice.example' });
    assert.match((await visit(other)).text, /Another account/i);
    const second = await pages.begin(id, { actor: 'test', language: 'en' });
    const address = await followLink(practice, second.url);
    await pages[Symbol.asyncDispose]();
    await finishLink(context, id, address);
    assert.equal((await getConnection(context, id)).state, 'connected');
  });

  test('it is closed when its ten minutes are over', async () => {
    await using node = await openTestContext({ settings: { clouds: practice.clouds } });
    const { context, clock } = node;
    const id = await addPracticeConnection(context, practice, { expectedAccount: PRINT_ROOM });
    await using pages = new LoopbackPages(context);
    const { url } = await pages.begin(id, { actor: 'test', language: 'en' });
    const page = new URL(url).searchParams.get('redirect_uri') ?? '';
    assert.equal((await visit(page)).status, 404);
    clock.advance(10 * MINUTE_MS);
    await moveUntil(
      clock,
      async () =>
        await visit(page).then(
          () => false,
          () => true,
        ),
    );
  });
});
