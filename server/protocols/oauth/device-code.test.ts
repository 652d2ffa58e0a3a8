import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  json,
  makeIdToken,
  RAW_CLIENT,
  RAW_TENANT,
  type RawIdentity,
  refusalBody,
  startRawIdentity,
} from '../../../test/harness/raw-identity.ts';
import { type PollOutcome, pollDeviceCode, requestDeviceCode } from './device-code.ts';

const now = new Date('2026-11-22T10:00:00Z');
const SECRET_CODE = 'LAQABAAEAAAD-a-device-code-that-nobody-may-see';
const SCOPES = ['openid', 'profile', 'offline_access', 'https://outlook.office.com/IMAP.AccessAsUser.All'];
const OBJECT = 'aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb';

let peer: RawIdentity;
before(async () => {
  peer = await startRawIdentity(json(200, {}));
});
after(() => peer.close());

const call = () => ({ transport: { ca: [peer.ca], timeoutMs: 3000 }, now });
const request = () =>
  requestDeviceCode({ endpoints: peer.endpoints, clientId: RAW_CLIENT, scopes: SCOPES, language: 'it-IT' }, call());
const poll = (issuer = peer.endpoints.issuer) =>
  pollDeviceCode({ endpoints: { ...peer.endpoints, issuer }, clientId: RAW_CLIENT, deviceCode: SECRET_CODE }, call());

const issued = {
  user_code: 'LJN9VTLG2',
  device_code: SECRET_CODE,
  verification_uri: 'https://login.microsoft.com/device',
  expires_in: 900,
  interval: 5,
  message: 'To sign in, use a web browser …',
};

const claims = () => ({
  iss: peer.endpoints.issuer,
  aud: RAW_CLIENT,
  sub: 'pairwise',
  oid: OBJECT,
  tid: RAW_TENANT,
  preferred_username: 'print@practice.example',
  name: 'Print Room',
  iat: now.getTime() / 1000,
  nbf: now.getTime() / 1000,
  exp: now.getTime() / 1000 + 3600,
});

const granted = (idClaims: Readonly<Record<string, unknown>> = claims()) => ({
  token_type: 'Bearer',
  scope: 'https://outlook.office.com/IMAP.AccessAsUser.All',
  expires_in: 4799,
  ext_expires_in: 4799,
  access_token: 'an.access.token',
  refresh_token: '1.a-refresh-token',
  id_token: makeIdToken(idClaims),
});

