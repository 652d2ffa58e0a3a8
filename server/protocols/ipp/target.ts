import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { ippLimits } from '../limits.ts';

/** Where a printer listens, read from its URI (RFC 8010 section 4, RFC 7472). */
export interface IppTarget {
  /** As it goes into printer-uri: scheme, host, port if it was given, path. */
  readonly uri: string;
  readonly security: 'none' | 'tls';
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Path and query, the request target of the POST. */
  readonly path: string;
}

export interface IppAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Says why a URI or the address behind it is not connected to. */
export class IppTargetError extends Error {
  readonly reason: 'invalid-uri' | 'scheme' | 'unknown-host' | 'blocked-address';

  constructor(reason: IppTargetError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'IppTargetError';
    this.reason = reason;
  }
}

const IPP_PORT = 631;

/**
 * Reads a printer URI; only `ipp:` and `ipps:` are known.
 * Throws IppTargetError for another scheme, credentials, a fragment, or what is no URI.
 */
export function parsePrinterUri(input: string): IppTarget {
  if (Buffer.byteLength(input) > ippLimits.maxUriBytes)
    throw new IppTargetError('invalid-uri', 'the address is too long');
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(input)?.[1]?.toLowerCase();
  if (scheme !== 'ipp' && scheme !== 'ipps') {
    throw new IppTargetError('scheme', 'a printer address begins with ipp:// or ipps://');
  }
  if (!/^ipps?:\/\/[^/\\]/i.test(input) || /[\s\\\p{Cc}]/u.test(input)) {
    throw new IppTargetError('invalid-uri', 'the address cannot be read');
  }
  const { hostname, port, pathname, search } = readUrl(input);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const authority = port === '' ? hostname : `${hostname}:${port}`;
  return {
    uri: `${scheme}://${authority}${pathname}${search}`,
    security: scheme === 'ipps' ? 'tls' : 'none',
    host,
    port: port === '' ? IPP_PORT : Number(port),
    path: `${pathname}${search}`,
  };
}

/**
 * The host is read as part of an http URL, because the URL standard brings numbers in hexadecimal, percent signs and
 * capitals into one form only there; the port as part of the ipp URL, because http would drop an explicit 80.
 */
function readUrl(input: string): { hostname: string; port: string; pathname: string; search: string } {
  let http: URL;
  let port: string;
  try {
    http = new URL(input.replace(/^ipps?:/i, 'http:'));
    port = new URL(input).port;
  } catch (cause) {
    throw new IppTargetError('invalid-uri', 'the address cannot be read', { cause });
  }
  if (http.username !== '' || http.password !== '' || http.hash !== '' || http.hostname === '' || port === '0') {
    throw new IppTargetError('invalid-uri', 'the address has a part that a printer address cannot have');
  }
  return { hostname: http.hostname, port, pathname: http.pathname, search: http.search };
}

/** Addresses at which no printer stands but something that must not be asked by a server: metadata, link-local, groups. */
const blocked = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['192.0.0.192', 32],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  blocked.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::', 32],
  ['fd20:ce::', 32],
] as const) {
  blocked.addSubnet(network, prefix, 'ipv6');
}

/** Prefixes that carry an IPv4 address: mapped, NAT64 (RFC 6052) and, with its own place for it, 6to4. */
const EMBEDDED_AT_END = [/^0:0:0:0:0:ffff:([0-9a-f]+):([0-9a-f]+)$/, /^64:ff9b:0:0:0:0:([0-9a-f]+):([0-9a-f]+)$/];
const EMBEDDED_AFTER_2002 = /^2002:([0-9a-f]+):([0-9a-f]+):/;

/** Tells whether an address may be connected to without being allowed by name. Loopback may: a print server can be local. */
export function isBlockedAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return true;
  if (family === 4) return blocked.check(address, 'ipv4');
  const [bare = address] = address.split('%');
  const inner = findEmbeddedIpv4(bare);
  return blocked.check(bare, 'ipv6') || (inner !== undefined && blocked.check(inner, 'ipv4'));
}

function findEmbeddedIpv4(address: string): string | undefined {
  const groups = expandIpv6(address);
  const match =
    EMBEDDED_AT_END.map((pattern) => pattern.exec(groups)).find((found) => found) ?? EMBEDDED_AFTER_2002.exec(groups);
  if (!match) return undefined;
  const [high, low] = [Number.parseInt(match[1] ?? '0', 16), Number.parseInt(match[2] ?? '0', 16)];
  return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
}

/** Writes all eight groups without leading zeros. */
function expandIpv6(address: string): string {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const plain = dotted
    ? `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
    : address;
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...right];
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':');
}

/** Asks the system's resolver for all addresses of a host. */
export type ResolveHost = (host: string) => Promise<readonly IppAddress[]>;

const resolveBySystem: ResolveHost = async (host) => {
  const found = await lookup(host, { all: true, verbatim: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
};

/**
 * Resolves the host of a target once. The caller connects to exactly these addresses and asks no resolver again, so
 * that a second answer cannot lead elsewhere. Blocked addresses fall away unless `allowAddress` takes them.
 * Throws IppTargetError when no address is found or none is left.
 */
export async function resolveTarget(
  target: IppTarget,
  rules: { allowAddress?: (address: string) => boolean; resolve?: ResolveHost } = {},
): Promise<readonly IppAddress[]> {
  const addresses = await findAddresses(target.host, rules.resolve ?? resolveBySystem);
  const permitted = addresses.filter(
    ({ address }) => isIP(address) !== 0 && (!isBlockedAddress(address) || rules.allowAddress?.(address) === true),
  );
  if (addresses.length === 0) throw new IppTargetError('unknown-host', `no address is known for ${target.host}`);
  if (permitted.length === 0) {
    throw new IppTargetError('blocked-address', `${target.host} leads to an address that printers do not have`);
  }
  return permitted;
}

async function findAddresses(host: string, resolve: ResolveHost): Promise<readonly IppAddress[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family: family === 6 ? 6 : 4 }];
  try {
    return await resolve(host);
  } catch (cause) {
    throw new IppTargetError('unknown-host', `no address is known for ${host}`, { cause });
  }
}
