import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  json,
  RAW_CLIENT,
  type RawIdentity,
  refusalBody,
  startRawIdentity,
} from '../../../test/harness/raw-identity.ts';
import { readGraphProfile } from './graph.ts';
import { redeemRefreshToken } from './token.ts';

const now = new Date('2026-11-22T10:00:00Z');
const SECRET = '1.a-refresh-token-that-nobody-may-see';
const SCOPES = ['openid', 'profile', 'offline_access', 'https://outlook.office.com/SMTP.Send'];

let peer: RawIdentity;
before(async () => {
  peer = await startRawIdentity(json(200, {}));
});
after(() => peer.close());

const call = () => ({ transport: { ca: [peer.ca], timeoutMs: 3000 }, now });
const refresh = () =>
  redeemRefreshToken({ endpoints: peer.endpoints, clientId: RAW_CLIENT, refreshToken: SECRET, scopes: SCOPES }, call());

test('a refresh asks for the scopes it is given and brings the new pair', async () => {
  peer.asked.length = 0;
  peer.answer(json(200, { token_type: 'Bearer', access_token: 'new', refresh_token: '1.next', expires_in: 3600 }));
  const outcome = await refresh();
  assert.ok(outcome.kind === 'granted');
  assert.equal(outcome.tokens.accessToken, 'new');
  assert.equal(outcome.tokens.refreshToken, '1.next');
  assert.deepEqual(outcome.tokens.scopes, SCOPES);
  const form = peer.asked[0]?.form;
  assert.equal(form?.get('grant_type'), 'refresh_token');
  assert.equal(form?.get('refresh_token'), SECRET);
  assert.equal(form?.get('scope'), SCOPES.join(' '));
});

test('no new refresh token is not an error: the old one stays good', async () => {
  peer.answer(json(200, { token_type: 'Bearer', access_token: 'new', expires_in: 3600 }));
  const outcome = await refresh();
  assert.ok(outcome.kind === 'granted');
  assert.equal(outcome.tokens.refreshToken, undefined);
});

test('a missing lifetime counts as the shortest that Microsoft gives', async () => {
  peer.answer(json(200, { token_type: 'Bearer', access_token: 'new' }));
  const outcome = await refresh();
  assert.equal(outcome.kind === 'granted' && outcome.tokens.expiresInSeconds, 3600);
});

for (const [status, error, aadsts, kind] of [
  [400, 'invalid_grant', 700082, 'refused'],
  [400, 'invalid_grant', 50173, 'refused'],
  [400, 'invalid_grant', 530036, 'refused'],
  [400, 'interaction_required', 50076, 'refused'],
  [400, 'consent_required', 65001, 'refused'],
  [400, 'login_required', 50058, 'refused'],
  [401, 'invalid_client', 7000218, 'refused'],
  [400, 'invalid_grant', 70000, 'refused'],
  [400, 'invalid_grant', 90033, 'transient'],
  [400, 'invalid_request', 90055, 'transient'],
  [429, 'invalid_grant', 50196, 'transient'],
  [503, 'temporarily_unavailable', 90033, 'transient'],
  [500, 'invalid_grant', 50173, 'transient'],
] as const) {
  test(`a refresh that ends with HTTP ${status} ${error} ${aadsts} is ${kind}`, async () => {
    peer.answer(json(status, refusalBody(error, aadsts)));
    const outcome = await refresh();
    assert.equal(outcome.kind, kind);
    assert.ok('refusal' in outcome && outcome.refusal?.aadsts === aadsts);
  });
}

test('an echo of the refresh token is struck out of the words that are kept', async () => {
  peer.answer(json(400, { error: 'invalid_grant', error_description: `AADSTS9002313: ${SECRET} is broken` }));
  const outcome = await refresh();
  assert.ok(outcome.kind === 'refused');
  assert.equal(outcome.refusal.description, 'AADSTS9002313: … is broken');
});

test('a profile of Graph is read with its addresses, and only those of mail', async () => {
  peer.asked.length = 0;
  const proxyAddresses = ['SMTP:scan@practice.example', 'smtp:old@practice.example', 'X500:/o=x', 7];
  peer.answer(json(200, { userPrincipalName: 'u@practice.example', mail: null, proxyAddresses }));
  const outcome = await readGraphProfile({ graph: peer.authority, accessToken: 'graph' }, call());
  assert.deepEqual(outcome, {
    kind: 'read',
    profile: {
      userPrincipalName: 'u@practice.example',
      proxyAddresses: ['scan@practice.example', 'old@practice.example'],
    },
  });
  assert.equal(peer.asked[0]?.path, '/v1.0/me');
  assert.equal(peer.asked[0]?.headers.authorization, 'Bearer graph');
});

test('a profile that may not be read is told from one that cannot be read now', async () => {
  peer.answer(json(403, { error: { code: 'Authorization_RequestDenied' } }));
  assert.equal((await readGraphProfile({ graph: peer.authority, accessToken: 'x' }, call())).kind, 'forbidden');
  peer.answer(json(503, {}));
  assert.equal((await readGraphProfile({ graph: peer.authority, accessToken: 'x' }, call())).kind, 'transient');
  peer.answer((_asked, _response, socket) => socket.destroy());
  assert.equal((await readGraphProfile({ graph: peer.authority, accessToken: 'x' }, call())).kind, 'transient');
});
