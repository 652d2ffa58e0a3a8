/**
 * Message-IDs of devices. Some copiers use one Message-ID for every scan, and Exchange drops the second message that
 * has it; a copy that a device sends because it did not hear the answer must keep it, so that Exchange can drop that.
 * So the first message that a device sends with a Message-ID keeps it, and so do copies of it; another message gets one
 * that is made from its content, and so is the same for its copies.
 *
 * A message that is in memory as a whole is noted by the statement that keeps it. The beginning of a larger one is written
 * to its file before that, with its Message-ID: such are noted before, in batches, one in flight. That commit is not waited
 * for: the one of the message itself comes later in the same log of the same database, and makes this one durable with it.
 */
import { type RawBuilder, sql } from 'kysely';
import { isSystemError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import type { Condition } from '../outbox/outbox.ts';
import type { Context } from '../store/database.ts';
import { relayLimits } from './limits.ts';
import { dayOf } from './registry.ts';

export type Sighting = {
  readonly deviceId: string;
  /** Absent when the message has none that can be used. */
  readonly messageIdHeader: string | undefined;
  /** Of the message as the device sent it: of all of it, or of what is held in memory when it is large. */
  readonly sha256: Buffer;
  /** How many it is for. */
  readonly recipients: number;
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
  const all = batch.map((facts) => ({ id: newId(), facts }));
  const now = context.clock.now();
  const { rows } = await sql<{ id: string | null }>`/* planned once: device-messages-see */
    WITH ${notingParts(now, all, { countsRefused: true })}
    -- Local to this statement's own transaction, and read before anything is written.
    SELECT no_wait, id
    FROM (SELECT set_config('synchronous_commit', 'off', true)) AS setting (no_wait)
    LEFT JOIN refused ON true`.execute(context.db);
  const refused = new Set(rows.map(({ id }) => id));
  return all.map(({ id, facts }) => facts.messageIdHeader !== undefined && !refused.has(id));
}

/** A message of a device is kept as it is when it keeps its Message-ID; noted and counted with it. */
export function keepsMessageId(context: Context, sighting: Sighting): Condition<Sighting> {
  return {
    facts: sighting,
    partsOf: (all) => notingParts(context.clock.now(), all, { countsRefused: false }),
  };
}

/**
 * Common table expressions that note and count messages. `refused` are those whose Message-ID was seen with other
 * content, before this statement or further up in it.
 */
function notingParts(
  now: Date,
  all: readonly { readonly id: string; readonly facts: Sighting }[],
  { countsRefused }: { readonly countsRefused: boolean },
): RawBuilder<unknown> {
  return sql`
    sighted AS (
      SELECT id, device_id, message_id_header, decode(sha256, 'hex') AS sha256, recipients, place FROM unnest(
        ${all.map(({ id }) => id)}::uuid[],
        ${all.map(({ facts }) => facts.deviceId)}::uuid[],
        ${all.map(({ facts }) => facts.messageIdHeader ?? null)}::text[],
        ${all.map(({ facts }) => facts.sha256.toString('hex'))}::text[],
        ${all.map(({ facts }) => facts.recipients)}::int[]
      ) WITH ORDINALITY AS s (id, device_id, message_id_header, sha256, recipients, place)
    ),
    -- The first that comes owns its Message-ID; of one that has an owner the row is answered, unchanged. In this order no
    -- two nodes wait for each other.
    owners AS (
      INSERT INTO device_messages AS known (device_id, message_id_header, sha256, at)
      SELECT DISTINCT ON (device_id, message_id_header) device_id, message_id_header, sha256, clock_timestamp()
      FROM sighted WHERE message_id_header IS NOT NULL
      ORDER BY device_id, message_id_header, place
      ON CONFLICT (device_id, message_id_header) DO UPDATE SET at = known.at
      RETURNING device_id, message_id_header, sha256
    ),
    refused AS (
      SELECT id FROM sighted JOIN owners USING (device_id, message_id_header) WHERE sighted.sha256 <> owners.sha256
    ),
    counted AS (
      INSERT INTO device_days (device_id, day, messages, recipients, last_at)
      SELECT device_id, ${dayOf(now)}, count(*), sum(recipients), ${now} FROM sighted
      WHERE ${countsRefused} OR id NOT IN (SELECT id FROM refused)
      GROUP BY device_id ORDER BY device_id
      ON CONFLICT (device_id, day)
      DO UPDATE SET messages = device_days.messages + excluded.messages,
        recipients = device_days.recipients + excluded.recipients, last_at = excluded.last_at
    )`;
}

export type DeviceUse = {
  readonly lastMessageAt: Date | undefined;
  readonly messagesToday: number;
  readonly recipientsToday: number;
};

/** How devices were used: when each last handed over a message, as far as the last month goes, and how many today. */
export async function readUse(context: Context, ids: readonly string[]): Promise<ReadonlyMap<string, DeviceUse>> {
  if (ids.length === 0) return new Map();
  const today = dayOf(context.clock.now());
  const rows = await context.db
    .selectFrom('device_days')
    .select(['device_id', (of) => of.fn.max('last_at').as('last_at')])
    .select(sql<number>`coalesce(sum(messages) FILTER (WHERE day = ${today}), 0)::int`.as('messages'))
    .select(sql<number>`coalesce(sum(recipients) FILTER (WHERE day = ${today}), 0)::int`.as('recipients'))
    .where('device_id', 'in', [...ids])
    .groupBy('device_id')
    .execute();
  return new Map(
    rows.map(({ device_id: id, last_at: lastAt, messages, recipients }) => [
      id,
      { lastMessageAt: lastAt ?? undefined, messagesToday: messages, recipientsToday: recipients },
    ]),
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
