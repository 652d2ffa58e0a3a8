import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type RunningPracticeTenant, startPracticeTenant } from '../main.ts';
import { clientOf, type PracticeClient } from '../testing.ts';

const ACCOUNT = 'print@practice.example';
const CARLA = 'carla.upn@practice.onmicrosoft.example';
const GRAPH = 'https://graph.microsoft.com/User.Read';

let practice: RunningPracticeTenant;
let client: PracticeClient;

const configuration = async (path: string) => client.get(`/${path}/v2.0/.well-known/openid-configuration`);
const me = (token: unknown, query = '') => client.get(`/v1.0/me${query}`, { authorization: `Bearer ${token}` });

describe('around the tokens', () => {
  before(async () => {
    practice = await startPracticeTenant({ printers: [] });
    client = clientOf(practice);
  });
  after(() => practice.close());
  beforeEach(() => client.control('/reset', {}));

  test('a domain is answered with the GUID of its tenant in every address', async () => {
    const { status, json } = await configuration('practice.example');
    assert.equal(status, 200);
    const base = `${practice.authority}/${practice.tid}`;
    assert.equal(json.issuer, `${base}/v2.0`);
    assert.equal(json.token_endpoint, `${base}/oauth2/v2.0/token`);
    assert.equal(json.device_authorization_endpoint, `${base}/oauth2/v2.0/devicecode`);
    assert.equal(json.jwks_uri, `${base}/discovery/v2.0/keys`);
  });

  test('the shared endpoints have a template for an issuer', async () => {
    for (const path of ['common', 'organizations']) {
      const { json } = await configuration(path);
      assert.equal(json.issuer, `${practice.authority}/{tenantid}/v2.0`);
      assert.equal(json.tenant_region_scope, null);
    }
  });

  test('an unknown tenant is invalid_tenant', async () => {
    const unknown = await configuration('nowhere.example');
    assert.deepEqual([unknown.status, unknown.json.error, unknown.json.error_codes], [400, 'invalid_tenant', [90002]]);
    assert.deepEqual((await configuration('%zz')).json.error_codes, [900023]);
  });

  test('/me shows the addresses that the UPN hides, as far as selected', async () => {
    const refresh = (await client.signIn(CARLA)).json.refresh_token;
    const token = (await client.refresh(refresh, { scope: GRAPH })).json.access_token;
    const selected = await me(token, '?$select=userPrincipalName,mail,proxyAddresses');
    const { '@odata.context': context, ...fields } = selected.json;
    assert.match(String(context), /\$metadata#users/);
    assert.deepEqual(fields, {
      userPrincipalName: CARLA,
      mail: 'carla@practice.example',
      proxyAddresses: ['SMTP:carla@practice.example', 'smtp:c.mail@practice.example'],
    });
    const all = await me(token);
    assert.equal(all.json.displayName, 'Carla');
    assert.equal(all.json.proxyAddresses, undefined);
    assert.equal((await me(token, '?$select=shoeSize')).status, 400);
  });

  test('/me takes the address of the practice tenant as the Graph resource', async () => {
    const refresh = (await client.signIn(ACCOUNT)).json.refresh_token;
    const { json } = await client.refresh(refresh, { scope: `${practice.authority}/User.Read` });
    assert.equal((await me(json.access_token)).status, 200);
  });

  test('/me refuses an Outlook token, an expired one, and one without User.Read', async () => {
    const { json } = await client.signIn(ACCOUNT);
    const outlook = await me(json.access_token);
    assert.equal(outlook.status, 401);
    assert.equal((outlook.json.error as Record<string, unknown>).code, 'InvalidAuthenticationToken');
    const bare = await client.signIn(ACCOUNT, { scope: 'openid profile' });
    assert.equal((await me(bare.json.access_token)).status, 403);
    const graph = (await client.refresh(json.refresh_token, { scope: GRAPH })).json.access_token;
    await client.control('/clock/advance', { seconds: 5401 });
    assert.equal((await me(graph)).status, 401);
    assert.equal((await client.get('/v1.0/me')).status, 401);
  });

  test('introspection tells a mail server whose token it is, by POST, GET and header', async () => {
    const token = String((await client.signIn(CARLA)).json.access_token);
    const byPost = (await client.post('/introspect', { token })).json;
    assert.equal(byPost.active, true);
    assert.equal(byPost.username, CARLA);
    assert.equal(byPost.email, 'carla@practice.example');
    assert.equal(byPost.scope, 'IMAP.AccessAsUser.All');
    assert.equal(byPost.aud, 'https://outlook.office.com');
    assert.ok(Number(byPost.exp) > Date.now() / 1000);
    const byGet = await client.get(`/introspect?token=${encodeURIComponent(token)}`);
    assert.deepEqual(byGet.json, byPost);
    const byHeader = await client.get('/introspect', { authorization: `Bearer ${token}` });
    assert.deepEqual(byHeader.json, byPost);
  });

  test('introspection says nothing of a token that is foreign, expired, for Graph, without the scope, or of a leaver', async () => {
    const { json } = await client.signIn(ACCOUNT);
    const token = String(json.access_token);
    const introspect = async (value: unknown, query = '') =>
      (await client.post(`/introspect${query}`, { token: String(value) })).json;
    assert.deepEqual(await introspect('unknown'), { active: false });
    assert.deepEqual(await introspect((await client.refresh(json.refresh_token, { scope: GRAPH })).json.access_token), {
      active: false,
    });
    assert.equal((await introspect(token, '?scope=IMAP.AccessAsUser.All')).active, true);
    assert.deepEqual(await introspect(token, '?scope=SMTP.Send'), { active: false });
    await client.control('/switch', { switch: 'user-disabled', account: ACCOUNT });
    assert.deepEqual(await introspect(token), { active: false });
    await client.control('/switch', { switch: 'user-disabled', account: ACCOUNT, on: false });
    assert.equal((await introspect(token)).active, true);
    await client.control('/clock/advance', { seconds: 5401 });
    assert.deepEqual(await introspect(token), { active: false });
  });

  test('a mailbox opens for its owner by each address, and for a delegate', () => {
    const { tenant } = practice;
    assert.deepEqual(tenant.addressesOf('carla@practice.example'), [
      CARLA,
      'carla@practice.example',
      'c.mail@practice.example',
    ]);
    assert.ok(tenant.mayOpenMailbox(CARLA, 'C.Mail@practice.example'));
    assert.ok(tenant.mayOpenMailbox(ACCOUNT, 'scans@practice.example'));
    assert.ok(tenant.maySendAs(ACCOUNT, 'scans@practice.example'));
    assert.ok(!tenant.mayOpenMailbox(CARLA, 'scans@practice.example'));
    assert.ok(!tenant.mayOpenMailbox(CARLA, ACCOUNT));
    tenant.addAccount({ upn: ACCOUNT, isDisabled: true });
    assert.ok(!tenant.mayOpenMailbox(ACCOUNT, ACCOUNT));
  });
});
