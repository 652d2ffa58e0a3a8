/**
 * What goes wrong between devices and the relay, for whoever looks after them: a row for each device, or unknown
 * address, and reason, with how often and since when. What comes in between is counted in memory and written together;
 * a count that a crash takes away is no harm, the journal has the first of each minute.
 */
import { sql } from 'kysely';
import { DAY_MS } from '../../base/clock.ts';
import { PlatenError } from '../../base/errors.ts';
import { newId } from '../../base/secrets.ts';
import { record } from '../../journal/journal.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';
import { type Device, readDevice, readRange } from '../devices.ts';
import type { Repair } from '../message/compose.ts';
import { REASONS, type Reason } from '../message/refusal.ts';
import { readUse } from '../seen.ts';

export const REPAIRED = 'repaired';
export type FaultReason = Reason | typeof REPAIRED;

export const faultLimits = {
  /** Unknown addresses that are remembered: whoever scans the network must not fill the table. */
  maxStrangers: 200,
  /** Devices and addresses between two writes. */
  maxPending: 1000,
  /** How long a fault is shown after it was last seen. */
  shownMs: 7 * DAY_MS,
  /** How long an address that somebody chose to ignore stays ignored after it last tried. */
  ignoredMs: 30 * DAY_MS,
} as const;

export type FaultNote = {
  readonly deviceId: string | undefined;
  readonly address: string;
  readonly reason: FaultReason;
  /** What the device said, in its own words. */
  readonly words: string;
  readonly repairs?: readonly Repair[];
};

export type DeviceFault = {
  readonly id: string;
  readonly device: Pick<Device, 'id' | 'name'> | undefined;
  readonly address: string;
  readonly reason: FaultReason;
  readonly repairs: readonly Repair[];
  readonly words: string;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly count: number;
};

/** What an address that is no device can be told of; the rest of its refusals is noise of scanners. */
const OF_STRANGERS: readonly FaultReason[] = [
  'not-a-device',
  'wrong-credentials',
  'too-many-guesses',
  'encryption-needed',
  'tls-too-old',
  'tls-untrusted',
];
/** Over as soon as the device has handed over a message. */
const ENDS_WITH_A_MESSAGE: readonly FaultReason[] = [
  ...OF_STRANGERS,
  'too-many-sessions',
  'too-many-errors',
  'sender-missing',
  'rate',
  'day-limit',
  'day-recipients',
  'disk-full',
  'not-kept',
];

/** Whether the device can hand in nothing until this is mended. */
export function isShutOut({ reason }: Pick<DeviceFault, 'reason'>): boolean {
  return ENDS_WITH_A_MESSAGE.includes(reason);
}

/** The reason as its texts are named: a device that has to sign in and did not is no unknown one. */
export function reasonText({ reason, device }: Pick<DeviceFault, 'reason' | 'device'>): string {
  return reason === 'not-a-device' && device !== undefined ? 'not-signed-in' : reason;
}

type Pending = FaultNote & { readonly firstAt: Date; lastAt: Date; count: number; repairs: readonly Repair[] };

/** Collects the faults of this node and writes them. */
export class DeviceFaults {
  readonly #context: Context;
  #pending = new Map<string, Pending>();
  #writing: Promise<void> = Promise.resolve();

  constructor(context: Context) {
    this.#context = context;
  }

  note(fault: FaultNote): void {
    const { deviceId, address, reason, repairs = [] } = fault;
    if (deviceId === undefined && !OF_STRANGERS.includes(reason)) return;
    const key = `${deviceId ?? address} ${reason}`;
    const now = this.#context.clock.now();
    const known = this.#pending.get(key);
    if (known === undefined && this.#pending.size >= faultLimits.maxPending) return;
    this.#pending.set(key, {
      ...fault,
      repairs: [...new Set([...(known?.repairs ?? []), ...repairs])],
      firstAt: known?.firstAt ?? now,
      lastAt: now,
      count: (known?.count ?? 0) + 1,
    });
  }

  /** Writes what was noted so far, and returns when it stands in the database or could not be written. */
  async flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#pending.size === 0) return;
    const pending = [...this.#pending].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, fault]) => fault);
    this.#pending = new Map();
    try {
      await writeFaults(this.#context, pending);
    } catch (error) {
      this.#context.log.warn({ error }, 'faults of devices could not be written');
    }
  }
}

