import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasText, LANGUAGES, textFor } from '../../locales/locales.ts';
import { readText } from './sources.ts';

/** Where a failure has its words: what happened, and what to do about it. */
type Words = readonly [title: string, advice: string];
const error = (code: string): Words => [`errors.${code}.title`, `errors.${code}.advice`];
const number = (aadsts: number): Words => [`aadsts.${aadsts}.meaning`, `aadsts.${aadsts}.action`];
const answer = (id: string): Words => [`answers.${id}.meaning`, `answers.${id}.action`];
/** What goes wrong with a device. */
const refusal = (reason: string): Words => [`relay.refusals.${reason}.title`, `relay.refusals.${reason}.advice`];

/** The failures that come up most, by what they are called where people look for help. */
const FREQUENT: Readonly<Record<string, Words>> = {
  'sending is off for the tenant': error('smtp-auth-off-tenant'),
  'sending is off for the mailbox': error('smtp-auth-off-mailbox'),
  'a policy refuses sending': error('smtp-refused-by-policy'),
  'the permission was not used for 90 days': number(700082),
  'the permission was revoked': number(50173),
  'the second factor is too old': number(50078),
  'the mailbox does not open': answer('imap-not-connected'),
  'no right on the shared mailbox': error('shared-mailbox-no-access'),
  'no right to send as that address': error('sender-not-allowed'),
  'public client flows are off': number(7000218),
  'nobody consented': number(65001),
  'an administrator has to approve': number(90094),
  'the token is for another service': error('token-wrong-service'),
  'security defaults block the code': number(530035),
  'a policy blocks the code': number(53003),
  'the code timed out': error('login-expired'),
  'the code was declined': error('login-declined'),
  'another account confirmed': error('wrong-account'),
  'the application is not known': number(700016),
  'the tenant does not exist': number(90002),
  'Exchange Online is too busy': error('too-busy'),
  'the limit of the day is reached': error('daily-limit'),
  'the protocol is off': error('protocol-off'),
  'the other side speaks an old TLS': refusal('tls-too-old'),
  'an unknown device wants to send': refusal('not-a-device'),
  'the message is too large': error('message-too-large'),
  'the outcome is uncertain': error('outcome-uncertain'),
  'the server cannot be reached': error('server-unreachable'),
  'no token for renewal': error('no-renewal'),
  'passwords have ended': error('password-login-ends'),
  'it is not certain that it was printed': error('outcome-unknown'),
  'the server handed out a substitute': ['intake.reasons.substitute-message', 'intake.advice.substitute-message'],
  'a device sends faulty messages': refusal('repaired'),
};

test('each of the 33 failures that come up most says what happened and what to do, in both languages', () => {
  assert.equal(Object.keys(FREQUENT).length, 33);
  const missing = Object.entries(FREQUENT).flatMap(([what, keys]) =>
    keys.flatMap((key) =>
      LANGUAGES.filter((language) => !hasText(language, key)).map((one) => `${one} ${what}: ${key}`),
    ),
  );
  assert.deepEqual(missing, []);
  // Each has words of its own.
  for (const language of LANGUAGES) {
    const titles = Object.values(FREQUENT).map(([title]) => textFor(language, title));
    assert.equal(new Set(titles).size, 33, language);
  }
  assert.match(readText('docs/performance.md'), /^\| 6 \|[^|]*\|[^|]*\| words of 33 of 33/m);
});