describe('the request for a device code', () => {
  test('the code, the address of the answer and the interval come back, and the language is asked for', async () => {
    peer.asked.length = 0;
    peer.answer(json(200, issued, { date: 'Sun, 22 Nov 2026 10:00:30 GMT' }));
    assert.deepEqual(await request(), {
      kind: 'issued',
      code: {
        deviceCode: SECRET_CODE,
        userCode: 'LJN9VTLG2',
        verificationUri: 'https://login.microsoft.com/device',
        expiresInSeconds: 900,
        intervalSeconds: 5,
        message: 'To sign in, use a web browser …',
        clockSkewSeconds: 30,
      },
    });
    const [asked] = peer.asked;
    assert.equal(asked?.path, `/${RAW_TENANT}/oauth2/v2.0/devicecode`);
    assert.equal(asked?.query.get('mkt'), 'it-IT');
    assert.equal(asked?.form.get('client_id'), RAW_CLIENT);
    assert.equal(asked?.form.get('scope'), SCOPES.join(' '));
  });

  test('a code that claims to live a year is taken for a quarter of an hour', async () => {
    peer.answer(json(200, { ...issued, expires_in: 365 * 24 * 3600 }));
    const outcome = await request();
    assert.equal(outcome.kind === 'issued' && outcome.code.expiresInSeconds, 900);
  });

  test('a missing interval is five seconds', async () => {
    const { interval: _left, ...without } = issued;
    peer.answer(json(200, without));
    const outcome = await request();
    assert.equal(outcome.kind === 'issued' && outcome.code.intervalSeconds, 5);
  });

  for (const [what, values] of Object.entries({
    'a negative interval': { interval: -5 },
    'an interval in words': { interval: 'soon' },
    'an interval longer than the life of the code': { interval: 10_000 },
    'a life that is over': { expires_in: -1 },
    'a life that is no number': { expires_in: 'long' },
    'no user code': { user_code: undefined },
    'a user code of 33 characters': { user_code: 'A'.repeat(33) },
    'a user code with control characters': { user_code: 'AB\u001b[31m' },
    'a device code that is an object': { device_code: {} },
    'a giant device code': { device_code: 'a'.repeat(16 * 1024 + 1) },
    'an address that runs a script': { verification_uri: 'javascript:alert(1)' },
    'an address without TLS': { verification_uri: 'http://login.microsoft.com/device' },
    'an address with a password': { verification_uri: 'https://a:b@login.microsoft.com/device' },
  })) {
    test(`${what} makes the answer one that cannot be used`, async () => {
      peer.answer(json(200, { ...issued, ...values }));
      const outcome = await request();
      assert.equal(outcome.kind, 'transient');
      assert.ok(!JSON.stringify(outcome).includes(SECRET_CODE));
    });
  }

  test('an unknown application is refused with the number and the marks for support', async () => {
    peer.answer(json(400, refusalBody('unauthorized_client', 700016)));
    const outcome = await request();
    assert.deepEqual(outcome, {
      kind: 'refused',
      because: 'registration',
      refusal: {
        error: 'unauthorized_client',
        description: 'AADSTS700016: Something was not right.',
        aadsts: 700016,
        traceId: '1b2c3d4e-0000-0000-0000-000000000001',
        correlationId: '9f8e7d6c-0000-0000-0000-000000000002',
        timestamp: '2026-11-22 09:34:07Z',
        status: 400,
      },
    });
  });
});

