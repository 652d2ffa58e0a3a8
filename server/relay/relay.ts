/**
 * The relay: lets known devices and applications hand us mail. It promises that what a device heard 250 for is durable
 * in the outbox, that nobody but a device is relayed for, and that a device reaches only the domains it may. It never
 * opens a message beyond its header, and never tells a stranger why.
 */
import { sql } from 'kysely';
import { isUniqueViolation, PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import { record } from '../journal/journal.ts';
import type { DiskState } from '../spool/spool.ts';
import type { Context } from '../store/database.ts';
import { transaction } from '../store/transaction.ts';
import { hashPassword, makePassword } from './credentials.ts';
import {
  type Device,
  type DeviceLimits,
  type DeviceRow,
  isSameRange,
  readDevice,
  readRange,
  type SenderMap,
} from './devices.ts';
import { isShutOut, listDeviceFaults, REPAIRED, reasonText } from './faults/faults.ts';
import { stateOf } from './registry.ts';

export type { Device };

export type DeviceChange = {
  readonly name?: string | undefined;
  readonly addresses?: readonly string[] | undefined;
  /** `null` takes it away; without a password one is made. */
  readonly credential?: { readonly username: string; readonly password?: string | undefined } | null | undefined;
  readonly allowsPlainAuth?: boolean | undefined;
  readonly limits?: { readonly [name in keyof DeviceLimits]?: number | undefined } | undefined;
  readonly allowedDomains?: readonly string[] | undefined;
  readonly senderMap?: SenderMap | undefined;
  readonly normalisesBareLf?: boolean | undefined;
  readonly isEnabled?: boolean | undefined;
};

export type NewDevice = DeviceChange & { readonly name: string };

/** A device, and its password when it is new: it is never shown again. */
export type WithPassword = { readonly device: Device; readonly password: string | undefined };

/**
 * Adds a device, known at once by this node and within a second by others. Throws `invalid-request` when it has neither
 * an address nor a credential, and `device-taken`.
 */
export async function addDevice(context: Context, asked: NewDevice, actor: string): Promise<WithPassword> {
  const id = newId();
  const { columns, password } = await columnsOf(asked);
  const row = {
    id,
    name: asked.name,
    limits: JSON.stringify({}),
    sender_map: JSON.stringify({}),
    created_at: context.clock.now(),
    ...columns,
  };
  await changing(context, asked, async (context) => {
    await context.db.insertInto('devices').values(row).execute();
    await checkDevice(context, id);
    await record(context, 'device-added', { subjectId: id, actor, data: { name: asked.name } });
  });
  return { device: await getDevice(context, id), password };
}

/** Reads one device; throws `not-found`. */
export async function getDevice(context: Context, id: string): Promise<Device> {
  return readDevice(await getRow(context, id));
}

/** Reads devices by name, those after `after`. */
export async function listDevices(
  context: Context,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<Device[]> {
  let query = context.db.selectFrom('devices').selectAll().orderBy('name').limit(limit);
  if (after !== undefined) query = query.where('name', '>', after);
  return (await query.execute()).map(readDevice);
}

/** Changes a device. Throws `not-found`, `invalid-request` and `device-taken`. Durable when it returns. */
export async function updateDevice(
  context: Context,
  id: string,
  { change, actor }: { readonly change: DeviceChange; readonly actor: string },
): Promise<WithPassword> {
  const { columns, password } = await columnsOf(change);
  await changing(context, change, async (context) => {
    const row = await getRow(context, id);
    const limits = change.limits === undefined ? {} : { limits: JSON.stringify({ ...row.limits, ...change.limits }) };
    await context.db
      .updateTable('devices')
      .set({ name: change.name ?? row.name, ...columns, ...limits })
      .where('id', '=', id)
      .execute();
    await checkDevice(context, id);
    const fields = Object.entries(change).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    await record(context, 'device-changed', { subjectId: id, actor, data: { name: change.name ?? row.name, fields } });
  });
  return { device: await getDevice(context, id), password };
}

/** Removes a device; its messages stay in the outbox. Throws `not-found`. */
export async function removeDevice(context: Context, id: string, actor: string): Promise<void> {
  await changing(context, {}, async (context) => {
    const { name } = await getRow(context, id);
    await context.db.deleteFrom('devices').where('id', '=', id).execute();
    await context.db.deleteFrom('device_faults').where('device_id', '=', id).execute();
    await record(context, 'device-removed', { subjectId: id, actor, data: { name } });
  });
}

/** Where this node listens for devices; undefined while it does not. */
export function relayAddress(context: Context): { readonly host: string; readonly port: number } | undefined {
  return stateOf(context).address;
}

export type RelayFigures = {
  readonly sessions: number;
  /** Messages since this node started. */
  readonly accepted: number;
  /** Refusals since this node started, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  readonly disk: DiskState;
};

/** Reads what this node's listener has done, for the metrics. */
export function readRelayFigures(context: Context): RelayFigures {
  const { sessions, accepted, refused, disk } = stateOf(context);
  return { sessions, accepted, refused: Object.fromEntries(refused), disk };
}

async function getRow(context: Context, id: string): Promise<DeviceRow> {
  const row = await context.db.selectFrom('devices').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new PlatenError('not-found', `there is no device ${id}`);
  return row;
}

async function columnsOf(change: DeviceChange) {
  const { credential } = change;
  const made = credential == null || credential.password !== undefined ? undefined : makePassword();
  const secret = credential?.password ?? made;
  const columns = {
    ...(change.addresses === undefined ? {} : { addresses: [...change.addresses] }),
    ...(credential === null ? { username: null, password_hash: null } : {}),
    ...(credential == null || secret === undefined
      ? {}
      : { username: credential.username.toLowerCase(), password_hash: await hashPassword(secret) }),
    ...(change.allowsPlainAuth === undefined ? {} : { allows_plain_auth: change.allowsPlainAuth }),
    ...(change.limits === undefined ? {} : { limits: JSON.stringify(change.limits) }),
    ...(change.allowedDomains === undefined
      ? {}
      : { allowed_domains: change.allowedDomains.map((domain) => domain.toLowerCase()) }),
    ...(change.senderMap === undefined ? {} : { sender_map: JSON.stringify(change.senderMap) }),
    ...(change.normalisesBareLf === undefined ? {} : { normalises_bare_lf: change.normalisesBareLf }),
    ...(change.isEnabled === undefined ? {} : { enabled: change.isEnabled }),
  };
  return { columns, password: made };
}

/** Changes devices one caller at a time, and tells the listener of this process. */
async function changing(
  context: Context,
  change: DeviceChange,
  work: (context: Context) => Promise<void>,
): Promise<void> {
  try {
    await transaction(context, async (context) => {
      // Ranges of two devices must not be the same, and no index can see that.
      await sql`LOCK TABLE devices IN SHARE ROW EXCLUSIVE MODE`.execute(context.db);
      await work(context);
    });
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    const isUsername = String((error as { constraint?: unknown }).constraint).includes('username');
    const value = (isUsername ? change.credential?.username : change.name) ?? '';
    throw taken(isUsername ? 'username' : 'name', value, value, error);
  } finally {
    stateOf(context).version += 1;
  }
}

function taken(what: 'name' | 'username' | 'address', value: string, device: string, cause?: unknown): PlatenError {
  return new PlatenError('device-taken', `the ${what} ${value} belongs to another device`, {
    values: { value, device },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Throws when the device, as it stands in the transaction, could not be told from everybody or from another one. */
async function checkDevice(context: Context, id: string): Promise<void> {
  const row = await getRow(context, id);
  if (row.addresses.length === 0 && row.password_hash === null) {
    throw new PlatenError('invalid-request', 'a device needs an address or a credential, else nobody knows it');
  }
  const ranges = row.addresses.map(readRange);
  if (row.password_hash !== null) return;
  const others = await context.db
    .selectFrom('devices')
    .select(['name', 'addresses'])
    .where('id', '!=', id)
    .where('password_hash', 'is', null)
    .execute();
  for (const other of others) {
    const same = other.addresses.map(readRange).find((one) => ranges.some((range) => isSameRange(range, one)));
    if (same !== undefined) throw taken('address', same.text, other.name);
  }
}

export type DeviceTrouble = {
  /** None for an address that is no device. */
  readonly device: { readonly id: string; readonly name: string } | undefined;
  readonly address: string;
  /** As its texts are named, under `relay.refusals`. */
  readonly reason: string;
  /** What the device said; empty for nothing. */
  readonly words: string;
  readonly since: Date;
  /** It can hand in nothing until this is mended; else it was a message that was not taken. */
  readonly isShutOut: boolean;
};

/** What a person should see to: of each device what happened last, and each address that nobody knows and that tries. */
export async function listDeviceTroubles(context: Context): Promise<DeviceTrouble[]> {
  const seen = new Set<string>();
  const faults = (await listDeviceFaults(context)).filter(({ reason }) => reason !== REPAIRED);
  return faults.flatMap((fault) => {
    const { device, address, words, firstAt: since } = fault;
    const key = device?.id ?? address;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ device, address, reason: reasonText(fault), words, since, isShutOut: isShutOut(fault) }];
  });
}
