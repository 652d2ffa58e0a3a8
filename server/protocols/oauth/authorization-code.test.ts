import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { OAUTH_MAX_PASTE_CHARACTERS, OAUTH_MAX_TOKEN_CHARACTERS } from '../limits.ts';
import { authorizationUrl, makeLinkSecrets, readReturnedAddress } from './authorization-code.ts';

const REDIRECT = 'https://login.microsoftonline.com/common/oauth2/nativeclient';
const EXPECTED = { redirectUri: REDIRECT, state: 'the-state' };
const CODE = '1.AXkA-code_of.microsoft';
const GOOD = `${REDIRECT}?code=${CODE}&state=the-state&session_state=9d1f`;

function read(text: string) {
  return readReturnedAddress(text, EXPECTED);
}

describe('the link', () => {
  test('it asks for a code with the challenge of the verifier, and never holds the verifier', () => {
    const secrets = makeLinkSecrets();
    const url = new URL(
      authorizationUrl({
        authorizationEndpoint: 'https://login.example/t/oauth2/v2.0/authorize',
        clientId: 'c',
        redirectUri: REDIRECT,
        scopes: ['openid', 'https://outlook.office.com/SMTP.Send'],
        secrets,
        loginHint: 'print@contoso.example',
        language: 'it-IT',
      }),
    );
    const challenge = createHash('sha256').update(secrets.codeVerifier).digest('base64url');
    assert.equal(url.searchParams.get('code_challenge'), challenge);
    assert.equal(url.searchParams.get('code_challenge_method'), 'S256');
    assert.equal(url.searchParams.get('response_type'), 'code');
    assert.equal(url.searchParams.get('state'), secrets.state);
    assert.equal(url.searchParams.get('scope'), 'openid https://outlook.office.com/SMTP.Send');
    assert.equal(url.searchParams.get('login_hint'), 'print@contoso.example');
    assert.ok(!url.href.includes(secrets.codeVerifier));
  });

  test('each link has secrets of its own, of the length that RFC 7636 asks for', () => {
    const [one, other] = [makeLinkSecrets(), makeLinkSecrets()];
    assert.equal(new Set([one.state, one.codeVerifier, other.state, other.codeVerifier]).size, 4);
    assert.match(one.codeVerifier, /^[A-Za-z0-9_-]{43,128}$/);
  });
});

describe('the address that is pasted back', () => {
  const good: Readonly<Record<string, string>> = {
    'as it is': GOOD,
    'with blanks and line breaks around it': `\n  ${GOOD}\r\n`,
    'broken over two lines by a mail program': `${GOOD.slice(0, 70)}\r\n${GOOD.slice(70)}`,
    'in quotes': `“${GOOD}”`,
    'in angle brackets': `<${GOOD}>`,
    'without its scheme': GOOD.replace('https://', ''),
    'only the query': GOOD.slice(GOOD.indexOf('?')),
    'with the fragment of the browser': `${GOOD}#`,
    'in the fragment': GOOD.replace('?', '#'),
  };
  for (const [how, text] of Object.entries(good)) {
    test(`it is understood ${how}`, () => assert.deepEqual(read(text), { kind: 'code', code: CODE }));
  }

  const bad: Readonly<Record<string, readonly [string, string]>> = {
    'some words are not an address': ['I have signed in now', 'not-an-address'],
    'nothing is not an address': ['   ', 'not-an-address'],
    'another scheme is not an address': [`javascript:alert(1)//${GOOD}`, 'not-an-address'],
    'the sign-in page holds no code': [
      'https://login.microsoftonline.com/t/oauth2/v2.0/authorize?state=the-state',
      'without-code',
    ],
    'the empty page without its query holds no code': [REDIRECT, 'without-code'],
    'the code of another page is not taken': [
      GOOD.replace('login.microsoftonline.com', 'evil.example'),
      'without-code',
    ],
    'an empty code is none': [`${REDIRECT}?code=&state=the-state`, 'without-code'],
    'another state is another attempt': [GOOD.replace('the-state', 'other'), 'other-attempt'],
    'no state is another attempt': [`${REDIRECT}?code=${CODE}`, 'other-attempt'],
    'a refusal of another attempt is not believed': [`${REDIRECT}?error=access_denied`, 'other-attempt'],
  };
  for (const [claim, [text, kind]] of Object.entries(bad)) {
    test(claim, () => assert.equal(read(text).kind, kind));
  }

  test('an error in the address is understood with number and words', () => {
    const words = 'AADSTS65004: User declined to consent.\r\nTrace ID: 12-ab\r\nCorrelation ID: 1';
    const query = new URLSearchParams({ error: 'access_denied', error_description: words, state: 'the-state' });
    const returned = read(`${REDIRECT}?${query}`);
    assert.ok(returned.kind === 'refused');
    const { error, aadsts, description, traceId } = returned.refusal;
    assert.deepEqual([error, aadsts, traceId], ['access_denied', 65004, '12-ab']);
    assert.equal(description, 'AADSTS65004: User declined to consent.');
  });

  test('a code of the longest length is taken, one character more is not', () => {
    const withCode = (length: number) => read(`${REDIRECT}?code=${'a'.repeat(length)}&state=the-state`).kind;
    assert.equal(withCode(OAUTH_MAX_TOKEN_CHARACTERS), 'code');
    assert.equal(withCode(OAUTH_MAX_TOKEN_CHARACTERS + 1), 'without-code');
  });

  test('a text of the greatest length is read, what goes beyond is cut off', () => {
    const filled = (length: number) => {
      const head = `${REDIRECT}?code=${CODE}&filler=`;
      const tail = '&state=the-state';
      return read(head + 'x'.repeat(length - head.length - tail.length) + tail).kind;
    };
    assert.equal(filled(OAUTH_MAX_PASTE_CHARACTERS), 'code');
    assert.equal(filled(OAUTH_MAX_PASTE_CHARACTERS + 1), 'other-attempt');
  });

  test('no text whatever makes the reader throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl({ withQueryParameters: true })), (text) => {
        assert.notEqual(read(text).kind, 'code');
      }),
    );
  });
});
