/** Where a session goes and how imapflow is set for it. */

import { isIP } from 'node:net';
import type { ImapFlowOptions } from 'imapflow';
import { permittedLookup } from '../ipp/lookup.ts';
import { isBlockedAddress } from '../ipp/target.ts';
import { imapLimits } from '../limits.ts';
import { ImapFailure } from './failure.ts';

export interface ImapTarget {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
  readonly credentials:
    | { readonly kind: 'token'; readonly username: string; readonly accessToken: string }
    | { readonly kind: 'password'; readonly username: string; readonly password: string };
  /** Certificate authorities in PEM; those of Node when not given. */
  readonly ca?: string;
}

export type SessionLog = NonNullable<ImapFlowOptions['logger']>;

/** Throws `blocked-address` for an address at which no mail server stands; names are looked at when they are resolved. */
export function assertPermitted({ host }: ImapTarget): void {
  if (isIP(host) !== 0 && isBlockedAddress(host)) throw blockedAddress(host);
}

/** Makes the options of a session. */
export function optionsOf(target: ImapTarget, logger: SessionLog): ImapFlowOptions {
  const { credentials } = target;
  return {
    host: target.host,
    port: target.port,
    secure: target.security === 'tls',
    doSTARTTLS: target.security === 'starttls',
    auth:
      credentials.kind === 'token'
        ? { user: credentials.username, accessToken: credentials.accessToken }
        : { user: credentials.username, pass: credentials.password },
    tls: { minVersion: 'TLSv1.2', lookup: lookupPermitted, ...(target.ca === undefined ? {} : { ca: target.ca }) },
    logger,
    clientInfo: { name: 'Platen' },
    // Exchange changes its behaviour under IMAP4rev2, and none of the extensions that would be enabled is needed.
    disableIMAP4rev2: true,
    disableAutoEnable: true,
    disableCompression: true,
    // Left to itself the library begins to idle 15 s after the last command; here it is asked to each time.
    disableAutoIdle: true,
    maxIdleTime: imapLimits.maxIdleMs,
    connectionTimeout: imapLimits.connectTimeoutMs,
    greetingTimeout: imapLimits.connectTimeoutMs,
    socketTimeout: 2 * imapLimits.maxIdleMs,
    maxLineLength: imapLimits.maxLineBytes,
    maxLiteralSize: imapLimits.maxLiteralBytes,
    maxResponseSize: imapLimits.maxLiteralBytes + imapLimits.maxLineBytes,
  };
}

const lookupPermitted = permittedLookup(blockedAddress);

function blockedAddress(host: string): ImapFailure {
  return new ImapFailure('blocked-address', { words: `${host} leads to an address that mail servers do not have` });
}
