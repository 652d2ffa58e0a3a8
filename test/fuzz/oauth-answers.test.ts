import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { pollDeviceCode, requestDeviceCode } from '../../server/protocols/oauth/device-code.ts';
import { discoverTenant } from '../../server/protocols/oauth/discovery.ts';
import { readGraphProfile } from '../../server/protocols/oauth/graph.ts';
import { redeemRefreshToken } from '../../server/protocols/oauth/token.ts';
import { makeIdToken, RAW_CLIENT, RAW_TENANT, type RawIdentity, startRawIdentity } from '../harness/raw-identity.ts';

const now = new Date('2026-11-22T10:00:00Z');
const SECRETS = [
  'a-device-code-under-test',
  'a-refresh-token-under-test',
  'a-granted-access-token',
  'a-granted-refresh',
];
const KINDS = new Set([
  'issued',
  'granted',
  'pending',
  'slower',
  'declined',
  'expired',
  'refused',
  'unusable',
  'transient',
  'found',
  'read',
  'forbidden',
]);
const RUNS = 60;

let peer: RawIdentity;
before(async () => {
  peer = await startRawIdentity(() => undefined);
});
after(() => peer.close());

const good = (): Record<string, unknown> => ({
  token_type: 'Bearer',
  access_token: SECRETS[2],
  refresh_token: SECRETS[3],
  expires_in: 3600,
  scope: 'a b',
  id_token: makeIdToken({
    iss: peer.endpoints.issuer,
    aud: RAW_CLIENT,
    exp: 1e10,
    iat: 1,
    sub: 's',
    oid: RAW_TENANT,
    tid: RAW_TENANT,
  }),
  device_code: SECRETS[0],
  user_code: 'ABCDEFGHI',
  verification_uri: 'https://login.example/device',
  interval: 5,
  issuer: peer.endpoints.issuer,
  error: 'invalid_grant',
  error_description: `AADSTS53003: no ${SECRETS[0]} ${SECRETS[1]}`,
  error_codes: [53003],
});

/** A valid answer with fields of wrong types, left out or replaced by anything JSON can say. */
const spoiltFields = fc.dictionary(
  fc.constantFrom(
    'token_type',
    'access_token',
    'refresh_token',
    'expires_in',
    'scope',
    'id_token',
    'device_code',
    'user_code',
    'verification_uri',
    'interval',
    'issuer',
    'error',
    'error_description',
    'error_codes',
    'token_endpoint',
  ),
  fc.oneof(
    fc.jsonValue(),
    fc.constant(undefined),
    fc.double(),
    fc.constantFrom('__proto__', '\u0000', 'a\r\nb', -1, 1e308),
  ),
  { maxKeys: 5 },
);
const status = fc.constantFrom(200, 200, 200, 201, 204, 301, 400, 400, 401, 403, 404, 429, 500, 503, 599);
const type = fc.constantFrom('application/json', 'text/html', 'application/json; charset=utf-16', '');

test('any answer of identity becomes one of the known outcomes, and none shows a secret that was refused', async () => {
  await fc.assert(
    fc.asyncProperty(
      spoiltFields,
      fc.array(fc.constantFrom(...Object.keys(good()))),
      status,
      type,
      async (spoilt, left, code, kind) => {
        const body: Record<string, unknown> = { ...good(), ...spoilt };
        for (const field of left) delete body[field];
        await checkAll(code, { 'content-type': kind }, JSON.stringify(body) ?? '');
      },
    ),
    { numRuns: RUNS },
  );
});

test('any bytes at all become one of the known outcomes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), status, async (bytes, code) => {
      await checkAll(code, { 'content-type': 'application/json', 'retry-after': '\t9e99' }, Buffer.from(bytes));
    }),
    { numRuns: RUNS },
  );
});

async function checkAll(code: number, headers: IncomingHttpHeaders, body: string | Buffer): Promise<void> {
  peer.answer((_asked, response) => response.writeHead(code, headers as Record<string, string>).end(body));
  const call = { transport: { ca: [peer.ca], timeoutMs: 5000 }, now };
  const base = { endpoints: peer.endpoints, clientId: RAW_CLIENT };
  const outcomes = await Promise.all([
    requestDeviceCode({ ...base, scopes: ['openid'] }, call),
    pollDeviceCode({ ...base, deviceCode: SECRETS[0] ?? '' }, call),
    redeemRefreshToken({ ...base, refreshToken: SECRETS[1] ?? '', scopes: ['openid'] }, call),
    discoverTenant({ authority: peer.authority, tenant: RAW_TENANT }, call),
    readGraphProfile({ graph: peer.authority, accessToken: 'graph' }, call),
  ]);
  for (const outcome of outcomes) {
    assert.ok(KINDS.has(outcome.kind), outcome.kind);
    if (outcome.kind === 'granted' || outcome.kind === 'issued') continue;
    const shown = JSON.stringify(outcome);
    // what was sent is struck out everywhere; what came is only kept when the login is granted
    for (const secret of SECRETS.slice(2)) assert.ok(!shown.includes(secret), shown);
  }
  const [, poll, refresh] = outcomes;
  if (poll.kind !== 'granted') assert.ok(!JSON.stringify(poll).includes(SECRETS[0] ?? ''));
  if (refresh.kind !== 'granted') assert.ok(!JSON.stringify(refresh).includes(SECRETS[1] ?? ''));
}
