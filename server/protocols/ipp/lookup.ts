/** Names of servers that people typed: resolved once, for the connection that is being made. */
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isBlockedAddress } from './target.ts';

/** Leaves out the addresses that must not be connected to; with none left the connection fails with what `refused` makes. */
export function permittedLookup(refused: (host: string) => Error, resolve = lookup): LookupFunction {
  return (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, '');
      const permitted = found.filter(({ address }) => !isBlockedAddress(address));
      const [first] = permitted;
      if (first === undefined) return done(refused(host), '');
      if (options.all === true) done(null, permitted);
      else done(null, first.address, first.family);
    });
  };
}
