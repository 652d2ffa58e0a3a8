import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  json,
  RAW_TENANT,
  type RawIdentity,
  refusalBody,
  startRawIdentity,
} from '../../../test/harness/raw-identity.ts';
import { discoverTenant, isTenantName } from './discovery.ts';

const now = new Date('2026-11-22T10:00:00Z');

let peer: RawIdentity;
before(async () => {
  peer = await startRawIdentity(json(200, {}));
});
after(() => peer.close());

const discover = (tenant: string) =>
  discoverTenant({ authority: peer.authority, tenant }, { transport: { ca: [peer.ca], timeoutMs: 3000 }, now });
const metadata = (name = RAW_TENANT) => ({
  issuer: `${peer.authority}/${name}/v2.0`,
  token_endpoint: `${peer.authority}/${name}/oauth2/v2.0/token`,
  device_authorization_endpoint: `${peer.authority}/${name}/oauth2/v2.0/devicecode`,
});

test('a domain becomes the GUID of its tenant', async () => {
  peer.asked.length = 0;
  peer.answer(json(200, metadata()));
  assert.deepEqual(await discover('practice.example'), {
    kind: 'found',
    endpoints: peer.endpoints,
    authorizationEndpoint: `${peer.authority}/${RAW_TENANT}/oauth2/v2.0/authorize`,
    tenantId: RAW_TENANT,
  });
  assert.equal(peer.asked[0]?.path, '/practice.example/v2.0/.well-known/openid-configuration');
});

test('organizations keeps the template and has no GUID', async () => {
  peer.answer(json(200, { ...metadata('organizations'), issuer: `${peer.authority}/{tenantid}/v2.0` }));
  const found = await discover('organizations');
  assert.ok(found.kind === 'found');
  assert.equal(found.endpoints.issuer, `${peer.authority}/{tenantid}/v2.0`);
  assert.equal(found.tenantId, undefined);
});

test('an unknown tenant is refused with its number', async () => {
  peer.answer(json(400, refusalBody('invalid_tenant', 90002)));
  const outcome = await discover('nobody.example');
  assert.ok(outcome.kind === 'refused');
  assert.equal(outcome.refusal.aadsts, 90002);
});

test('a document that sends tokens to another host is not followed there', async () => {
  peer.answer(json(200, { ...metadata(), token_endpoint: 'https://thief.example/token' }));
  const found = await discover(RAW_TENANT);
  assert.equal(found.kind === 'found' && found.endpoints.tokenEndpoint, peer.endpoints.tokenEndpoint);
  peer.answer(json(200, { ...metadata(), issuer: `https://thief.example/${RAW_TENANT}/v2.0` }));
  assert.equal((await discover(RAW_TENANT)).kind, 'transient');
});

test('a document of another tenant, of a template where a tenant was asked, or of no tenant is not taken', async () => {
  const other = '00000000-3b55-4a52-9f6e-0d5a1f7d2c11';
  for (const issuer of [
    `${peer.authority}/${other}/v2.0`,
    `${peer.authority}/{tenantid}/v2.0`,
    peer.authority,
    7,
    null,
  ]) {
    peer.answer(json(200, { ...metadata(), issuer }));
    assert.equal((await discover(RAW_TENANT)).kind, 'transient', String(issuer));
  }
});

test('names that would leave the path are not asked for', async () => {
  peer.asked.length = 0;
  for (const name of ['../x', 'a/b', 'a?b', '', 'a..b', `${'a'.repeat(64)}.example`, 'a b.example', 'localhost']) {
    assert.equal(isTenantName(name), false, name);
    assert.equal((await discover(name)).kind, 'transient');
  }
  assert.equal(peer.asked.length, 0);
  for (const name of [RAW_TENANT, 'contoso.com', 'contoso.onmicrosoft.com', 'common', 'organizations', 'consumers']) {
    assert.equal(isTenantName(name), true, name);
  }
});
