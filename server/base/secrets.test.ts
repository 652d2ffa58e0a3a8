import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PlatenError } from './errors.ts';
import { isSameSecret, newId, openSecrets, secretsFromKey } from './secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'platen-key-'));
after(() => rmSync(folder, { recursive: true }));
const hasCode = (code: string) => (error: unknown) => error instanceof PlatenError && error.code === code;

test('a key file is made once, closed to others, and opens what it sealed', () => {
  const file = join(folder, 'made');
  const sealed = openSecrets(file).seal('a refresh token', 'connection_tokens/1');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(openSecrets(file).open(sealed, 'connection_tokens/1'), 'a refresh token');
});

test('a key file that the group or others may read stops the start', () => {
  const file = join(folder, 'open');
  openSecrets(file);
  for (const mode of [0o640, 0o604, 0o660, 0o644]) {
    chmodSync(file, mode);
    assert.throws(() => openSecrets(file), hasCode('key-file-unsafe'), mode.toString(8));
  }
});

test('a key file that is no key, or a link to one, stops the start and is not replaced', () => {
  const file = join(folder, 'wrong');
  writeFileSync(file, 'not a key\n', { mode: 0o600 });
  assert.throws(() => openSecrets(file), hasCode('key-file-wrong'));
  assert.equal(readFileSync(file, 'utf8'), 'not a key\n');
  openSecrets(join(folder, 'target'));
  symlinkSync(join(folder, 'target'), join(folder, 'link'));
  assert.throws(() => openSecrets(join(folder, 'link')), hasCode('key-file-wrong'));
});

test('a sealed value opens in its own row with its own key only, and not when any byte was changed', () => {
  const secrets = secretsFromKey(Buffer.alloc(32, 1));
  const other = secretsFromKey(Buffer.alloc(32, 2));
  const sealed = secrets.seal('token', 'connection_tokens/1/refresh');
  assert.throws(() => secrets.open(sealed, 'connection_tokens/2/refresh'), hasCode('sealed-value-damaged'));
  assert.throws(() => other.open(sealed, 'connection_tokens/1/refresh'), hasCode('sealed-value-damaged'));
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(
      () => secrets.open(changed, 'connection_tokens/1/refresh'),
      hasCode('sealed-value-damaged'),
      `byte ${at}`,
    );
  }
  for (let length = 0; length < sealed.length; length += 1) {
    assert.throws(
      () => secrets.open(sealed.subarray(0, length), 'connection_tokens/1/refresh'),
      hasCode('sealed-value-damaged'),
    );
  }
});

test('the same text is never sealed to the same bytes, and does not stand in them', () => {
  const secrets = secretsFromKey(Buffer.alloc(32, 1));
  const [one, two] = [secrets.seal('canary-token', 'x'), secrets.seal('canary-token', 'x')];
  assert.notDeepEqual(one, two);
  assert.ok(!one.includes('canary'));
});

test('secrets of different length are compared without an error', () => {
  assert.ok(isSameSecret('abc', 'abc'));
  assert.ok(!isSameSecret('abc', 'abcd'));
});

test('a signature holds for its text, its purpose and its key only', () => {
  const secrets = secretsFromKey(Buffer.alloc(32, 1));
  const signature = secrets.sign('text', 'purpose');
  assert.match(signature, /^[0-9a-f]{64}$/);
  assert.equal(secrets.sign('text', 'purpose'), signature);
  for (const other of [
    secrets.sign('texts', 'purpose'),
    secrets.sign('text', 'other purpose'),
    secretsFromKey(Buffer.alloc(32, 2)).sign('text', 'purpose'),
  ]) {
    assert.notEqual(other, signature);
  }
});

test('ids sort in the order in which they were made, also many in one millisecond, and none comes twice', () => {
  const ids = Array.from({ length: 20_000 }, newId);
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids.slice(0, 100))
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