describe('one poll', () => {
  test('a confirmed code gives the tokens and who confirmed it', async () => {
    peer.asked.length = 0;
    peer.answer(json(200, granted()));
    const outcome = await poll();
    assert.equal(outcome.kind, 'granted');
    if (outcome.kind !== 'granted') return;
    assert.equal(outcome.tokens.accessToken, 'an.access.token');
    assert.equal(outcome.tokens.refreshToken, '1.a-refresh-token');
    assert.equal(outcome.tokens.expiresInSeconds, 4799);
    assert.deepEqual(outcome.tokens.scopes, ['https://outlook.office.com/IMAP.AccessAsUser.All']);
    assert.deepEqual(outcome.tokens.identity, {
      objectId: OBJECT,
      tenantId: RAW_TENANT,
      username: 'print@practice.example',
      name: 'Print Room',
    });
    const form = peer.asked[0]?.form;
    assert.equal(form?.get('grant_type'), 'urn:ietf:params:oauth:grant-type:device_code');
    assert.equal(form?.get('device_code'), SECRET_CODE);
    assert.equal(form?.get('client_id'), RAW_CLIENT);
    assert.equal(form?.has('client_secret'), false);
  });

  const refusals: readonly (readonly [number, string, number, PollOutcome['kind'], string?])[] = [
    [400, 'authorization_pending', 70016, 'pending'],
    [400, 'slow_down', 0, 'slower'],
    [400, 'authorization_declined', 0, 'declined'],
    [400, 'access_denied', 0, 'declined'],
    [400, 'expired_token', 70020, 'expired'],
    [400, 'code_expired', 70019, 'expired'],
    [400, 'invalid_grant', 70020, 'expired'],
    [400, 'bad_verification_code', 0, 'refused', 'code'],
    [400, 'invalid_grant', 53003, 'refused', 'policy'],
    [400, 'invalid_grant', 530035, 'refused', 'policy'],
    [400, 'interaction_required', 50158, 'refused', 'policy'],
    [401, 'invalid_client', 7000218, 'refused', 'registration'],
    [400, 'unauthorized_client', 700016, 'refused', 'registration'],
    [400, 'invalid_scope', 70011, 'refused', 'scope'],
    [400, 'constructor', 90014, 'refused', 'other'],
    [400, 'temporarily_unavailable', 90033, 'transient'],
    [400, 'invalid_request', 90055, 'transient'],
    [503, 'temporarily_unavailable', 90033, 'transient'],
    [429, 'invalid_grant', 50196, 'transient'],
    [500, 'authorization_declined', 0, 'transient'],
    [400, 'a_word_that_a_proxy_made_up', 0, 'transient'],
  ];
  for (const [status, error, aadsts, kind, because] of refusals) {
    test(`HTTP ${status} ${error} ${aadsts} is ${kind}${because === undefined ? '' : ` because of ${because}`}`, async () => {
      const body = aadsts === 0 ? { error, error_description: 'No number here.' } : refusalBody(error, aadsts);
      peer.answer(json(status, body, { 'www-authenticate': 'Bearer realm="x"' }));
      const outcome = await poll();
      assert.equal(outcome.kind, kind);
      if (outcome.kind === 'refused') {
        assert.equal(outcome.because, because);
        assert.equal(outcome.refusal.aadsts, aadsts === 0 ? undefined : aadsts);
      }
    });
  }

  test('marks are found in the newer layout of the description too', async () => {
    const description =
      'AADSTS53003: Access has been blocked. Trace ID: abc-1 Correlation ID: def-2 Timestamp: 2026-11-22 09:34:07Z';
    peer.answer(json(400, { error: 'invalid_grant', error_description: description, suberror: 'message_only' }));
    const outcome = await poll();
    assert.ok(outcome.kind === 'refused');
    assert.deepEqual(outcome.refusal, {
      error: 'invalid_grant',
      description: 'AADSTS53003: Access has been blocked.',
      aadsts: 53003,
      suberror: 'message_only',
      traceId: 'abc-1',
      correlationId: 'def-2',
      timestamp: '2026-11-22 09:34:07Z',
      status: 400,
    });
  });

  test('Retry-After is honoured in seconds and as a date, and has a limit', async () => {
    const after = async (value: string) => {
      peer.answer(json(429, refusalBody('temporarily_unavailable', 90055), { 'retry-after': value }));
      const outcome = await poll();
      return outcome.kind === 'transient' ? outcome.retryAfterSeconds : outcome.kind;
    };
    assert.equal(await after('17'), 17);
    assert.equal(await after('Sun, 22 Nov 2026 10:02:00 GMT'), 120);
    assert.equal(await after('99999999'), 3600);
    assert.equal(await after('-5'), undefined);
    assert.equal(await after('Sun, 22 Nov 2020 10:02:00 GMT'), 0);
  });

  test('answers that are no answers are worth another try', async () => {
    const kinds: string[] = [];
    const html = '<html><body>Service unavailable</body></html>';
    for (const answering of [
      () => peer.answer((_a, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html)),
      () => peer.answer((_a, response) => response.writeHead(400, { 'content-type': 'text/html' }).end(html)),
      () => peer.answer((_a, response) => response.writeHead(503, { 'content-type': 'text/html' }).end(html)),
      () => peer.answer((_a, response) => response.writeHead(204).end()),
      () => peer.answer((_a, response) => response.writeHead(302, { location: 'https://portal.example/' }).end()),
      () => peer.answer((_a, _r, socket) => socket.destroy()),
      () => peer.answer(json(200, [])),
      () => peer.answer(json(200, { access_token: 7 })),
      () => peer.answer(json(200, 'text')),
      () => peer.answer((_a, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"acc')),
    ]) {
      answering();
      kinds.push((await poll()).kind);
    }
    assert.deepEqual([...new Set(kinds)], ['transient']);
  });
});

describe('a confirmation that cannot be used', () => {
  const flawOf = async (body: unknown, issuer?: string) => {
    peer.answer(json(200, body, { date: now.toUTCString() }));
    const outcome = await poll(issuer);
    return outcome.kind === 'unusable' ? outcome.flaw : outcome.kind;
  };

  test('an id_token of another tenant, application or form is refused', async () => {
    const other = 'cccccccc-3b55-4a52-9f6e-0d5a1f7d2c11';
    assert.equal(await flawOf(granted({ ...claims(), iss: `${peer.authority}/${other}/v2.0` })), 'id-token-refused');
    assert.equal(await flawOf(granted({ ...claims(), aud: 'another application' })), 'id-token-refused');
    assert.equal(await flawOf({ ...granted(), id_token: 'not.a.token' }), 'id-token-malformed');
    assert.equal(await flawOf(granted({ ...claims(), oid: undefined })), 'id-token-identity');
    assert.equal(await flawOf(granted({ ...claims(), tid: ['x'] })), 'id-token-identity');
  });

  test('without refresh token, id_token or a sane access token nothing is taken', async () => {
    assert.equal(await flawOf({ ...granted(), refresh_token: undefined }), 'refresh-token-missing');
    assert.equal(await flawOf({ ...granted(), id_token: undefined }), 'id-token-missing');
    assert.equal(await flawOf({ ...granted(), access_token: 'a\u0001auth=Bearer b' }), 'token-malformed');
    assert.equal(await flawOf({ ...granted(), access_token: 'a'.repeat(16 * 1024 + 1) }), 'token-malformed');
    assert.equal(await flawOf({ ...granted(), access_token: 'a'.repeat(16 * 1024) }), 'granted');
    assert.equal(await flawOf({ ...granted(), token_type: 'mac' }), 'token-malformed');
    assert.equal(await flawOf({ ...granted(), expires_in: 0 }), 'token-lifetime');
  });

  test('for organizations the issuer is completed with the tenant of the answer', async () => {
    const template = `${peer.authority}/{tenantid}/v2.0`;
    assert.equal(await flawOf(granted(), template), 'granted');
    assert.equal(
      await flawOf(granted({ ...claims(), iss: 'https://elsewhere.example/v2.0' }), template),
      'id-token-refused',
    );
  });

  test('a clock that is ten minutes off does no harm, and the skew is told', async () => {
    const seconds = now.getTime() / 1000;
    peer.answer(json(200, granted({ ...claims(), nbf: seconds + 600 }), { date: 'Sun, 22 Nov 2026 10:10:00 GMT' }));
    const outcome = await poll();
    assert.equal(outcome.kind === 'granted' && outcome.tokens.clockSkewSeconds, 600);
  });

  test('times that fit neither our clock nor the server its own are refused', async () => {
    const seconds = now.getTime() / 1000;
    assert.equal(await flawOf(granted({ ...claims(), nbf: seconds + 601 })), 'id-token-clock');
    assert.equal(await flawOf(granted({ ...claims(), exp: seconds - 600 })), 'id-token-clock');
    assert.equal(await flawOf(granted({ ...claims(), exp: seconds - 599 })), 'granted');
    assert.equal(await flawOf(granted({ ...claims(), exp: 'never' })), 'id-token-malformed');
  });

  test('a token that claims to live a year is believed for 28 hours', async () => {
    peer.answer(json(200, { ...granted(), expires_in: '31536000' }));
    const outcome = await poll();
    assert.equal(outcome.kind === 'granted' && outcome.tokens.expiresInSeconds, 28 * 3600);
  });

  test('no outcome carries a token that is not to be kept', async () => {
    for (const body of [
      { ...granted(), token_type: 'mac' },
      granted({ ...claims(), aud: 'x' }),
      { ...granted(), refresh_token: undefined },
      { error: 'invalid_grant', error_description: `AADSTS70000: bad ${SECRET_CODE} here`, error_codes: [70000] },
    ]) {
      peer.answer(json('error' in body ? 400 : 200, body));
      const outcome = JSON.stringify(await poll());
      for (const secret of [SECRET_CODE, 'an.access.token', '1.a-refresh-token']) assert.ok(!outcome.includes(secret));
    }
  });
});
