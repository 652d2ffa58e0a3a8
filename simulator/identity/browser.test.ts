import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type RunningPracticeTenant, startPracticeTenant } from '../main.ts';
import { claimsOf, clientOf, OUTLOOK_SCOPES, type PracticeClient, sessionIn } from '../testing.ts';

const ACCOUNT = 'print@practice.example';
const VERIFIER = 'a-verifier-of-at-least-forty-three-characters-0123456789';
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

let practice: RunningPracticeTenant;
let client: PracticeClient;

/** Code, account, and the button: what a person does on the page. */
async function enter(userCode: unknown, account: string, button: Record<string, string>) {
  const accounts = await client.post('/devicelogin', { userCode: String(userCode) });
  const confirm = await client.post('/sign-in/account', { session: sessionIn(accounts.text), account });
  return client.post('/sign-in/confirm', { session: sessionIn(confirm.text), ...button });
}

function authorizePath(more: Record<string, string> = {}): string {
  const parameters = new URLSearchParams({
    client_id: practice.clientId,
    response_type: 'code',
    redirect_uri: 'https://login.microsoftonline.com/common/oauth2/nativeclient',
    scope: OUTLOOK_SCOPES,
    state: 'a state & more',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...more,
  });
  return `/${practice.tid}/oauth2/v2.0/authorize?${parameters}`;
}

async function walk(path: string, account: string, action: 'confirm' | 'decline' = 'confirm') {
  const accounts = await client.get(path);
  const confirm = await client.post('/sign-in/account', { session: sessionIn(accounts.text), other: account });
  return client.post('/sign-in/confirm', { session: sessionIn(confirm.text), action });
}

function redeem(location: unknown, more: Record<string, string> = {}) {
  const url = new URL(String(location));
  return client.token({
    grant_type: 'authorization_code',
    code: url.searchParams.get('code') ?? '',
    redirect_uri: `${url.origin}${url.pathname === '/' ? '' : url.pathname}`,
    code_verifier: VERIFIER,
    ...more,
  });
}

