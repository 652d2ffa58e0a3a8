/** From announcements, which anybody on the network can write, to printers that can be added. */
import { BlockList, isIP } from 'node:net';
import type { Announcement } from '../../protocols/dns-sd/browse.ts';
import { cleanText } from '../../protocols/ipp/attributes.ts';
import { IppTargetError, isBlockedAddress, parsePrinterUri } from '../../protocols/ipp/target.ts';
import { MAX_FOUND, MAX_FOUND_NAME, MAX_FOUND_TEXT, MAX_RESOURCE_PATH } from './limits.ts';

export const IPPS_SERVICE = '_ipps._tcp.local';
export const IPP_SERVICE = '_ipp._tcp.local';

/** A printer that announces itself. Its words are its own: nothing was asked of it yet. */
export type FoundPrinter = {
  readonly name: string;
  readonly makeModel: string | null; // ty
  readonly location: string | null; // note
  readonly uri: string;
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly isAdded: boolean;
};

export type FoundRules = {
  readonly addedUris: readonly string[];
  /** Only where the search itself is directed at this machine. */
  readonly allowsLoopback: boolean;
};

/** RFC 1918 and RFC 4193: addresses of one's own network. Others may be printers too, but must be typed. */
const ownIpv4 = new BlockList();
ownIpv4.addSubnet('10.0.0.0', 8, 'ipv4');
ownIpv4.addSubnet('172.16.0.0', 12, 'ipv4');
ownIpv4.addSubnet('192.168.0.0', 16, 'ipv4');
// A list of its own: one with both would take IPv4 that is dressed up as IPv6.
const ownIpv6 = new BlockList();
ownIpv6.addSubnet('fc00::', 7, 'ipv6');
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');

const UUID = /^(?:urn:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
const RESOURCE_PATH = /^[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/;

type Candidate = Omit<FoundPrinter, 'isAdded'> & { readonly key: string; readonly places: readonly string[] };

/** The printers to choose from, by name; with TLS where a printer offers both. `isCut` when there are more. */
export function findPrintersIn(
  announcements: readonly Announcement[],
  rules: FoundRules,
): { readonly items: readonly FoundPrinter[]; readonly isCut: boolean } {
  const added = new Set(rules.addedUris.map(placeOf));
  const chosen = new Map<string, Candidate>();
  const places = new Map<string, readonly string[]>();
  for (const announcement of announcements) {
    const candidate = candidateOf(announcement, rules);
    if (candidate === undefined) continue;
    const { key } = candidate;
    places.set(key, [...(places.get(key) ?? []), ...candidate.places]);
    const known = chosen.get(key);
    if (known === undefined || (candidate.isSecure && !known.isSecure)) chosen.set(key, candidate);
  }
  const items = [...chosen.values()].map(({ key, places: _, ...found }): FoundPrinter => {
    return { ...found, isAdded: (places.get(key) ?? []).some((place) => added.has(place)) };
  });
  const sorted = items.sort((left, right) => left.name.localeCompare(right.name) || compare(left.uri, right.uri));
  return { items: sorted.slice(0, MAX_FOUND), isCut: sorted.length > MAX_FOUND };
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function candidateOf(announcement: Announcement, rules: FoundRules): Candidate | undefined {
  const { service, instance, port, text, host: hostName } = announcement;
  const name = shorten(cleanText(instance), MAX_FOUND_NAME);
  const path = readPath(text.get('rp'));
  const addresses = announcement.addresses.filter((address) => isAllowed(address, rules));
  const address = addresses.find((each) => isIP(each) === 4) ?? addresses[0];
  if (name === '' || path === undefined || address === undefined) return undefined;
  const isSecure = service === IPPS_SERVICE;
  const uri = writeUri(isSecure ? 'ipps' : 'ipp', { address, port, path });
  if (uri === undefined) return undefined;
  const uuid = UUID.exec(text.get('uuid') ?? '')?.[1];
  return {
    name,
    makeModel: words(text.get('ty')) ?? words(text.get('product')?.replace(/^\((.*)\)$/, '$1')),
    location: words(text.get('note')),
    uri,
    host: address,
    port,
    isSecure,
    // With the address, so that a liar cannot take the place of a printer by bearing its UUID or its name.
    key: `${(uuid ?? name).toLowerCase()} ${address}`,
    places: [...addresses, hostName].map((host) => `${host} ${port} /${path}`),
  };
}

function isAllowed(address: string, rules: FoundRules): boolean {
  const family = isIP(address);
  if (family === 0 || isBlockedAddress(address)) return false;
  if (family === 6) return ownIpv6.check(address, 'ipv6');
  return ownIpv4.check(address) || (rules.allowsLoopback && loopback.check(address));
}

/** `rp`, the path at which the printer is asked; ipp/print of IPP Everywhere where it says none. */
function readPath(announced: string | undefined): string | undefined {
  const path = (announced ?? 'ipp/print').replace(/^\//, '');
  if (path === '') return path;
  return path.length <= MAX_RESOURCE_PATH && RESOURCE_PATH.test(path) ? path : undefined;
}

function writeUri(
  scheme: 'ipp' | 'ipps',
  { address, port, path }: { readonly address: string; readonly port: number; readonly path: string },
): string | undefined {
  const host = isIP(address) === 6 ? `[${address}]` : address;
  try {
    return parsePrinterUri(`${scheme}://${host}${port === 631 ? '' : `:${port}`}/${path}`).uri;
  } catch (error) {
    if (!(error instanceof IppTargetError)) throw error;
    return undefined;
  }
}

/** Where a printer that was added stands, with TLS or without. */
function placeOf(uri: string): string {
  const { host, port, path } = parsePrinterUri(uri);
  return `${host.toLowerCase()} ${port} ${path}`;
}

function words(announced: string | undefined): string | null {
  return shorten(cleanText(announced ?? ''), MAX_FOUND_TEXT) || null;
}

function shorten(text: string, maxCharacters: number): string {
  return text.length <= maxCharacters ? text : [...text].slice(0, maxCharacters).join('').trim();
}
