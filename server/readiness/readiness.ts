/**
 * What is not ready for the end of December 2026, when Exchange Online switches off signing in to send mail with a
 * password by default, and what still speaks plain SMTP to Platen. It reads the settings of the other rooms, asks nobody
 * outside, and changes nothing.
 */
import { getNetworkSettings } from '../connections/connections.ts';
import { listMailboxes } from '../intake/intake.ts';
import { getAlarmSettings } from '../notices/notices.ts';
import { listDevices } from '../relay/relay.ts';
import type { Context } from '../store/database.ts';

/** From then on Exchange Online refuses passwords for sending, unless an administrator switches them on again. */
export const PASSWORDS_END_ON = '2026-12-31';

export type ReadinessKind =
  /** A password at Microsoft for sending: it stops working on that day. */
  | 'outgoing-password'
  | 'alarm-password'
  /** A password at Microsoft for reading: it has stopped working years ago. */
  | 'mailbox-password'
  /** A device that may send its password to Platen where everybody on the way can read it. */
  | 'device-plain-password'
  /** A device that is known by its address alone; it needs no password, and nobody else may have that address. */
  | 'device-by-address';

export type ReadinessItem = {
  readonly kind: ReadinessKind;
  readonly urgency: 'now' | 'by-the-end-of-2026' | 'when-you-can';
  /** What it is about, as people called it. */
  readonly name: string;
  readonly host?: string;
  readonly subjectId?: string;
};

const MOST_DEVICES = 1000;
/** Mail hosts of Microsoft 365 and Outlook in all its clouds; an own connector takes no password and is not meant. */
const MICROSOFT = /(^|\.)(office365\.com|office\.com|outlook\.com|office365\.us|outlook\.cn|hotmail\.com|live\.com)$/i;
const CONNECTOR = /\.mail\.protection\.(outlook|partner\.outlook)\.(com|cn)$/i;

/** True for a server at which Microsoft decides about passwords. */
export function isMicrosoftHost(host: string): boolean {
  const name = host.replace(/\.$/, '');
  return MICROSOFT.test(name) && !CONNECTOR.test(name);
}

/** Reads everything that needs a person before that day, the most urgent first. */
export async function readReadiness(context: Context): Promise<ReadinessItem[]> {
  const items = [
    ...(await outgoingItems(context)),
    ...(await mailboxItems(context)),
    ...(await alarmItems(context)),
    ...(await deviceItems(context)),
  ];
  const order = ['now', 'by-the-end-of-2026', 'when-you-can'];
  return items.sort((a, b) => order.indexOf(a.urgency) - order.indexOf(b.urgency));
}

async function outgoingItems(context: Context): Promise<ReadinessItem[]> {
  const { outgoing } = await getNetworkSettings(context);
  if (outgoing?.kind !== 'classic' || outgoing.server.username === null) return [];
  const { host } = outgoing.server;
  if (!isMicrosoftHost(host)) return [];
  return [{ kind: 'outgoing-password', urgency: 'by-the-end-of-2026', name: host, host }];
}

async function mailboxItems(context: Context): Promise<ReadinessItem[]> {
  const mailboxes = await listMailboxes(context);
  return mailboxes.flatMap(({ id, title, server }) =>
    server !== undefined && isMicrosoftHost(server.host)
      ? [{ kind: 'mailbox-password', urgency: 'now', name: title, host: server.host, subjectId: id } as const]
      : [],
  );
}

async function alarmItems(context: Context): Promise<ReadinessItem[]> {
  const { server } = await getAlarmSettings(context);
  if (server === undefined || !server.hasPassword || !isMicrosoftHost(server.host)) return [];
  return [{ kind: 'alarm-password', urgency: 'by-the-end-of-2026', name: server.host, host: server.host }];
}

async function deviceItems(context: Context): Promise<ReadinessItem[]> {
  const devices = await listDevices(context, { limit: MOST_DEVICES });
  return devices.flatMap(({ id, name, username, allowsPlainAuth, isEnabled }): ReadinessItem[] => {
    const about = { name, subjectId: id, urgency: 'when-you-can' } as const;
    if (!isEnabled) return [];
    if (username === undefined) return [{ ...about, kind: 'device-by-address' }];
    return allowsPlainAuth ? [{ ...about, kind: 'device-plain-password' }] : [];
  });
}
