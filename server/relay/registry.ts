/**
 * What the listener knows without asking the database for each message: devices, sender and which mailboxes Platen
 * reads. Read again when something was changed on this node, and every second for what other nodes changed.
 */
import { findReadMailbox, getNetworkSettings } from '../connections/connections.ts';
import type { DiskState } from '../spool/spool.ts';
import type { Context, Db } from '../store/database.ts';
import { type Device, type Range, readDevice, readRange } from './devices.ts';
import { DEFAULT_DEVICE_LIMITS, relayLimits } from './limits.ts';
import { type Reason, Refusal } from './message/refusal.ts';

export type KnownDevice = Device & {
  readonly ranges: readonly Range[];
  readonly passwordHash: string | undefined;
  /** Messages of today, as far as they are counted. */
  messagesToday: number;
  /** Recipients of today, as far as they are counted. */
  recipientsToday: number;
};

/** What goes on in this process: one per database handle, which is one per process outside tests. */
export type RelayState = {
  /** Grows when a device was changed here. */
  version: number;
  address: { readonly host: string; readonly port: number } | undefined;
  sessions: number;
  accepted: number;
  readonly refused: Map<Reason, number>;
  disk: DiskState;
};

const states = new WeakMap<Db, RelayState>();

export function stateOf(context: Context): RelayState {
  const known = states.get(context.db);
  if (known !== undefined) return known;
  const fresh: RelayState = {
    version: 0,
    address: undefined,
    sessions: 0,
    accepted: 0,
    refused: new Map(),
    disk: 'plenty',
  };
  states.set(context.db, fresh);
  return fresh;
}

/** The day that the daily limits count, in UTC. */
export function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

export class Snapshot {
  readonly #context: Context;
  readonly #devices: readonly KnownDevice[];
  readonly #ranges: readonly { readonly range: Range; readonly device: KnownDevice }[];
  readonly #byAddress = new Map<string, KnownDevice | undefined>();
  readonly #readHere = new Map<string, boolean | Promise<boolean>>();
  /** The sender e-mail of the network settings. */
  readonly senderEmail: string | undefined;

  constructor(context: Context, devices: readonly KnownDevice[], senderEmail: string | undefined) {
    this.#context = context;
    this.#devices = devices;
    this.senderEmail = senderEmail;
    this.#ranges = devices
      .filter((device) => device.passwordHash === undefined)
      .flatMap((device) => device.ranges.map((range) => ({ range, device })))
      .sort((left, right) => right.range.prefix - left.range.prefix);
  }

  get devices(): readonly KnownDevice[] {
    return this.#devices;
  }

  /** The device that is known by this address alone; of several the one whose range is the narrowest. */
  findByAddress(address: string): KnownDevice | undefined {
    if (this.#byAddress.has(address)) return this.#byAddress.get(address);
    const found = this.#ranges.find(({ range }) => range.contains(address))?.device;
    this.#byAddress.set(address, found);
    return found;
  }

  /** A device that has this address, whether it has to sign in as well or not. */
  findAt(address: string): KnownDevice | undefined {
    return (
      this.findByAddress(address) ?? this.#devices.find(({ ranges }) => ranges.some((one) => one.contains(address)))
    );
  }

  findById(id: string): KnownDevice | undefined {
    return this.#devices.find((device) => device.id === id);
  }

  /** The device with this credential; one that has addresses too must come from there. */
  findByUsername(username: string, address: string): KnownDevice | undefined {
    const device = this.#devices.find((one) => one.username === username.toLowerCase());
    if (device === undefined || device.ranges.length === 0) return device;
    return device.ranges.some((range) => range.contains(address)) ? device : undefined;
  }

  /** Whether a password may come without TLS from this address. */
  allowsPlainAuthFrom(address: string): boolean {
    return this.#devices.some(
      ({ allowsPlainAuth, passwordHash, ranges }) =>
        allowsPlainAuth &&
        passwordHash !== undefined &&
        (ranges.length === 0 || ranges.some((range) => range.contains(address))),
    );
  }

  /** Whether Platen reads the mailbox of this address: a message to it would come back in. */
  isReadHere(address: string): boolean | Promise<boolean> {
    const key = address.toLowerCase();
    const known = this.#readHere.get(key);
    if (known !== undefined) return known;
    const asked = findReadMailbox(this.#context, key).then((mailbox) => {
      this.#readHere.set(key, mailbox !== undefined);
      return mailbox !== undefined;
    });
    this.#readHere.set(key, asked);
    return asked;
  }
}

export class Registry {
  readonly #context: Context;
  #known: { readonly snapshot: Snapshot; readonly version: number; readonly atMs: number } | undefined;
  #reading: Promise<Snapshot> | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  /** What is known, unless it may be out of date. */
  known(): Snapshot | undefined {
    const known = this.#known;
    if (known === undefined || known.version !== stateOf(this.#context).version) return undefined;
    return this.#context.clock.monotonicMs() - known.atMs < relayLimits.snapshotMs ? known.snapshot : undefined;
  }

  /** Reads all again. Throws a `Refusal` that asks the device to come again when the database does not answer. */
  async read(): Promise<Snapshot> {
    const { version } = stateOf(this.#context);
    const atMs = this.#context.clock.monotonicMs();
    const reading = this.#reading ?? readSnapshot(this.#context);
    this.#reading = reading;
    try {
      const snapshot = await reading;
      this.#known = { snapshot, version, atMs };
      return snapshot;
    } catch (cause) {
      throw new Refusal('not-kept', cause);
    } finally {
      if (this.#reading === reading) this.#reading = undefined;
    }
  }
}

async function readSnapshot(context: Context): Promise<Snapshot> {
  const [rows, days, network] = await Promise.all([
    context.db.selectFrom('devices').selectAll().where('enabled', '=', true).orderBy('id').execute(),
    context.db.selectFrom('device_days').selectAll().where('day', '=', dayOf(context.clock.now())).execute(),
    getNetworkSettings(context),
  ]);
  const today = new Map(days.map((day) => [day.device_id, day]));
  const devices = rows.map((row) => ({
    ...readDevice(row),
    ranges: row.addresses.map(readRange),
    passwordHash: row.password_hash ?? undefined,
    messagesToday: today.get(row.id)?.messages ?? 0,
    recipientsToday: today.get(row.id)?.recipients ?? 0,
  }));
  return new Snapshot(context, devices, network.senderEmail);
}

/** The size that is told to whoever is not known yet. */
export const STRANGERS_MAX_BYTES = DEFAULT_DEVICE_LIMITS.maxMessageBytes;
