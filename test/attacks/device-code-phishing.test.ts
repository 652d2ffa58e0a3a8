/** Attack 2: somebody else's code, somebody else's account, and an identity server that lies. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { getConnection } from '../../server/connections/connections.ts';
import { startConnectionsWorker } from '../../server/connections/worker.ts';
import { moveUntil } from '../harness/practice-connection.ts';
import {
  type Answering,
  json,
  makeIdToken,
  RAW_CLIENT,
  RAW_TENANT,
  type RawIdentity,
  startRawIdentity,
} from '../harness/raw-identity.ts';
import { addPerson, addProgram, call, openServer, type Server } from './callers.ts';

const OWNER = 'print@practice.example';
const LOOT = ['an-access-token-of-the-attack', 'a-refresh-token-of-the-attack', 'a-device-code-of-the-attack'];

let peer: RawIdentity;
let server: Server;
let admin: Readonly<Record<string, string>>;
let codeAnswer: Record<string, unknown>;
let pollAnswers: Answering[];

before(async () => {
  peer = await startRawIdentity(() => undefined);
  setDefaultCACertificates([...getCACertificates('default'), peer.ca]);
});
after(() => peer.close());
beforeEach(() => {
  peer.asked.length = 0;
  codeAnswer = {
    user_code: 'ABCDEFGHI',
    device_code: LOOT[2],
    verification_uri: 'https://login.example/device',
    expires_in: 900,
    interval: 5,
  };
  pollAnswers = [];
  peer.answer((asked, response, socket) => {
    const { issuer, tokenEndpoint, deviceAuthorizationEndpoint } = peer.endpoints;
    const metadata = {
      issuer,
      token_endpoint: tokenEndpoint,
      device_authorization_endpoint: deviceAuthorizationEndpoint,
    };
    if (asked.path.endsWith('/openid-configuration')) return json(200, metadata)(asked, response, socket);
    if (asked.path.endsWith('/devicecode')) return json(200, codeAnswer)(asked, response, socket);
    const answer = pollAnswers.shift() ?? json(400, { error: 'authorization_pending' });
    return answer(asked, response, socket);
  });
});

async function onServer(run: () => Promise<void>): Promise<void> {
  const mail = { host: '127.0.0.1', port: 9, security: 'tls' } as const;
  const { authority } = peer;
  const cloud = {
    authority,
    scopePrefix: 'https://outlook.office.com/',
    graph: authority,
    imap: mail,
    pop3: mail,
    smtp: mail,
  };
  await using opened = await openServer({ settings: { clouds: { raw: cloud } } });
  server = opened;
  admin = await addProgram(opened, 'administrator');
  await run();
}

async function addConnection(): Promise<string> {
  const body = {
    kind: 'exchange-online',
    title: 'Raw',
    clientId: RAW_CLIENT,
    tenantId: RAW_TENANT,
    cloud: 'raw',
    expectedAccount: OWNER,
  };
  return String((await call(server, 'POST', '/api/v1/connections', { headers: admin, body })).json.id);
}

const begin = (id: string, headers: Readonly<Record<string, string>> = admin) =>
  call(server, 'POST', `/api/v1/connections/${id}/device-code`, { headers });

const claims = () => {
  const seconds = Math.floor(server.test.clock.now().getTime() / 1000);
  return {
    iss: peer.endpoints.issuer,
    aud: RAW_CLIENT,
    sub: 's',
    iat: seconds,
    exp: seconds + 3600,
    oid: 'aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb',
    tid: RAW_TENANT,
    preferred_username: OWNER,
  };
};

const granted = (spoilt: Record<string, unknown>, top: Record<string, unknown> = {}) =>
  json(200, {
    token_type: 'Bearer',
    access_token: LOOT[0],
    refresh_token: LOOT[1],
    expires_in: 3600,
    scope: 'https://outlook.office.com/IMAP.AccessAsUser.All',
    id_token: makeIdToken({ ...claims(), ...spoilt }),
    ...top,
  });

async function runToEnd(id: string) {
  await using _worker = await startConnectionsWorker(server.test.context);
  const state = async () => (await getConnection(server.test.context, id)).login?.state;
  await moveUntil(server.test.clock, async () => (await state()) !== 'pending');
  return await getConnection(server.test.context, id);
}

async function assertNothingKept(id: string): Promise<void> {
  const { db } = server.test.context;
  const connection = await getConnection(server.test.context, id);
  assert.equal(connection.state, 'awaiting-confirmation');
  assert.equal(connection.account, undefined);
  assert.deepEqual(await db.selectFrom('connection_tokens').selectAll().execute(), []);
  const logins = await db.selectFrom('connection_logins').selectAll().execute();
  assert.ok(logins.every((login) => login.sealed_grant === null && login.sealed_device_code === null));
  for (const secret of LOOT) assert.ok(!server.test.logLines.join().includes(secret));
}

test('only an administrator can start a login, and nobody can start one without signing in', () =>
  onServer(async () => {
    const id = await addConnection();
    for (const role of ['user', 'operator'] as const) {
      assert.equal((await begin(id, (await addPerson(server, role)).headers)).status, 403);
    }
    assert.equal((await begin(id, {})).status, 401);
    assert.ok(!peer.asked.some((asked) => asked.path.endsWith('/devicecode')));
  }));

for (const [what, spoil] of Object.entries({
  'another person of the same tenant': () =>
    granted({ preferred_username: 'thief@practice.example', oid: 'cccccccc-1111-2222-3333-bbbbbbbbbbbb' }),
  'a person of another tenant with the same name': () => granted({ tid: 'dddddddd-1111-2222-3333-bbbbbbbbbbbb' }),
  'an issuer of another tenant': () => granted({ iss: `${peer.authority}/dddddddd-1111-2222-3333-bbbbbbbbbbbb/v2.0` }),
  'a token for another application': () => granted({ aud: 'eeeeeeee-1111-2222-3333-bbbbbbbbbbbb' }),
  'an expected name in the field for display only': () =>
    granted({ preferred_username: 'x@y.example', email: OWNER, name: OWNER }),
  'nobody at all': () => granted({}, { id_token: undefined }),
})) {
  test(`a confirmation by ${what} connects nothing and nothing of it is kept`, () =>
    onServer(async () => {
      const id = await addConnection();
      assert.equal((await begin(id)).status, 201);
      // Graph, where it is asked, answers like the token endpoint and proves no address
      pollAnswers.push(spoil(), spoil(), json(200, {}));
      const { login } = await runToEnd(id);
      assert.ok(login?.state === 'wrong-account' || login?.state === 'refused', login?.state);
      await assertNothingKept(id);
    }));
}

for (const [what, values] of Object.entries({
  'a negative interval': { interval: -5 },
  'an address that is a script': { verification_uri: 'javascript:alert(1)' },
  'a code that is markup for pages': { user_code: '<img src=x>' },
})) {
  test(`a server that answers ${what} gets no login`, () =>
    onServer(async () => {
      codeAnswer = { ...codeAnswer, ...values };
      const id = await addConnection();
      const answer = await begin(id);
      assert.equal(answer.status, 503, answer.text);
      assert.equal(answer.json.code, 'identity-unreachable');
      assert.equal((await getConnection(server.test.context, id)).login, undefined);
    }));
}

test('a code that claims to live a year dies after a quarter of an hour, and is polled no more', () =>
  onServer(async () => {
    codeAnswer = { ...codeAnswer, expires_in: 365 * 24 * 3600 };
    const id = await addConnection();
    const answer = await begin(id);
    const lifeMs = Date.parse(String(answer.json.expiresAt)) - server.test.clock.now().getTime();
    assert.ok(lifeMs <= 900_000, String(lifeMs));
    server.test.clock.advance(890_000);
    const { login } = await runToEnd(id);
    assert.equal(login?.state, 'expired');
    await assertNothingKept(id);
  }));

test('slow_down, expired_token and access_denied each do what RFC 8628 says', () =>
  onServer(async () => {
    const slow = await addConnection();
    await begin(slow);
    pollAnswers.push(json(400, { error: 'slow_down' }), json(400, { error: 'access_denied' }));
    assert.equal((await runToEnd(slow)).login?.state, 'declined');
    const row = await server.test.context.db
      .selectFrom('connection_logins')
      .select('interval_seconds')
      .executeTakeFirst();
    assert.equal(row?.interval_seconds, 10);
    const late = await addConnection();
    await begin(late);
    pollAnswers.push(json(400, { error: 'expired_token' }));
    assert.equal((await runToEnd(late)).login?.state, 'expired');
    await assertNothingKept(late);
  }));
