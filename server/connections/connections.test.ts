import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import en from '../../locales/en.json' with { type: 'json' };
import it from '../../locales/it.json' with { type: 'json' };
import { addProgram, call, openServer, type Server } from '../../test/attacks/callers.ts';
import { openTestContext } from '../../test/harness/database.ts';
import {
  addPracticeConnection,
  connectPractice,
  moveUntil,
  openPractice,
  openPracticeContext,
  PRINT_ROOM,
  type Practice,
} from '../../test/harness/practice-connection.ts';
import { PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import type { Cloud, Settings } from '../base/settings.ts';
import { readJournal } from '../journal/journal.ts';
import { transaction } from '../store/transaction.ts';
import { setMailDomain } from '../users/company/company.ts';
import {
  accessTokenFor,
  createConnection,
  endpointFor,
  findReadMailbox,
  getConnection,
  listCompanyDomains,
  noteUse,
  removeConnection,
  setReadAddresses,
  updateConnection,
} from './connections.ts';
import { keepGranted, scopesFor, usesOf } from './exchange-online.ts';
import { startConnectionsWorker } from './worker.ts';

let practice: Practice & AsyncDisposable;
before(async () => {
  practice = await openPractice();
});
after(() => practice[Symbol.asyncDispose]());
beforeEach(() => practice.steer('/reset', {}));

const isError = (code: string) => (error: unknown) => error instanceof PlatenError && error.code === code;

describe('changing a connection', () => {
  test('another application, tenant or cloud takes account and tokens away', async () => {
    await using node = await openPracticeContext(practice);
    const { context } = node;
    const id = await connectPractice(node, practice);
    const change = { clientId: '11111111-2222-3333-4444-555555555555' };
    const changed = await updateConnection(context, id, { change, actor: 'test' });
    assert.equal(changed.state, 'awaiting-confirmation');
    assert.equal(changed.account, undefined);
    assert.deepEqual(await context.db.selectFrom('connection_tokens').selectAll().execute(), []);
  });

  test('another title leaves everything as it is', async () => {
    await using node = await openPracticeContext(practice);
    const id = await connectPractice(node, practice);
    const changed = await updateConnection(node.context, id, { change: { title: 'Renamed' }, actor: 'test' });
    assert.equal(changed.state, 'connected');
    assert.ok(await accessTokenFor(node.context, id, 'imap'));
  });

  test('an expected account that did not confirm asks for a new confirmation, one that did does not', async () => {
    await using node = await openPracticeContext(practice);
    const { context } = node;
    const id = await connectPractice(node, practice);
    const expect = (expectedAccount: string | null) =>
      updateConnection(context, id, { change: { expectedAccount }, actor: 'test' });
    assert.equal((await expect('PRINT@practice.example')).state, 'connected');
    assert.equal((await expect(null)).state, 'connected');
    const refused = await expect('anna@practice.example');
    assert.equal(refused.state, 'needs-confirmation');
    assert.equal(refused.problem?.code, 'wrong-account');
    await assert.rejects(accessTokenFor(context, id, 'imap'), isError('connection-needs-confirmation'));
  });

  test('a cloud that nobody knows is refused with the list of known ones', async () => {
    await using node = await openPracticeContext(practice);
    const asked = { title: 'x', clientId: practice.clientId, tenantId: practice.tid, uses: ['imap'] as const };
    for (const cloud of ['moon', '__proto__', 'constructor']) {
      await assert.rejects(createConnection(node.context, { ...asked, cloud }, 'test'), (error) => {
        assert.ok(isError('unknown-cloud')(error));
        assert.match(String((error as PlatenError).values.known), /worldwide, us-gcc-high, us-dod, china, practice/);
        return true;
      });
    }
  });

  test('removing takes logins and tokens with it, and the journal keeps that it was there', async () => {
    await using node = await openPracticeContext(practice);
    const id = await connectPractice(node, practice);
    await removeConnection(node.context, id, 'test');
    await assert.rejects(getConnection(node.context, id), isError('not-found'));
    await assert.rejects(removeConnection(node.context, id, 'test'), isError('not-found'));
    assert.deepEqual(await node.context.db.selectFrom('connection_logins').selectAll().execute(), []);
    const [removed] = await readJournal(node.context, { type: 'connection-removed', limit: 5 });
    assert.equal(removed?.subjectId, id);
  });
});

describe('what other rooms ask', () => {
  test('the endpoints of each cloud', async () => {
    await using node = await openTestContext();
    const asked = { title: 'x', clientId: practice.clientId, tenantId: practice.tid, uses: ['imap'] as const };
    const hosts: string[] = [];
    for (const cloud of ['worldwide', 'us-gcc-high', 'us-dod', 'china']) {
      const { id } = await createConnection(node.context, { ...asked, cloud }, 'test');
      const { host, port, security } = await endpointFor(node.context, id, 'imap');
      hosts.push(`${host}:${port} ${security}`, (await endpointFor(node.context, id, 'smtp')).host);
    }
    assert.deepEqual(hosts, [
      'outlook.office365.com:993 tls',
      'smtp.office365.com',
      'outlook.office365.us:993 tls',
      'smtp.office365.us',
      'outlook-dod.office365.us:993 tls',
      'outlook-dod.office365.us',
      'partner.outlook.cn:993 tls',
      'smtp.partner.outlook.cn',
    ]);
  });

  test('the addresses that Platen reads, replaced as a whole and found in any case', async () => {
    await using node = await openTestContext();
    const { context } = node;
    const mailbox = '01890000-0000-7000-8000-000000000001';
    await transaction(context, (context) => setReadAddresses(context, mailbox, ['Print@X.example', 'print@x.example']));
    assert.equal(await findReadMailbox(context, 'PRINT@x.example'), mailbox);
    await transaction(context, (context) => setReadAddresses(context, mailbox, ['other@x.example']));
    assert.equal(await findReadMailbox(context, 'print@x.example'), undefined);
    await transaction(context, (context) => setReadAddresses(context, mailbox, []));
    assert.equal(await findReadMailbox(context, 'other@x.example'), undefined);
  });
});

test('the mail domains of the company: the one that was told, those that are read, and those of its accounts', async () => {
  await using node = await openPracticeContext(practice);
  const { context } = node;
  assert.deepEqual(await listCompanyDomains(context), []);
  await setMailDomain(context, 'contoso.example', 'test');
  await setReadAddresses(context, newId(), ['print@Fabrikam.example', 'scan@contoso.example']);
  const id = await connectPractice(node, practice);
  const all = ['contoso.example', 'fabrikam.example', 'practice.example'];
  assert.deepEqual((await listCompanyDomains(context)).sort(), all);
  const change = { clientId: '11111111-2222-3333-4444-555555555555' };
  await updateConnection(context, id, { change, actor: 'test' });
  assert.deepEqual((await listCompanyDomains(context)).sort(), all.slice(0, 2), 'nobody has confirmed it any more');
});

describe('scopes', () => {
  const cloud = { scopePrefix: 'https://outlook.office.com/' } as Parameters<typeof scopesFor>[0];

  test('are recognized under another prefix or bare, and what was not granted is left out', () => {
    const asked = scopesFor(cloud, ['imap', 'smtp']);
    const kept = keepGranted(asked, ['https://outlook.office365.com/imap.accessasuser.all', 'profile']);
    assert.deepEqual(usesOf(kept), ['imap']);
    assert.deepEqual(usesOf(keepGranted(asked, ['SMTP.Send', 'IMAP.AccessAsUser.All'])), ['imap', 'smtp']);
    assert.deepEqual(usesOf(keepGranted(asked, ['https://graph.microsoft.com/User.Read'])), []);
    assert.ok(kept.includes('offline_access'));
  });
});

describe('the routes of connections', () => {
  let server: Server;
  let admin: Readonly<Record<string, string>>;

  async function onServer(run: () => Promise<void>, more: Partial<Settings> = {}): Promise<void> {
    await using opened = await openServer({ settings: { clouds: practice.clouds, ...more } });
    server = opened;
    admin = await addProgram(opened, 'administrator');
    await run();
  }
  const api = async (method: string, path: string, body?: unknown, more: Record<string, string> = {}) =>
    await call(server, method, `/api/v1${path}`, {
      headers: { ...admin, ...more },
      ...(body === undefined ? {} : { body }),
    });
  const body = () => ({
    kind: 'exchange-online',
    title: 'MS Exchange Online',
    clientId: practice.clientId,
    tenantId: practice.tid,
    cloud: 'practice',
    expectedAccount: PRINT_ROOM,
  });

  test('show the code once, to whoever asked for it, and in no list, journal or log', () =>
    onServer(async () => {
      const made = await api('POST', '/connections', body());
      assert.equal(made.status, 201, made.text);
      const { id } = made.json as { id: string };
      const code = await api('POST', `/connections/${id}/device-code`);
      assert.equal(code.status, 201, code.text);
      const { userCode, verificationUri, expiresAt, intervalSeconds } = code.json;
      assert.match(String(userCode), /^[A-Z0-9]{9}$/);
      assert.match(String(verificationUri), /^https:/);
      assert.ok(!Number.isNaN(Date.parse(String(expiresAt))));
      assert.equal(intervalSeconds, 5);
      const shown = await api('GET', `/connections/${id}`);
      assert.deepEqual((shown.json.login as { state: string }).state, 'pending');
      const journal = await api('GET', '/journal');
      for (const text of [shown.text, (await api('GET', '/connections')).text, journal.text, ...server.test.logLines]) {
        assert.ok(!text.includes(String(userCode)));
      }
      assert.equal((await api('DELETE', `/connections/${id}/device-code`)).status, 204);
      assert.equal(((await api('GET', `/connections/${id}`)).json.login as { state: string }).state, 'canceled');
      assert.equal((await api('DELETE', `/connections/${id}`)).status, 204);
      assert.equal((await api('GET', `/connections/${id}`)).status, 404);
    }));

  test('explain a refusal by its number in the language of the caller, and name the marks for support', () =>
    onServer(async () => {
      const made = await api('POST', '/connections', { ...body(), clientId: '11111111-2222-3333-4444-555555555555' });
      const path = `/connections/${(made.json as { id: string }).id}/device-code`;
      for (const [language, texts] of [
        ['en', en],
        ['it', it],
      ] as const) {
        const refused = await api('POST', path, undefined, { 'accept-language': language });
        assert.equal(refused.status, 502);
        assert.equal(refused.json.code, 'device-code-refused');
        const { meaning, action } = texts.aadsts['700016'];
        assert.equal(refused.json.advice, `${meaning} ${action}`);
        assert.match(String(refused.json.remote), /^AADSTS700016/);
        const facts = refused.json.facts as Record<string, unknown>;
        assert.equal(facts.aadsts, 700016);
        assert.ok(facts.traceId && facts.correlationId && facts.timestamp);
      }
    }));

  test('show an ended login with title, advice and the words of Microsoft', () =>
    onServer(async () => {
      const id = await addPracticeConnection(server.test.context, practice, { expectedAccount: PRINT_ROOM });
      const code = await api('POST', `/connections/${id}/device-code`);
      await practice.answerCode(String(code.json.userCode), 'blocked-530035@practice.example');
      await using _worker = await startConnectionsWorker(server.test.context);
      const login = async () => (await getConnection(server.test.context, id)).login?.state;
      await moveUntil(server.test.clock, async () => (await login()) === 'refused');
      const shown = await api('GET', `/connections/${id}`, undefined, { 'accept-language': 'it' });
      const { problem } = shown.json.login as { problem: Record<string, unknown> };
      assert.equal(problem.title, 'Microsoft rifiuta questa connessione');
      assert.ok(String(problem.advice).startsWith(it.aadsts['530035'].meaning));
      assert.match(String(problem.remote), /^AADSTS530035/);
    }));

  for (const [what, wrong] of Object.entries({
    'a client ID that is no GUID': { clientId: 'x' },
    'a tenant that leaves the path': { tenantId: '../evil' },
    'a title with control characters': { title: 'a\u001b[31m' },
    'an expected account that is no address': { expectedAccount: 'nobody' },
    'no use': { uses: [] },
    'another kind': { kind: 'google' },
  })) {
    test(`refuse ${what}`, () =>
      onServer(async () => {
        const refused = await api('POST', '/connections', { ...body(), ...wrong });
        assert.equal(refused.status, 400, refused.text);
        assert.equal(refused.json.code, 'invalid-request');
      }));
  }

  test('let an operator look and not touch', () =>
    onServer(async () => {
      const id = await addPracticeConnection(server.test.context, practice);
      admin = await addProgram(server, 'operator');
      assert.equal((await api('GET', `/connections/${id}`)).status, 200);
      assert.equal((await api('POST', `/connections/${id}/device-code`)).status, 403);
      assert.equal((await api('PATCH', `/connections/${id}`, { title: 'x' })).status, 403);
      assert.equal((await api('DELETE', `/connections/${id}`)).status, 403);
      assert.equal((await api('PUT', '/settings/network', {})).status, 403);
    }));

  test('let an operator check a connection and stop the check', () =>
    onServer(async () => {
      const id = await connectPractice(server.test, practice);
      admin = await addProgram(server, 'operator');
      const checked = await api('POST', `/connections/${id}/check?wait=true`, {});
      assert.deepEqual([checked.status, checked.json.state], [200, 'finished'], checked.text);
      assert.equal((await api('GET', `/connections/${id}/check`)).json.id, checked.json.id);
      assert.equal((await api('DELETE', `/connections/${id}/check`)).status, 204);
      admin = await addProgram(server, 'user');
      assert.equal((await api('POST', `/connections/${id}/check`, {})).status, 403);
    }));

  test('name the account in the journal once it has confirmed, and when each use worked last', () =>
    onServer(async () => {
      const { context, clock } = server.test;
      const id = await connectPractice(server.test, practice);
      const [ended] = await readJournal(context, { type: 'login-ended', order: 'newest', limit: 1 });
      assert.deepEqual([ended?.data.state, ended?.data.account], ['granted', PRINT_ROOM]);
      const lastUses = async () => (await api('GET', `/connections/${id}`)).json.lastUses;
      assert.deepEqual(await lastUses(), []);
      const at = clock.now().toISOString();
      await noteUse(context, id, 'imap');
      clock.advance(1000);
      // a busy use is written down every few seconds only
      await noteUse(context, id, 'imap');
      assert.deepEqual(await lastUses(), [{ use: 'imap', at }]);
      clock.advance(10_000);
      await noteUse(context, id, 'imap');
      assert.deepEqual(await lastUses(), [{ use: 'imap', at: clock.now().toISOString() }]);
      await api('PATCH', `/connections/${id}`, { clientId: '11111111-2222-4333-8444-555555555555' });
      assert.deepEqual(await lastUses(), []);
      await noteUse(context, newId(), 'imap');
    }));

  test('find the cloud that a tenant lives in when it is another one than was asked for', async () => {
    await using other = await openPractice({ tid: newId() });
    const clouds = { ...practice.clouds, elsewhere: other.clouds.practice as Cloud };
    // the real clouds are not there
    const settings = { clouds, httpsProxy: 'http://127.0.0.1:1', noProxy: 'localhost,127.0.0.1' };
    await onServer(async () => {
      const asked = async (cloud: string, tenant: string) =>
        (await api('GET', `/tenants/${tenant}?cloud=${cloud}`)).json;
      assert.deepEqual(await asked('practice', practice.tid), {
        ...{ exists: true, tenantId: practice.tid, cloud: 'practice', otherCloud: null },
      });
      assert.deepEqual(await asked('elsewhere', practice.tid), {
        ...{ exists: false, tenantId: null, cloud: 'elsewhere', otherCloud: 'practice' },
      });
      assert.deepEqual(await asked('elsewhere', 'nobody.example'), {
        ...{ exists: false, tenantId: null, cloud: 'elsewhere', otherCloud: null },
      });
    }, settings);
  });

  test('say in the network settings that nothing can be sent before the confirmation, and which account it takes', () =>
    onServer(async () => {
      const id = await addPracticeConnection(server.test.context, practice);
      const network = {
        outgoingServer: { connectionId: id },
        senderEmail: 'Print@practice.example',
        senderName: 'Print',
      };
      const set = await api('PUT', '/settings/network', network);
      assert.equal(set.status, 200, set.text);
      assert.equal(set.json.senderEmail, PRINT_ROOM);
      assert.equal((set.json.problem as { code: string }).code, 'connection-not-confirmed');
      const inUse = await api('DELETE', `/connections/${id}`);
      assert.equal(inUse.status, 409);
      assert.equal(inUse.json.code, 'connection-in-use');
      const connected = await connectPractice(server.test, practice);
      await api('PUT', '/settings/network', { outgoingServer: { connectionId: connected } });
      assert.equal((await api('GET', '/settings/network')).json.problem, null);
      const other = await api('PUT', '/settings/network', { senderEmail: 'anna@practice.example' });
      assert.equal((other.json.problem as { code: string }).code, 'wrong-account');
      assert.equal(other.json.senderName, 'Print');
    }));
});

test('every number that is explained is explained in both languages, with what to do', () => {
  const numbers = Object.keys(en.aadsts);
  assert.deepEqual(Object.keys(it.aadsts), numbers);
  assert.ok(numbers.length > 110);
  for (const texts of [en.aadsts, it.aadsts]) {
    for (const [number, { meaning, action }] of Object.entries(texts)) {
      assert.ok(meaning.endsWith('.') || meaning.endsWith(').'), `${number}: ${meaning}`);
      assert.ok(action.length > 10, number);
    }
  }
});
