import assert from 'node:assert/strict';
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type RunningPracticeTenant, startPracticeTenant } from '../main.ts';
import { ask, claimsOf, clientOf, DEVICE_GRANT, OUTLOOK_SCOPES, type PracticeClient } from '../testing.ts';

let practice: RunningPracticeTenant;
let client: PracticeClient;

describe('device code', () => {
  before(async () => {
    practice = await startPracticeTenant();
    client = clientOf(practice);
  });
  after(() => practice.close());
  beforeEach(() => client.control('/reset', {}));

  test('a request answers the fields of the platform and a code of nine characters', async () => {
    const { status, json, headers } = await client.start();
    assert.equal(status, 200);
    assert.match(String(json.user_code), /^[A-Z0-9]{9}$/);
    assert.ok(String(json.device_code).length > 300);
    assert.equal(json.expires_in, 900);
    assert.equal(json.interval, 5);
    assert.equal(json.verification_uri, `${practice.authority}/devicelogin`);
    assert.ok(String(json.message).includes(String(json.user_code)));
    assert.equal(headers['cache-control'], 'no-store, no-cache');
    assert.deepEqual(Object.keys(json).sort(), [
      'device_code',
      'expires_in',
      'interval',
      'message',
      'user_code',
      'verification_uri',
    ]);
  });

  test('mkt changes the message and nothing else', async () => {
    const form = { client_id: practice.clientId, scope: OUTLOOK_SCOPES };
    const { json } = await client.post(`/${practice.tid}/oauth2/v2.0/devicecode?mkt=it-IT`, form);
    assert.match(String(json.message), /^Per accedere/);
    assert.equal(json.verification_uri, `${practice.authority}/devicelogin`);
  });

  test('the verification address is what the tenant is set to', async () => {
    await client.control('/settings', { verificationUri: 'https://microsoft.com/deviceloginus' });
    assert.equal((await client.start()).json.verification_uri, 'https://microsoft.com/deviceloginus');
  });

  test('a confirmed code becomes tokens, once', async () => {
    const { json: started } = await client.start();
    const pending = await client.poll(started.device_code);
    assert.deepEqual([pending.status, pending.json.error], [400, 'authorization_pending']);
    assert.deepEqual(pending.json.error_codes, [70016]);
    const confirmed = await client.control('/device-login', {
      userCode: started.user_code,
      account: 'print@practice.example',
    });
    assert.equal(confirmed.json.kind, 'signed-in');
    const { status, json } = await client.poll(started.device_code);
    assert.equal(status, 200);
    assert.equal(json.token_type, 'Bearer');
    assert.ok(Number(json.expires_in) >= 3600 && Number(json.expires_in) <= 5400);
    assert.equal(json.scope, 'https://outlook.office.com/IMAP.AccessAsUser.All openid profile');
    assert.match(String(json.refresh_token), /^1\.A/);
    assert.equal(json.client_info, undefined);
    const again = await client.poll(started.device_code);
    assert.deepEqual(again.json.error_codes, [54005]);
  });

  test('the short grant name, unknown fields and client_info are taken', async () => {
    const { json: started } = await client.start();
    await client.control('/device-login', { userCode: started.user_code, account: 'print@practice.example' });
    const { json } = await client.token({
      grant_type: 'device_code',
      device_code: String(started.device_code),
      client_info: '1',
      'x-client-SKU': 'any',
    });
    const info = JSON.parse(Buffer.from(String(json.client_info), 'base64url').toString());
    assert.equal(info.utid, practice.tid);
    assert.equal(info.uid, practice.tenant.getAccount('print@practice.example').oid);
  });

  test('the id token is signed by a published key and names the account', async () => {
    const { json } = await client.signIn('carla.upn@practice.onmicrosoft.example');
    const [header, payload, signature] = String(json.id_token).split('.') as [string, string, string];
    const keys = (await client.get(`/${practice.tid}/discovery/v2.0/keys`)).json.keys as (JsonWebKey & {
      kid: string;
    })[];
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString());
    const key = keys.find((candidate) => candidate.kid === kid);
    assert.ok(key);
    const isSigned = verify(
      'RSA-SHA256',
      Buffer.from(`${header}.${payload}`),
      createPublicKey({ key, format: 'jwk' }),
      Buffer.from(signature, 'base64url'),
    );
    assert.ok(isSigned);
    const claims = claimsOf(json.id_token);
    assert.equal(claims.iss, `${practice.authority}/${practice.tid}/v2.0`);
    assert.equal(claims.aud, practice.clientId);
    assert.equal(claims.tid, practice.tid);
    assert.equal(claims.preferred_username, 'carla.upn@practice.onmicrosoft.example');
    assert.equal(claims.email, undefined);
    assert.equal(claims.ver, '2.0');
  });

  test('a member has an email claim when it is asked for, a guest has none', async () => {
    const scope = `${OUTLOOK_SCOPES} email`;
    const member = await client.signIn('carla@practice.example', { scope });
    assert.equal(claimsOf(member.json.id_token).email, 'carla@practice.example');
    const guest = await client.signIn('guest_partner.example#ext#@practice.onmicrosoft.example', { scope });
    assert.equal(guest.status, 200);
    assert.equal(claimsOf(guest.json.id_token).email, undefined);
  });

  test('no id token without openid, no oid without profile, no refresh token without offline_access', async () => {
    const imap = 'https://outlook.office.com/IMAP.AccessAsUser.All';
    const bare = await client.signIn('print@practice.example', { scope: imap });
    assert.equal(bare.json.id_token, undefined);
    assert.equal(bare.json.refresh_token, undefined);
    const openid = await client.signIn('print@practice.example', { scope: `${imap} openid` });
    assert.equal(claimsOf(openid.json.id_token).oid, undefined);
  });

  test('a declined code says so', async () => {
    const { json: started } = await client.start();
    const body = { userCode: started.user_code, account: 'print@practice.example', action: 'decline' };
    await client.control('/device-login', body);
    const { status, json } = await client.poll(started.device_code);
    assert.deepEqual([status, json.error], [400, 'authorization_declined']);
  });

  test('a code expires by the clock, at its second and not before', async () => {
    const { json: started } = await client.start();
    await client.control('/clock/advance', { seconds: 890 });
    assert.equal((await client.poll(started.device_code)).json.error, 'authorization_pending');
    await client.control('/clock/advance', { seconds: 10 });
    const { json } = await client.poll(started.device_code);
    assert.deepEqual([json.error, json.error_codes], ['expired_token', [70020]]);
    const page = await client.control('/device-login', {
      userCode: started.user_code,
      account: 'print@practice.example',
    });
    assert.equal(page.json.aadsts, 70019);
  });

  test('an unknown device code, another client and another tenant value are refused', async () => {
    assert.equal((await client.poll('nonsense')).json.error, 'bad_verification_code');
    const { json: started } = await client.start();
    const other = await clientOf(practice, 'practice.example').poll(started.device_code);
    assert.deepEqual(other.json.error_codes, [700005]);
    const clientId = '11111111-2222-4333-8444-555555555555';
    await client.control('/apps', { clientId });
    const foreign = await client.token({
      grant_type: DEVICE_GRANT,
      device_code: String(started.device_code),
      client_id: clientId,
    });
    assert.deepEqual(foreign.json.error_codes, [70000]);
  });

  test('polling too fast is slow_down only when the tenant is set so', async () => {
    const { json: started } = await client.start();
    await client.poll(started.device_code);
    assert.equal((await client.poll(started.device_code)).json.error, 'authorization_pending');
    await client.control('/settings', { pollingTooFast: 'slow-down' });
    assert.equal((await client.poll(started.device_code)).json.error, 'slow_down');
    await client.control('/clock/advance', { seconds: 5 });
    assert.equal((await client.poll(started.device_code)).json.error, 'authorization_pending');
  });

  const atToken = [
    ['blocked-530035@practice.example', 530035, 'invalid_grant'],
    ['blocked-53003@practice.example', 53003, 'invalid_grant'],
    ['mfa-50076@practice.example', 50076, 'invalid_grant'],
    ['challenge-50158@practice.example', 50158, 'interaction_required'],
  ] as const;
  for (const [account, aadsts, error] of atToken) {
    test(`${account} confirms and the poll is refused`, async () => {
      const { status, json } = await client.signIn(account);
      assert.deepEqual([status, json.error, json.error_codes], [400, error, [aadsts]]);
      assert.equal(json.error_uri, `${practice.authority}/error?code=${aadsts}`);
      if (aadsts === 53003) {
        assert.equal(json.suberror, 'message_only');
        assert.ok(JSON.parse(String(json.claims)).access_token.capolids.essential);
      }
    });
  }

  const inBrowser = [
    ['needs-admin-90094@practice.example', 90094],
    ['stuck-53003@practice.example', 53003],
    ['disabled@practice.example', 50057],
    ['locked-50053@practice.example', 50053],
    ['visitor@elsewhere.example', 50020],
    ['nobody@practice.example', 50034],
  ] as const;
  for (const [account, aadsts] of inBrowser) {
    test(`${account} is refused in the browser and polling stays pending`, async () => {
      const { json: started } = await client.start();
      const page = await client.control('/device-login', { userCode: started.user_code, account });
      assert.deepEqual([page.json.seen, page.json.aadsts], ['browser', aadsts]);
      assert.equal((await client.poll(started.device_code)).json.error, 'authorization_pending');
    });
  }

  test('an account that declines by its name declines', async () => {
    assert.equal((await client.signIn('declines@practice.example')).json.error, 'authorization_declined');
  });

  test('accounts can bring the id token of another user or another tenant', async () => {
    const user = claimsOf((await client.signIn('other-user@practice.example')).json.id_token);
    assert.equal(user.tid, practice.tid);
    assert.notEqual(user.oid, practice.tenant.getAccount('other-user@practice.example').oid);
    const tenant = claimsOf((await client.signIn('other-tenant@practice.example')).json.id_token);
    assert.notEqual(tenant.tid, practice.tid);
    assert.equal(tenant.iss, `${practice.authority}/${tenant.tid}/v2.0`);
  });

  test('the device code policy refuses confirmations with the number of each kind', async () => {
    for (const [policy, aadsts] of [
      ['security-defaults', 530035],
      ['conditional-access', 53003],
    ] as const) {
      await client.control('/switch', { switch: 'device-code-policy', policy });
      assert.deepEqual((await client.signIn('print@practice.example')).json.error_codes, [aadsts]);
    }
  });

  test('without consent an administrator can confirm, others see that approval is needed', async () => {
    await client.control('/switch', { switch: 'consent-removed', clientId: practice.clientId });
    assert.equal((await client.signIn('print@practice.example')).json.error, 'authorization_pending');
    assert.equal((await client.signIn('admin@practice.example')).status, 200);
    assert.equal((await client.signIn('print@practice.example')).status, 200);
  });

  test('a user may consent to SMTP.Send alone', async () => {
    await client.control('/switch', { switch: 'consent-removed', clientId: practice.clientId });
    const scope = 'https://outlook.office.com/SMTP.Send offline_access';
    assert.equal((await client.signIn('print@practice.example', { scope })).status, 200);
  });

  test('the public client switch is felt at the token call only, as 401', async () => {
    await client.control('/switch', { switch: 'public-client-off', clientId: practice.clientId });
    const started = await client.start();
    assert.equal(started.status, 200);
    const { status, json } = await client.poll(started.json.device_code);
    assert.deepEqual([status, json.error, json.error_codes], [401, 'invalid_client', [7000218]]);
  });

  test('a secret of a public client is refused', async () => {
    const { json: started } = await client.start();
    const form = { grant_type: DEVICE_GRANT, device_code: String(started.device_code), client_secret: 'x' };
    const { status, json } = await client.token(form);
    assert.deepEqual([status, json.error_codes], [401, [700025]]);
  });

  test('a disabled app and a user who is not assigned are refused', async () => {
    await client.control('/switch', { switch: 'assignment-required', clientId: practice.clientId });
    assert.equal((await client.signIn('print@practice.example')).json.error, 'authorization_pending');
    await client.control('/switch', { switch: 'app-disabled', clientId: practice.clientId });
    assert.deepEqual((await client.poll('x')).json.error_codes, [7000112]);
  });

  test('each tenant value has its own rule', async () => {
    const started = async (path: string) => (await clientOf(practice, path).start()).json.error_codes ?? 'started';
    assert.deepEqual(await started('practice.example'), 'started');
    assert.deepEqual(await started('common'), [50194]);
    assert.deepEqual(await started('organizations'), [50194]);
    assert.deepEqual(await started('consumers'), [9002332]);
    assert.deepEqual(await started('nowhere.example'), [90002]);
    assert.deepEqual(await started('00000000-1111-4222-8333-444444444444'), [90002]);
    assert.deepEqual(await started('not a tenant'), [900023]);
    assert.deepEqual(await started('elsewhere.example'), [700016]);
    await client.control('/apps', { clientId: practice.clientId, audience: 'multi-and-personal' });
    assert.deepEqual(await started('common'), 'started');
    assert.deepEqual(await started('consumers'), 'started');
    const { json } = await clientOf(practice, 'consumers').start();
    assert.match(String(json.user_code), /^[A-Z0-9]{8}$/);
  });

  test('an unknown client is 700016', async () => {
    const { json } = await client.start({ client_id: '00000000-0000-4000-8000-000000000000' });
    assert.deepEqual([json.error, json.error_codes], ['unauthorized_client', [700016]]);
  });

  test('scope mistakes have their numbers', async () => {
    const numbers = async (scope: string) => (await client.start({ scope })).json.error_codes ?? 'started';
    const imap = 'https://outlook.office.com/IMAP.AccessAsUser.All';
    assert.deepEqual(await numbers(`${imap} https://graph.microsoft.com/User.Read`), [28000]);
    assert.deepEqual(await numbers(`${imap} SMTP.Send`), [28000]);
    assert.deepEqual(await numbers('https://outlook.office.com/IMAP.Everything'), [650053]);
    assert.deepEqual(await numbers('https://partner.outlook.cn/IMAP.AccessAsUser.All'), [500011]);
    assert.deepEqual(await numbers('a"b'), [70011]);
    assert.deepEqual(await numbers(`${imap} https://outlook.office.com/.default`), [70011]);
    assert.deepEqual(await numbers(''), [900144]);
    assert.equal(await numbers('https://outlook.office365.com/.default offline_access'), 'started');
  });

  test('a JSON body is read as no body: the first parameter is missing', async () => {
    const url = `${practice.authority}/${practice.tid}/oauth2/v2.0/devicecode`;
    const body = JSON.stringify({ client_id: practice.clientId, scope: OUTLOOK_SCOPES });
    const headers = { 'content-type': 'application/json' };
    const { status, json } = await ask(url, { method: 'POST', headers, body, ca: practice.certificates.ca });
    assert.deepEqual([status, json.error, json.error_codes], [400, 'invalid_request', [900144]]);
    assert.match(String(json.error_description), /'client_id'/);
    assert.deepEqual((await client.get(`/${practice.tid}/oauth2/v2.0/token`)).json.error_codes, [900561]);
  });

  test('an error carries every field, in both layouts, with the correlation id of the client', async () => {
    const id = '9f8e7d6c-1234-4abc-8def-0123456789ab';
    const path = `/${practice.tid}/oauth2/v2.0/token`;
    const form = { client_id: practice.clientId, grant_type: DEVICE_GRANT, device_code: 'x' };
    const lines = (await client.post(path, { ...form, grant_type: 'none' }, { 'client-request-id': id })).json;
    assert.equal(lines.correlation_id, id);
    assert.deepEqual(lines.error_codes, [70003]);
    assert.match(String(lines.timestamp), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/);
    const description = String(lines.error_description);
    assert.deepEqual(description.split('\r\n').slice(1), [
      `Trace ID: ${lines.trace_id}`,
      `Correlation ID: ${id}`,
      `Timestamp: ${lines.timestamp}`,
    ]);
    await client.control('/settings', { descriptionLayout: 'blanks' });
    const blanks = (await client.post(path, form, { 'client-request-id': id })).json;
    assert.doesNotMatch(String(blanks.error_description), /[\r\n]/);
    assert.match(String(blanks.error_description), /^AADSTS70018: .* Trace ID: .* Correlation ID: .* Timestamp: .*Z$/);
    assert.equal(blanks.error_uri, undefined);
  });

  test('the Date header follows the practice clock', async () => {
    await client.control('/clock/advance', { ms: 3_600_000 });
    const { headers } = await client.start();
    const aheadMs = Date.parse(String(headers.date)) - Date.now();
    assert.ok(Math.abs(aheadMs - 3_600_000) < 10_000, `${aheadMs} ms ahead`);
  });

  test('the wire log counts polls, and holds no code and no token', async () => {
    const { json: started } = await client.start();
    await client.poll(started.device_code);
    await client.poll(started.device_code);
    const { json } = await client.control('/counters');
    assert.deepEqual(json.counts, { devicecode: 1, 'token:device_code': 2 });
    const { text } = await client.control('/requests?endpoint=token');
    assert.equal(JSON.parse(text).requests.length, 2);
    assert.ok(!text.includes(String(started.device_code)));
  });
});