async function writeFaults(context: Context, faults: readonly Pending[]): Promise<void> {
  const rows = faults.map(({ deviceId, address, reason, words, repairs, firstAt, lastAt, count }) => ({
    id: newId(),
    subject: deviceId ?? address,
    device_id: deviceId ?? null,
    address,
    reason,
    words,
    repairs: [...repairs],
    first_at: firstAt,
    last_at: lastAt,
    count,
  }));
  await context.db
    .insertInto('device_faults')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['subject', 'reason']).doUpdateSet({
        address: sql<string>`excluded.address`,
        words: sql<string>`excluded.words`,
        last_at: sql<Date>`greatest(device_faults.last_at, excluded.last_at)`,
        count: sql<number>`least(device_faults.count::bigint + excluded.count, 2147483647)`,
        repairs: sql<string[]>`ARRAY(SELECT DISTINCT unnest(device_faults.repairs || excluded.repairs) ORDER BY 1)`,
      }),
    )
    .execute();
  if (faults.every(({ deviceId }) => deviceId !== undefined)) return;
  await context.db
    .deleteFrom('device_faults')
    .where('id', 'in', (query) =>
      query
        .selectFrom('device_faults')
        .select('id')
        .where('device_id', 'is', null)
        .orderBy('last_at', 'desc')
        .offset(faultLimits.maxStrangers),
    )
    .execute();
}

/** Reads the faults that are not over, the newest first. */
export async function listDeviceFaults(context: Context): Promise<DeviceFault[]> {
  const since = new Date(context.clock.now().getTime() - faultLimits.shownMs);
  const [rows, devices] = await Promise.all([
    context.db
      .selectFrom('device_faults')
      .selectAll()
      .where('is_dismissed', '=', false)
      .where('last_at', '>', since)
      .orderBy('last_at', 'desc')
      .limit(500)
      .execute(),
    context.db.selectFrom('devices').selectAll().where('enabled', '=', true).execute(),
  ]);
  const known = new Map(devices.map((row) => [row.id, readDevice(row)]));
  const uses = await readUse(context, [...known.keys()]);
  const ranges = devices.flatMap(({ addresses }) => addresses.map(readRange));
  return rows.flatMap((row) => {
    const device = known.get(row.device_id ?? '');
    const reason = readReason(row.reason);
    if (reason === undefined || (row.device_id !== null && device === undefined)) return [];
    // Its address was added meanwhile: what it does now is told of the device.
    if (device === undefined && ranges.some((range) => range.contains(row.address))) return [];
    const lastMessage = uses.get(row.device_id ?? '')?.lastMessageAt;
    const isOver = lastMessage !== undefined && lastMessage > row.last_at && ENDS_WITH_A_MESSAGE.includes(reason);
    if (isOver) return [];
    const { id, address, words, first_at: firstAt, last_at: lastAt, count } = row;
    return [{ id, device, address, reason, repairs: row.repairs as Repair[], words, firstAt, lastAt, count }];
  });
}

function readReason(text: string): FaultReason | undefined {
  return [...REASONS, REPAIRED].find((reason): reason is FaultReason => reason === text);
}

/**
 * Takes a fault off the screens. One of a device comes back when it happens again; an address that is not known stays
 * ignored as long as it goes on trying. Throws `not-found`.
 */
export async function dismissDeviceFault(context: Context, id: string, actor: string): Promise<void> {
  await transaction(context, async (context) => {
    const row = await context.db.selectFrom('device_faults').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw new PlatenError('not-found', `there is no fault ${id} of a device`);
    if (row.device_id === null) {
      await context.db.updateTable('device_faults').set({ is_dismissed: true }).where('id', '=', id).execute();
    } else {
      await context.db.deleteFrom('device_faults').where('id', '=', id).execute();
    }
    const data = { reason: row.reason, remoteAddress: row.address };
    await record(context, 'device-fault-dismissed', { subjectId: row.subject, actor, data });
  });
}

/** Forgets what is not shown any more. */
export async function forgetOldFaults(context: Context): Promise<void> {
  const nowMs = context.clock.now().getTime();
  await context.db
    .deleteFrom('device_faults')
    .where((where) =>
      where.or([
        where('last_at', '<', new Date(nowMs - faultLimits.ignoredMs)),
        where.and([where('is_dismissed', '=', false), where('last_at', '<', new Date(nowMs - faultLimits.shownMs))]),
      ]),
    )
    .execute();
}
