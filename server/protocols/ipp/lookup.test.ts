import assert from 'node:assert/strict';
import type { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { test } from 'node:test';
import { permittedLookup } from './lookup.ts';

type Found = readonly { readonly address: string; readonly family: number }[];

const refused = (host: string) => new Error(`no way to ${host}`);

/** What a resolver would say, without a network. */
function saying(...answers: readonly Found[]): { readonly resolve: typeof lookup; readonly asked: () => number } {
  let count = 0;
  const resolve = (_host: string, _options: object, done: (error: Error | null, found: Found) => void): void => {
    done(null, answers[Math.min(count, answers.length - 1)] ?? []);
    count += 1;
  };
  return { resolve: resolve as unknown as typeof lookup, asked: () => count };
}

const ask = (asking: LookupFunction, host: string, all: boolean) =>
  new Promise((done) => asking(host, { all }, (error, found) => done(error?.message ?? found)));

test('of the addresses of a name those are left out that must not be connected to', async () => {
  const { resolve } = saying([
    { address: '169.254.169.254', family: 4 },
    { address: '::ffff:169.254.169.254', family: 6 },
    { address: '10.0.0.5', family: 4 },
  ]);
  assert.deepEqual(await ask(permittedLookup(refused, resolve), 'a.example', true), [
    { address: '10.0.0.5', family: 4 },
  ]);
  assert.equal(await ask(permittedLookup(refused, resolve), 'a.example', false), '10.0.0.5');
});

test('a name that leads nowhere else is refused, and a resolver that says something else the next time is not asked again', async () => {
  const { resolve, asked } = saying([{ address: '169.254.169.254', family: 4 }], [{ address: '10.0.0.5', family: 4 }]);
  assert.equal(await ask(permittedLookup(refused, resolve), 'a.example', true), 'no way to a.example');
  assert.equal(asked(), 1);
});

test('a number that the system takes for an address is judged like that address', async () => {
  for (const host of ['2852039166', '0xa9fea9fe', '169.16689662']) {
    assert.equal(await ask(permittedLookup(refused), host, true), `no way to ${host}`);
  }
});
