/** Devices as the screens see them, and how a form becomes what the server takes. */
import { queryOptions } from '@tanstack/react-query';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';

export type Device = paths['/devices']['get']['responses'][200]['content']['application/json']['items'][number];
export type Relay = paths['/relay']['get']['responses'][200]['content']['application/json'];
type DeviceBody = paths['/devices']['post']['requestBody']['content']['application/json'];

export const DEVICES_KEY = ['devices'] as const;
export const LIMITS = [
  'messagesPerMinute',
  'messagesPerDay',
  'recipientsPerDay',
  'maxRecipients',
  'maxSessions',
] as const;
const MIB = 1024 * 1024;

export const relayQuery = queryOptions({ queryKey: ['relay'], queryFn: () => need(api.GET('/relay')) });

export type Values = Record<(typeof LIMITS)[number] | 'megabytes', number | ''> & {
  name: string;
  addresses: string;
  known: 'address' | 'password' | 'both';
  username: string;
  makesPassword: boolean;
  allowsPlainAuth: boolean;
  allowedDomains: string;
  sender: string;
  displayName: string;
  ownAddress: 'reply-to' | 'display-name' | 'nowhere';
  normalisesBareLf: boolean;
  enabled: boolean;
};

export const NEW: Values = {
  name: '',
  addresses: '',
  known: 'address',
  username: '',
  makesPassword: true,
  allowsPlainAuth: false,
  allowedDomains: '',
  sender: '',
  displayName: '',
  ownAddress: 'reply-to',
  normalisesBareLf: false,
  enabled: true,
  messagesPerMinute: '',
  messagesPerDay: '',
  recipientsPerDay: '',
  maxRecipients: '',
  maxSessions: '',
  megabytes: '',
};

export function valuesOf(device: Device): Values {
  const { limits, senderMap, username, addresses } = device;
  return {
    ...NEW,
    name: device.name,
    addresses: addresses.join('\n'),
    known: username === null ? 'address' : addresses.length === 0 ? 'password' : 'both',
    username: username ?? '',
    makesPassword: false,
    allowsPlainAuth: device.allowsPlainAuth,
    allowedDomains: device.allowedDomains.join('\n'),
    sender: senderMap.sender ?? '',
    displayName: senderMap.displayName ?? '',
    ownAddress: senderMap.ownAddress,
    normalisesBareLf: device.normalisesBareLf,
    enabled: device.enabled,
    messagesPerMinute: limits.messagesPerMinute,
    messagesPerDay: limits.messagesPerDay,
    recipientsPerDay: limits.recipientsPerDay,
    maxRecipients: limits.maxRecipients,
    maxSessions: limits.maxSessions,
    megabytes: Math.round((limits.maxMessageBytes / MIB) * 10) / 10,
  };
}

const words = (text: string) => text.split(/[\s,;]+/).filter((word) => word !== '');
const orNull = (text: string) => (text.trim() === '' ? null : text.trim());

export function bodyOf(values: Values, kept?: Device): DeviceBody {
  const { known, megabytes } = values;
  const limits = Object.fromEntries(
    LIMITS.filter((one) => values[one] !== '').map((one) => [one, Number(values[one])]),
  );
  const keptMegabytes = kept === undefined ? '' : valuesOf(kept).megabytes;
  if (megabytes !== '' && megabytes !== keptMegabytes) limits.maxMessageBytes = Math.floor(Number(megabytes) * MIB);
  const isSame = kept?.username === values.username.trim() && !values.makesPassword;
  return {
    name: values.name.trim(),
    addresses: known === 'password' ? [] : words(values.addresses),
    // A credential that is left out stays as it is; without a password in it the server makes one and shows it once.
    ...(known === 'address'
      ? { credential: null }
      : isSame
        ? {}
        : { credential: { username: values.username.trim() } }),
    allowsPlainAuth: values.allowsPlainAuth,
    limits,
    allowedDomains: words(values.allowedDomains),
    senderMap: {
      sender: orNull(values.sender),
      displayName: orNull(values.displayName),
      ownAddress: values.ownAddress,
    },
    normalisesBareLf: values.normalisesBareLf,
    enabled: values.enabled,
  };
}
