import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from '@node-rs/argon2';
import {
  ARGON2,
  assertStrongPassword,
  hashPassword,
  isPasswordOf,
  MIN_PASSWORD_CHARS,
  NOBODYS_HASH,
} from './passwords.ts';

const EMAIL = 'lovelace@contoso.example';

test('a password belongs to its hash and no other does', async () => {
  const hash = await hashPassword('seven quiet harbour lanterns');
  assert.match(hash, /^\$argon2id\$v=19\$m=32768,t=3,p=1\$/);
  assert.equal(await isPasswordOf(hash, 'seven quiet harbour lanterns'), true);
  assert.equal(await isPasswordOf(hash, 'seven quiet harbour lantern'), false);
  assert.notEqual(await hashPassword('seven quiet harbour lanterns'), hash);
});

test('without a hash no password is right', async () => {
  assert.equal(await isPasswordOf(undefined, 'seven quiet harbour lanterns'), false);
});

test('the hash for unknown names costs the same as a real one', async () => {
  const real = parseOptions(await hashPassword('seven quiet harbour lanterns'));
  assert.deepEqual(parseOptions(NOBODYS_HASH), real);
  assert.equal(real.memoryCost, ARGON2.memoryCost);
});

test('the same password typed in two Unicode forms is one password', async () => {
  const hash = await hashPassword('perch\u00e9 sette lanterne');
  assert.equal(await isPasswordOf(hash, 'perche\u0301 sette lanterne'), true);
});

test('a password is accepted from the least length on', () => {
  const least = 'abcdefghijklmnop'.slice(0, MIN_PASSWORD_CHARS);
  assertStrongPassword(least, EMAIL);
  assert.throws(() => assertStrongPassword(least.slice(1), EMAIL), { code: 'password-too-weak' });
});

test('a password is counted in characters that people see as one', () => {
  assert.throws(() => assertStrongPassword('😀😃😄😁😆😅', EMAIL), { code: 'password-too-weak' });
});

test('repetition and the own address are no passwords', () => {
  for (const password of ['aaaaaaaaaaaaaaaa', 'abababababababab', EMAIL, EMAIL.toUpperCase(), 'lovelace12345!']) {
    assert.throws(() => assertStrongPassword(password, EMAIL), { code: 'password-too-weak' }, password);
  }
});

test('hashes beyond what may wait are refused at once, and the others are all made', async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 80 }, () => isPasswordOf(undefined, 'seven quiet harbour lanterns')),
  );
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  assert.equal(refused.length, 80 - 66);
  for (const { reason } of refused) assert.equal(reason.code, 'too-many-requests');
  assert.equal(await isPasswordOf(undefined, 'seven quiet harbour lanterns'), false);
});
