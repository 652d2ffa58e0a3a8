import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountBucket, addressBuckets } from './attempts.ts';

const names = (address: string) => addressBuckets(address).map(({ name }) => name);

test('an address counts for itself and for its network', () => {
  assert.deepEqual(names('203.0.113.7'), ['address:203.0.113.7', 'prefix:203.0.113']);
  assert.deepEqual(names('::ffff:203.0.113.7'), ['address:203.0.113.7', 'prefix:203.0.113']);
});

test('a subscriber of IPv6 counts as one, however many addresses there are', () => {
  const expected = ['address:2001:db8:0:7', 'prefix:2001:db8:0'];
  assert.deepEqual(names('2001:db8:0:7::1'), expected);
  assert.deepEqual(names('2001:DB8:0:7:aaaa:bbbb:cccc:dddd'), expected);
  assert.deepEqual(names('fe80::1%eth0'), ['address:fe80:0:0:0', 'prefix:fe80:0:0']);
});

test('the addresses of this machine are not counted', () => {
  for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1']) assert.deepEqual(names(address), []);
});

test('what somebody typed as a name is not kept', () => {
  assert.doesNotMatch(accountBucket('my secret@contoso.example').name, /secret/);
});