describe('in the browser', () => {
  before(async () => {
    practice = await startPracticeTenant({ printers: [] });
    client = clientOf(practice);
  });
  after(() => practice.close());
  beforeEach(() => client.control('/reset', {}));

  test('a device login goes through the page: code, account, continue', async () => {
    const { json: started } = await client.start();
    const { pathname } = new URL(String(started.verification_uri));
    const first = await client.get(pathname);
    assert.match(first.text, /name="userCode"/);
    assert.match(first.text, /Practice\. This is not Microsoft\./);
    const typed = String(started.user_code)
      .toLowerCase()
      .replace(/^(...)/, '$1-');
    const accounts = await client.post(pathname, { userCode: ` ${typed} ` });
    assert.match(accounts.text, /value="print@practice\.example"/);
    assert.doesNotMatch(accounts.text, /visitor@elsewhere/);
    const confirm = await client.post('/sign-in/account', { session: sessionIn(accounts.text), account: ACCOUNT });
    assert.match(confirm.text, /Are you trying to sign in to Platen\?/);
    assert.equal((await client.poll(started.device_code)).json.error, 'authorization_pending');
    const done = await client.post('/sign-in/confirm', { session: sessionIn(confirm.text), action: 'confirm' });
    assert.match(done.text, /You can close this page\./);
    const { json } = await client.poll(started.device_code);
    assert.equal(claimsOf(json.id_token).preferred_username, ACCOUNT);
  });

  test('cancel declines', async () => {
    const { json: started } = await client.start();
    const page = await enter(started.user_code, ACCOUNT, { action: 'decline' });
    assert.match(page.text, /You canceled the sign-in/);
    assert.equal((await client.poll(started.device_code)).json.error, 'authorization_declined');
  });

  test('another course can be chosen, told to the application or not', async () => {
    const blocked = (await client.start()).json;
    const told = await enter(blocked.user_code, ACCOUNT, { action: 'confirm', happen: '530035' });
    assert.match(told.text, /AADSTS530035.*The application is told/s);
    assert.deepEqual((await client.poll(blocked.device_code)).json.error_codes, [530035]);
    const stuck = (await client.start()).json;
    const untold = await enter(stuck.user_code, ACCOUNT, { action: 'confirm', happen: '90094' });
    assert.match(untold.text, /AADSTS90094.*The application is not told/s);
    assert.equal((await client.poll(stuck.device_code)).json.error, 'authorization_pending');
  });

  test('a wrong, empty, expired or used code is said', async () => {
    const said = async (userCode: string) => (await client.post('/devicelogin', { userCode })).text;
    assert.match(await said('WRONGCODE'), /AADSTS70018/);
    assert.match(await said(''), /AADSTS90119/);
    const { json: started } = await client.start();
    await enter(started.user_code, ACCOUNT, { action: 'confirm' });
    assert.match(await said(String(started.user_code)), /AADSTS90120/);
    const { json: late } = await client.start();
    await client.control('/clock/advance', { seconds: 900 });
    assert.match(await said(String(late.user_code)), /AADSTS70019/);
  });

  test('a code that expires while the page is open is not confirmed', async () => {
    const { json: started } = await client.start();
    const accounts = await client.post('/devicelogin', { userCode: String(started.user_code) });
    const confirm = await client.post('/sign-in/account', { session: sessionIn(accounts.text), account: ACCOUNT });
    await client.control('/clock/advance', { seconds: 900 });
    const end = await client.post('/sign-in/confirm', { session: sessionIn(confirm.text), action: 'confirm' });
    assert.match(end.text, /AADSTS70019/);
    assert.equal((await client.poll(started.device_code)).json.error, 'expired_token');
  });

  test('a password is asked where there is one, an unknown account is said', async () => {
    await client.control('/accounts', { upn: ACCOUNT, password: 'the right one' });
    const { json: started } = await client.start();
    const accounts = await client.post('/devicelogin', { userCode: String(started.user_code) });
    const session = sessionIn(accounts.text);
    const wrong = await client.post('/sign-in/account', { session, account: ACCOUNT, password: 'guess' });
    assert.match(wrong.text, /AADSTS50126/);
    const skipped = await client.post('/sign-in/confirm', { session, action: 'confirm' });
    assert.match(skipped.text, /too old/);
    const unknown = await client.post('/sign-in/account', { session, other: 'nobody@practice.example' });
    assert.match(unknown.text, /AADSTS50034/);
    const right = await client.post('/sign-in/account', { session, account: ACCOUNT, password: 'the right one' });
    assert.match(right.text, /Are you trying to sign in/);
  });

  test('an administrator sees what the application asks for, and consents by going on', async () => {
    await client.control('/switch', { switch: 'consent-removed', clientId: practice.clientId });
    const { json: started } = await client.start();
    const accounts = await client.post('/devicelogin', { userCode: String(started.user_code) });
    const account = 'admin@practice.example';
    const confirm = await client.post('/sign-in/account', { session: sessionIn(accounts.text), account });
    assert.match(confirm.text, /<li>IMAP\.AccessAsUser\.All<\/li>/);
    await client.post('/sign-in/confirm', { session: sessionIn(confirm.text), action: 'confirm' });
    assert.equal((await client.poll(started.device_code)).status, 200);
  });

  test('the pages speak Italian to Italian browsers, and repeat no markup', async () => {
    const italian = await client.get('/devicelogin', { 'accept-language': 'it-IT,it;q=0.9' });
    assert.match(italian.text, /<html lang="it">.*Questo non è Microsoft/s);
    const hostile = await client.post('/devicelogin', { userCode: '"><script>x' });
    assert.doesNotMatch(hostile.text, /<script/);
    assert.match(String(hostile.headers['content-security-policy']), /default-src 'none'/);
  });

  test('an authorization code with PKCE becomes tokens, once', async () => {
    const { status, headers } = await walk(authorizePath({ nonce: 'n-1' }), ACCOUNT);
    assert.equal(status, 302);
    const url = new URL(String(headers.location));
    assert.equal(url.origin + url.pathname, 'https://login.microsoftonline.com/common/oauth2/nativeclient');
    assert.equal(url.searchParams.get('state'), 'a state & more');
    const { status: granted, json } = await redeem(headers.location);
    assert.equal(granted, 200);
    assert.equal(claimsOf(json.id_token).nonce, 'n-1');
    assert.deepEqual((await redeem(headers.location)).json.error_codes, [54005]);
    await client.control('/switch', { switch: 'device-code-policy', policy: 'conditional-access' });
    assert.equal((await client.refresh(json.refresh_token)).status, 200);
  });

  test('a wrong verifier, a wrong address and a late redemption are refused', async () => {
    const { headers } = await walk(authorizePath(), ACCOUNT);
    assert.deepEqual((await redeem(headers.location, { code_verifier: 'wrong' })).json.error_codes, [501481]);
    assert.deepEqual((await redeem(headers.location, { redirect_uri: 'http://localhost' })).json.error_codes, [500112]);
    await client.control('/clock/advance', { seconds: 600 });
    assert.deepEqual((await redeem(headers.location)).json.error_codes, [70008]);
  });

  test('on localhost the port of the redirect is ignored, elsewhere every letter counts', async () => {
    const local = await walk(authorizePath({ redirect_uri: 'http://localhost:8631' }), ACCOUNT);
    assert.match(String(local.headers.location), /^http:\/\/localhost:8631\/\?code=/);
    const near = await client.get(
      authorizePath({ redirect_uri: 'https://login.microsoftonline.com/common/oauth2/native' }),
    );
    assert.equal(near.status, 400);
    assert.match(near.text, /AADSTS50011/);
    await client.control('/apps', { clientId: practice.clientId, redirectUris: [] });
    assert.match((await client.get(authorizePath())).text, /AADSTS500113/);
  });

  test('the pasted address may come from the practice page itself', async () => {
    const redirectUri = `${practice.authority}/common/oauth2/nativeclient`;
    const { headers } = await walk(authorizePath({ redirect_uri: redirectUri }), ACCOUNT);
    const { pathname, search } = new URL(String(headers.location));
    assert.match((await client.get(pathname + search)).text, /Copy the address of this page/);
  });

  test('cancel, prompt=none and a plain challenge come back as errors of the redirect', async () => {
    const declined = new URL(String((await walk(authorizePath(), ACCOUNT, 'decline')).headers.location));
    assert.equal(declined.searchParams.get('error'), 'access_denied');
    assert.match(declined.searchParams.get('error_description') ?? '', /AADSTS65004/);
    const silent = await client.get(authorizePath({ prompt: 'none' }));
    assert.match(String(silent.headers.location), /error=login_required/);
    const plain = await client.get(authorizePath({ code_challenge_method: 'plain' }));
    assert.match(String(plain.headers.location), /error=invalid_request/);
  });

  test('an administrator consents for the organization and comes back with the tenant', async () => {
    await client.control('/switch', { switch: 'consent-removed', clientId: practice.clientId });
    const parameters = new URLSearchParams({
      client_id: practice.clientId,
      scope: 'https://outlook.office.com/IMAP.AccessAsUser.All',
      redirect_uri: 'https://login.microsoftonline.com/common/oauth2/nativeclient',
      state: '12345',
    });
    const path = `/${practice.tid}/v2.0/adminconsent?${parameters}`;
    assert.match((await walk(path, ACCOUNT)).text, /AADSTS90094/);
    const refused = new URL(String((await walk(path, 'admin@practice.example', 'decline')).headers.location));
    assert.equal(refused.searchParams.get('error'), 'access_denied');
    const url = new URL(String((await walk(path, 'admin@practice.example')).headers.location));
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      admin_consent: 'True',
      tenant: practice.tid,
      scope: 'https://outlook.office.com/IMAP.AccessAsUser.All',
      state: '12345',
    });
    assert.equal((await client.signIn(ACCOUNT)).status, 200);
    assert.equal((await client.get(path.replace(practice.tid, 'common'))).status, 400);
  });
});
