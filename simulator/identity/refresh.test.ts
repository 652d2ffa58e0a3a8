import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type RunningPracticeTenant, startPracticeTenant } from '../main.ts';
import { clientOf, type PracticeClient } from '../testing.ts';

const ACCOUNT = 'print@practice.example';
const IMAP = 'https://outlook.office.com/IMAP.AccessAsUser.All';
const SMTP = 'https://outlook.office.com/SMTP.Send';
const GRAPH = 'https://graph.microsoft.com/User.Read';

let practice: RunningPracticeTenant;
let client: PracticeClient;

const numberOf = async (refreshToken: unknown, more: Record<string, string> = {}) =>
  (await client.refresh(refreshToken, more)).json.error_codes ?? 'granted';
const signedIn = async (account = ACCOUNT, more: Record<string, string> = {}) =>
  (await client.signIn(account, more)).json.refresh_token;

describe('refresh', () => {
  before(async () => {
    practice = await startPracticeTenant();
    client = clientOf(practice);
  });
  after(() => practice.close());
  beforeEach(() => client.control('/reset', {}));

  test('each redemption brings a new token and the old one stays good', async () => {
    const first = await signedIn();
    const second = await client.refresh(first);
    assert.equal(second.status, 200);
    assert.notEqual(second.json.refresh_token, first);
    assert.equal(await numberOf(first), 'granted');
    assert.equal(await numberOf(second.json.refresh_token), 'granted');
  });

  test('without scopes the former ones come back; a subset narrows the access token', async () => {
    const token = await signedIn(ACCOUNT, { scope: `${IMAP} ${SMTP} offline_access openid profile` });
    const same = await client.refresh(token);
    assert.equal(same.json.scope, `${IMAP} ${SMTP} openid profile`);
    const narrow = await client.refresh(token, { scope: IMAP });
    const access = practice.tenant.findAccessToken(String(narrow.json.access_token));
    assert.deepEqual(access?.scopes, ['IMAP.AccessAsUser.All']);
    assert.equal(access?.username, ACCOUNT);
    assert.equal(access?.audience, 'https://outlook.office.com');
    assert.ok(narrow.json.refresh_token);
  });

  test('a scope that nobody consented to is 65001', async () => {
    const token = await signedIn();
    const { json } = await client.refresh(token, { scope: `${IMAP} https://outlook.office.com/Mail.Read` });
    assert.deepEqual([json.error, json.error_codes, json.suberror], ['invalid_grant', [65001], 'consent_required']);
  });

  test('two resources are 28000; another consented resource alone is granted', async () => {
    const token = await signedIn();
    assert.deepEqual(await numberOf(token, { scope: `${IMAP} ${GRAPH}` }), [28000]);
    const graph = await client.refresh(token, { scope: GRAPH });
    assert.equal(
      practice.tenant.findAccessToken(String(graph.json.access_token))?.audience,
      'https://graph.microsoft.com',
    );
    await client.control('/switch', { switch: 'consent-removed', clientId: practice.clientId, names: ['User.Read'] });
    assert.deepEqual(await numberOf(token, { scope: GRAPH }), [65001]);
    assert.equal(await numberOf(token), 'granted');
  });

  test('.default is everything consented on the resource', async () => {
    const token = await signedIn();
    const { json } = await client.refresh(token, { scope: 'https://outlook.office365.com/.default' });
    assert.deepEqual(practice.tenant.findAccessToken(String(json.access_token))?.scopes.sort(), [
      'IMAP.AccessAsUser.All',
      'POP.AccessAsUser.All',
      'SMTP.Send',
    ]);
  });

  test('the answer may list more scopes than were asked for when the tenant is set so', async () => {
    const token = await signedIn();
    await client.control('/settings', { scopeAnswer: 'all-consented' });
    const { json } = await client.refresh(token);
    assert.match(String(json.scope), /SMTP\.Send/);
  });

  test('a lifetime can be fixed', async () => {
    await client.control('/settings', { accessTokenSeconds: 60 });
    assert.equal((await client.signIn(ACCOUNT)).json.expires_in, 60);
  });

  test('90 days without use end a token, each use begins anew', async () => {
    const day = 86_400;
    const token = await signedIn();
    await client.control('/clock/advance', { seconds: 89 * day });
    const younger = (await client.refresh(token)).json.refresh_token;
    await client.control('/clock/advance', { seconds: 2 * day });
    const { json } = await client.refresh(token);
    assert.deepEqual(json.error_codes, [700082]);
    assert.match(String(json.error_description), /inactive for 90\.00:00:00/);
    assert.equal(await numberOf(younger), 'granted');
  });

  test('the idle switch ages the tokens of one account', async () => {
    const [mine, hers] = [await signedIn(), await signedIn('anna@practice.example')];
    await client.control('/switch', { switch: 'idle', account: ACCOUNT });
    assert.deepEqual(await numberOf(mine), [700082]);
    assert.equal(await numberOf(hers), 'granted');
  });

  test('a change of password ends password sign-ins only, revoking ends all', async () => {
    await client.control('/accounts', { upn: 'key@practice.example', signInMethod: 'other' });
    const [word, key] = [await signedIn(), await signedIn('key@practice.example')];
    await client.control('/clock/advance', { seconds: 1 });
    for (const account of [ACCOUNT, 'key@practice.example']) {
      await client.control('/switch', { switch: 'password-changed', account });
    }
    assert.deepEqual(await numberOf(word), [50173]);
    assert.equal(await numberOf(key), 'granted');
    await client.control('/switch', { switch: 'sessions-revoked', account: 'key@practice.example' });
    assert.deepEqual(await numberOf(key), [50173]);
    await client.control('/clock/advance', { seconds: 1 });
    assert.equal(await numberOf(await signedIn()), 'granted');
  });

  const switches = [
    [{ switch: 'mfa-expired', account: ACCOUNT }, 50078],
    [{ switch: 'sign-in-frequency', account: ACCOUNT }, 70043],
    [{ switch: 'refresh-problem', account: ACCOUNT, aadsts: 50076 }, 50076],
    [{ switch: 'device-code-policy', policy: 'conditional-access' }, 530036],
    [{ switch: 'device-code-policy', policy: 'security-defaults' }, 530035],
    [{ switch: 'user-disabled', account: ACCOUNT }, 50057],
  ] as const;
  for (const [body, aadsts] of switches) {
    test(`the switch ${Object.values(body).join(' ')} makes the refresh fail with ${aadsts}`, async () => {
      const token = await signedIn();
      await client.control('/switch', { ...body });
      const { json } = await client.refresh(token);
      assert.deepEqual([json.error, json.error_codes], ['invalid_grant', [aadsts]]);
    });
  }

  test('consent, app and account can go away', async () => {
    const token = await signedIn();
    const { clientId } = practice;
    await client.control('/switch', { switch: 'consent-removed', clientId });
    assert.deepEqual(await numberOf(token), [65001]);
    await client.control('/switch', { switch: 'app-disabled', clientId });
    const disabled = await client.refresh(token);
    assert.deepEqual([disabled.json.error, disabled.json.error_codes], ['unauthorized_client', [7000112]]);
    await client.control('/switch', { switch: 'app-disabled', clientId, on: false });
    await client.control('/accounts/remove', { account: ACCOUNT });
    assert.deepEqual(await numberOf(token), [50034]);
    await client.control('/apps/remove', { clientId });
    assert.deepEqual(await numberOf(token), [700016]);
  });

  test('an address may choose what its refresh meets', async () => {
    assert.deepEqual(await numberOf(await signedIn('refresh-50173@practice.example')), [50173]);
  });

  test('a damaged token is 9002313, an unknown one and one of another client 70000', async () => {
    const token = await signedIn();
    assert.deepEqual(await numberOf('rubbish'), [9002313]);
    assert.deepEqual(await numberOf(`1.A${'x'.repeat(800)}`), [70000]);
    const clientId = '11111111-2222-4333-8444-555555555555';
    await client.control('/apps', { clientId });
    assert.deepEqual(await numberOf(token, { client_id: clientId }), [70000]);
    assert.deepEqual(await numberOf(''), [900144]);
  });

  test('the control surface lists every refresh token and how often it was used', async () => {
    const token = await signedIn();
    await client.refresh(token);
    const { refreshTokens } = (await client.control('/refresh-tokens')).json as {
      refreshTokens: { token: string; uses: number; account: string }[];
    };
    assert.equal(refreshTokens.length, 2);
    assert.deepEqual(
      refreshTokens.map(({ token: value, uses, account }) => [value === token, uses, account]),
      [
        [true, 1, ACCOUNT],
        [false, 0, ACCOUNT],
      ],
    );
    const { secrets } = (await client.control('/secrets')).json as { secrets: string[] };
    assert.ok(secrets.includes(String(token)));
    assert.equal(secrets.length, 1 + 2 + 2); // device code, refresh tokens, access tokens
  });
});
