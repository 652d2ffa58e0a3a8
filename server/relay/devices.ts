/**
 * Devices: who may relay, from where, as whom and to whom. A device is known by its addresses, by its credential, or,
 * when it has both, by the two together.
 */
import { BlockList, isIP } from 'node:net';
import type { Selectable } from 'kysely';
import { PlatenError } from '../base/errors.ts';
import type { Schema } from '../store/schema.ts';
import { DEFAULT_DEVICE_LIMITS } from './limits.ts';
import type { OwnAddressPlace } from './message/rewrite.ts';

export type DeviceLimits = { readonly [name in keyof typeof DEFAULT_DEVICE_LIMITS]: number };

export type SenderMap = {
  /** The sender of this device's mail; without one it is the sender e-mail of the network settings. */
  readonly sender?: string;
  /** The display name of From; without one it is the name that the device gives itself. */
  readonly displayName?: string;
  readonly ownAddress: OwnAddressPlace;
};

export type Device = {
  readonly id: string;
  readonly name: string;
  /** Addresses and ranges, such as 192.0.2.7 and 2001:db8::/64. */
  readonly addresses: readonly string[];
  readonly username: string | undefined;
  readonly allowsPlainAuth: boolean;
  readonly limits: DeviceLimits;
  /** Domains that it may send to; none means the domain of its sender, `*` means every domain. */
  readonly allowedDomains: readonly string[];
  readonly senderMap: SenderMap;
  readonly normalisesBareLf: boolean;
  readonly isEnabled: boolean;
  readonly createdAt: Date;
};

export type DeviceRow = Selectable<Schema['devices']>;

export function readDevice(row: DeviceRow): Device {
  return {
    id: row.id,
    name: row.name,
    addresses: row.addresses,
    username: row.username ?? undefined,
    allowsPlainAuth: row.allows_plain_auth,
    limits: limitsOf(row.limits as Partial<DeviceLimits>),
    allowedDomains: row.allowed_domains,
    senderMap: { ownAddress: 'reply-to', ...(row.sender_map as Partial<SenderMap>) },
    normalisesBareLf: row.normalises_bare_lf,
    isEnabled: row.enabled,
    createdAt: row.created_at,
  };
}

/** Who may hand in more messages a day than the usual number of recipients may send each to one recipient at least. */
function limitsOf(set: Partial<DeviceLimits>): DeviceLimits {
  const limits = { ...DEFAULT_DEVICE_LIMITS, ...set };
  const recipientsPerDay = set.recipientsPerDay ?? Math.max(limits.recipientsPerDay, limits.messagesPerDay);
  return { ...limits, recipientsPerDay };
}

// A shorter prefix is no range of a company's own any more: it would make the relay open.
const MIN_PREFIX = { ipv4: 8, ipv6: 7 } as const;

type Family = keyof typeof MIN_PREFIX;

export type Range = {
  readonly text: string;
  /** The length of the prefix, counted as in IPv6. */
  readonly prefix: number;
  readonly base: string;
  contains(address: string): boolean;
};

/** Reads an address or a range. Throws `invalid-request` for what is none, or one that is too wide. */
export function readRange(text: string): Range {
  const wrong = (why: string) => new PlatenError('invalid-request', `${text} ${why}`);
  const [, base = '', digits] = /^([0-9A-Fa-f:.]{2,45})(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = familyOf(base);
  if (family === undefined) throw wrong('is not an address or a range of addresses');
  const bits = family === 'ipv4' ? 32 : 128;
  const prefix = digits === undefined ? bits : Number(digits);
  if (prefix > bits) throw wrong('has too long a prefix');
  if (prefix < MIN_PREFIX[family]) throw wrong('is too wide a range');
  const list = new BlockList();
  list.addSubnet(base, prefix, family);
  return {
    text,
    prefix: prefix + (128 - bits),
    base,
    contains: (address) => {
      // The interface of a link-local address is no part of it.
      const [plain = ''] = address.split('%', 1);
      return familyOf(plain) === family && list.check(plain, family);
    },
  };
}

export function isSameRange(left: Range, right: Range): boolean {
  return left.prefix === right.prefix && left.contains(right.base);
}

function familyOf(address: string): Family | undefined {
  return ({ 4: 'ipv4', 6: 'ipv6' } as const)[isIP(address) as 4 | 6];
}

/** The domain behind the last `@`, in lower case. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

export function mayMailTo(device: Device, recipient: string, sender: string): boolean {
  const domains = device.allowedDomains.length === 0 ? [domainOf(sender)] : device.allowedDomains;
  return domains.includes('*') || domains.includes(domainOf(recipient));
}
