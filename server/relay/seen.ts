/**
 * Message-IDs of devices. Some copiers use one Message-ID for every scan, and Exchange drops the second message that
 * has it; a copy that a device sends because it did not hear the answer must keep it, so that Exchange can drop that.
 * So the first message that a device sends with a Message-ID keeps it, and so do copies of it; another message gets one
 * that is made from its content, and so is the same for its copies.
 *
 * Written in batches, one in flight. The commit is not waited for: the one of the message itself comes later in the
 * same log of the same database, and makes this one durable with it.
 */
import { sql } from 'kysely';
import { isSystemError } from '../base/errors.ts';
import type { Context } from '../store/database.ts';
import { relayLimits } from './limits.ts';
import { dayOf } from './registry.ts';

export type Sighting = {
  readonly deviceId: string;
  /** Absent when the message has none that can be used. */
  readonly messageIdHeader: string | undefined;
  /** Of the message as the device sent it: of all of it, or of what is held in memory when it is large. */
  readonly sha256: Buffer;
};

type Waiting = {
  readonly sighting: Sighting;
  readonly resolve: (keepsId: boolean) => void;
  readonly reject: (error: unknown) => void;
};

const MAX_BATCH = 256;

export class Sightings {
  readonly #context: Context;
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Counts a message for its device and says whether it keeps its Message-ID. */
  add(sighting: Sighting): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sighting, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#write(this.#waiting.splice(0, MAX_BATCH));
    this.#isRunning = false;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const sightings = batch.map(({ sighting }) => sighting);
    try {
      const answers = await writeBatch(this.#context, sightings);
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] ?? false);
    } catch (error) {
      // One of a device that was just removed must not refuse its neighbours.
      if (batch.length > 1 && isMissingDevice(error)) for (const one of batch) await this.#write([one]);
      else for (const { reject } of batch) reject(error);
    }
  }
}

/** SQLSTATE 23503: the row that a foreign key names is not there. */
function isMissingDevice(error: unknown): boolean {
  return isSystemError(error) && error.code === '23503';
}

async function writeBatch(context: Context, batch: readonly Sighting[]): Promise<boolean[]> {
  const withId = batch.filter(
    (one): one is Sighting & { messageIdHeader: string } => one.messageIdHeader !== undefined,
  );
  const counts = new Map<string, number>();
  for (const { deviceId } of batch) counts.set(deviceId, (counts.get(deviceId) ?? 0) + 1);
  const first = await writeRows(context, withId, counts);
  return batch.map((one) => {
    if (one.messageIdHeader === undefined) return false;
    const key = keyOf(one.deviceId, one.messageIdHeader);
    const owner = first.get(key) ?? one.sha256;
    first.set(key, owner);
    return owner.equals(one.sha256);
  });
}

type FirstSeen = {
  readonly device_id: string | null;
  readonly message_id_header: string | null;
  readonly sha256: Buffer | null;
};

/** One statement; answers with which content each Message-ID was first seen before it. */
async function writeRows(
  context: Context,
  sightings: readonly (Sighting & { readonly messageIdHeader: string })[],
  counts: ReadonlyMap<string, number>,
): Promise<Map<string, Buffer>> {
  const now = context.clock.now();
  const { rows } = await sql<FirstSeen>`/* planned once: device-messages-see */
    WITH given AS (
      SELECT device_id, message_id_header, decode(sha256, 'hex') AS sha256 FROM unnest(
        ${sightings.map(({ deviceId }) => deviceId)}::uuid[],
        ${sightings.map(({ messageIdHeader }) => messageIdHeader)}::text[],
        ${sightings.map(({ sha256 }) => sha256.toString('hex'))}::text[]
      ) AS g (device_id, message_id_header, sha256)
    ),
    counted AS (
      INSERT INTO device_days (device_id, day, messages, last_at)
      SELECT device_id, ${dayOf(now)}, messages, ${now}
      FROM unnest(${[...counts.keys()]}::uuid[], ${[...counts.values()]}::int[]) AS c (device_id, messages)
      ORDER BY device_id
      ON CONFLICT (device_id, day)
      DO UPDATE SET messages = device_days.messages + excluded.messages, last_at = excluded.last_at
    ),
    noted AS (
      INSERT INTO device_messages (device_id, message_id_header, sha256, at)
      SELECT device_id, message_id_header, sha256, clock_timestamp() FROM given
      ON CONFLICT DO NOTHING
    )
    -- Local to this statement's own transaction, and read before anything is written.
    SELECT no_wait, seen.device_id, seen.message_id_header, seen.sha256
    FROM (SELECT set_config('synchronous_commit', 'off', true)) AS setting (no_wait)
    LEFT JOIN (given JOIN device_messages AS seen USING (device_id, message_id_header)) ON true
    ORDER BY seen.at, seen.sha256`.execute(context.db);
  const first = new Map<string, Buffer>();
  for (const row of rows) {
    const { device_id: deviceId, message_id_header: header, sha256 } = row;
    if (deviceId === null || header === null || sha256 === null) continue;
    const key = keyOf(deviceId, header);
    if (!first.has(key)) first.set(key, sha256);
  }
  return first;
}

function keyOf(deviceId: string, messageIdHeader: string): string {
  return `${deviceId} ${messageIdHeader}`;
}

export type DeviceUse = { readonly lastMessageAt: Date | undefined; readonly messagesToday: number };

/** How devices were used: when each last handed over a message, as far as the last month goes, and how many today. */
export async function readUse(context: Context, ids: readonly string[]): Promise<ReadonlyMap<string, DeviceUse>> {
  if (ids.length === 0) return new Map();
  const today = dayOf(context.clock.now());
  const rows = await context.db
    .selectFrom('device_days')
    .select(['device_id', (of) => of.fn.max('last_at').as('last_at')])
    .select(sql<number>`coalesce(sum(messages) FILTER (WHERE day = ${today}), 0)::int`.as('today'))
    .where('device_id', 'in', [...ids])
    .groupBy('device_id')
    .execute();
  return new Map(
    rows.map((row) => [row.device_id, { lastMessageAt: row.last_at ?? undefined, messagesToday: row.today }]),
  );
}

/** Forgets what no copy can come of any more. */
export async function forgetOldSightings(context: Context): Promise<void> {
  await context.db
    .deleteFrom('device_messages')
    .where('at', '<', sql<Date>`now() - make_interval(secs => ${relayLimits.rememberMs / 1000})`)
    .execute();
  const oldest = dayOf(new Date(context.clock.now().getTime() - relayLimits.rememberMs));
  await context.db.deleteFrom('device_days').where('day', '<', oldest).execute();
}
