/**
 * Group commit: what is submitted while one batch commits is the next batch. No timer, one batch in flight.
 *
 * A batch is one transaction. When it fails because of what one message holds, its messages are tried one by one, so
 * that a bad one does not refuse its neighbours.
 */
import { type RawBuilder, sql } from 'kysely';
import { recordSelected } from '../journal/journal.ts';
import { addSpoolFilesOf, type SpoolFile } from '../spool/spool.ts';
import type { Context, Db } from '../store/database.ts';
import { isFollowedHere, ringFollower } from '../store/tasks.ts';
import { transaction } from '../store/transaction.ts';
import { findPause } from './hold.ts';
import { LIFETIME_MS, type NewMessage, PRIORITY } from './message.ts';

/** A checked message whose bytes are in memory or durable in the spool. */
export type Prepared = {
  readonly id: string;
  readonly message: NewMessage;
  readonly body: Buffer | undefined;
  readonly file: SpoolFile | undefined;
  readonly sha256: Buffer;
  readonly condition?: Condition | undefined;
};

/**
 * Whether a message is kept after all is decided by the statement that would keep it, and what belongs to it is written
 * there too: at a fraction of what asking first costs. The same function is given with each message of a process.
 */
export type Condition<Facts = never> = {
  readonly facts: Facts;
  /** Common table expressions, of which `refused (id)` names messages not to be kept. Their text never differs. */
  readonly partsOf: (all: readonly { readonly id: string; readonly facts: Facts }[]) => RawBuilder<unknown>;
};

/** Bodies of one batch together: the parameters of one statement are held twice. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
const MAX_BATCH = 256;
/** What comes within a few turns belongs to the same batch: larger ones are less work, and turns are quick. */
const GATHERING_TURNS = 4;

// One per database handle, which is one per process outside tests.
const submissions = new WeakMap<Db, Group<Prepared, boolean>>();

/** Commits the message with whatever else is submitted now; false when its condition refused it. Durable when it returns. */
export async function commitInGroup(context: Context, prepared: Prepared): Promise<boolean> {
  const group =
    submissions.get(context.db) ??
    new Group<Prepared, boolean>({
      bytesOf: ({ body }) => body?.length ?? 0,
      async commit(batch) {
        const pause = findPause(context.db);
        const refused = await keepTogether(context, batch, pause);
        // The pause may have ended meanwhile, and who let everything go did not see these.
        if (pause !== findPause(context.db)) await ring(context, batch);
        return batch.map(({ id }) => !refused.has(id));
      },
    });
  submissions.set(context.db, group);
  return await group.add(prepared);
}

type Waiting<Item, Result> = {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
};

type GroupOptions<Item, Result> = {
  readonly bytesOf: (item: Item) => number;
  /** Commits all items or none; returns a result for each in the same order. */
  readonly commit: (items: readonly Item[]) => Promise<readonly Result[]>;
};

/** Items that come while one batch commits are the next batch. */
export class Group<Item, Result> {
  readonly #options: GroupOptions<Item, Result>;
  #waiting: Waiting<Item, Result>[] = [];
  #isRunning = false;

  constructor(options: GroupOptions<Item, Result>) {
    this.#options = options;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    do {
      await turns(GATHERING_TURNS);
      await this.#commit(this.#takeBatch());
    } while (this.#waiting.length > 0);
    this.#isRunning = false;
  }

  #takeBatch(): Waiting<Item, Result>[] {
    let count = 0;
    let bytes = 0;
    for (const { item } of this.#waiting) {
      bytes += this.#options.bytesOf(item);
      if (count > 0 && (count === MAX_BATCH || bytes > MAX_BATCH_BYTES)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #commit(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    let results: readonly Result[];
    try {
      results = await this.#options.commit(batch.map(({ item }) => item));
    } catch (error) {
      if (batch.length > 1 && isAboutTheData(error)) {
        for (const one of batch) await this.#commit([one]);
        return;
      }
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** SQLSTATE classes 22, 23 and 54: the data, a constraint, a limit. Anything else would fail for each message alike. */
function isAboutTheData(error: unknown): boolean {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' && /^(22|23|54)[0-9A-Z]{3}$/.test(code);
}

type Pause = ReturnType<typeof findPause>;

/** One statement is a transaction of its own, at a third of the round trips; a task for another node needs a whole one. */
async function keepTogether(context: Context, batch: readonly Prepared[], pause: Pause): Promise<ReadonlySet<string>> {
  if (pause === undefined && !isFollowedHere(context, 'outbox')) {
    return await transaction(context, (context) => insertMessages(context, batch, pause));
  }
  return await insertMessages(context, batch, pause);
}

/**
 * Writes messages with their recipients, spool rows, journal and alarms in the transaction of `context.db`, or as one
 * statement of its own. In a pause they are held from the start, and nobody is woken for them. Returns the ids of those
 * that their condition refused.
 */
export async function insertMessages(
  context: Context,
  all: readonly Prepared[],
  pause?: Pause,
): Promise<ReadonlySet<string>> {
  const { rows } = await statementOf(context, all, pause).execute(context.db);
  const refused = new Set(rows.map(({ id }) => id));
  const isKept = ({ id }: Prepared) => !refused.has(id);
  if (pause === undefined) await ring(context, refused.size === 0 ? all : all.filter(isKept));
  return refused;
}

/** One alarm for all: a session that is woken takes whatever is due. */
async function ring(context: Context, [first]: readonly Prepared[]): Promise<void> {
  if (first !== undefined) await ringFollower(context, 'outbox', [first.id]);
}

const WITHOUT_CONDITION = {
  name: sql.raw('/* planned once: outbox-keep */'),
  refused: sql`refused AS (SELECT NULL::uuid AS id WHERE false)`,
};

/** What conditions add to the statement; one that knows them has another name, because its text differs. */
function conditionsOf(all: readonly Prepared[]) {
  const withOne = all.flatMap(({ id, condition }) => (condition === undefined ? [] : [{ id, condition }]));
  const [first] = withOne;
  if (first === undefined) return WITHOUT_CONDITION;
  return {
    name: sql.raw('/* planned once: outbox-keep-if */'),
    refused: first.condition.partsOf(withOne.map(({ id, condition }) => ({ id, facts: condition.facts }))),
  };
}

/**
 * Messages, recipients and events as one statement, whose text is the same for however many there are. Answers with those
 * that were refused.
 */
function statementOf(context: Context, all: readonly Prepared[], pause: Pause) {
  const now = context.clock.now();
  const problem = pause === undefined ? null : JSON.stringify(pause.problem);
  const bodies = all.map(({ body }) => body ?? Buffer.alloc(0));
  const starts = startsOf(bodies);
  const recipients = all.flatMap(({ id, message }) =>
    message.recipients.map((address, position) => ({ id, address, position })),
  );
  const { name, refused } = conditionsOf(all);
  return sql<{ id: string }>`${name}
    WITH files AS (${addSpoolFilesOf(all.flatMap(({ file }) => (file === undefined ? [] : [file])))}),
    ${refused},
    given AS (
      SELECT * FROM unnest(
        ${all.map(({ id }) => id)}::uuid[], ${all.map(({ message }) => message.kind)}::text[],
        ${all.map(({ message }) => PRIORITY[message.kind])}::int[],
        ${all.map(({ message }) => message.deviceId ?? null)}::uuid[],
        ${all.map(({ message }) => message.ownerId ?? null)}::uuid[],
        ${all.map(({ message }) => message.sender)}::text[], ${all.map(({ message }) => message.subject)}::text[],
        ${all.map(({ message }) => message.messageIdHeader)}::text[],
        ${all.map(({ body }, index) => (body === undefined ? null : starts[index]))}::int[],
        ${bodies.map(({ length }) => length)}::int[], ${all.map(({ file }) => file?.id ?? null)}::uuid[],
        ${all.map(bytesOf)}::bigint[], ${all.map(({ sha256 }) => sha256.toString('hex'))}::text[],
        ${all.map((one) => JSON.stringify(eventOf(one)))}::text[]
      ) AS g (id, kind, priority, device_id, owner_id, sender, subject, message_id_header, start, length, spool_id,
        bytes, sha256, event)
      WHERE id NOT IN (SELECT id FROM refused)
    ),
    kept AS (
      INSERT INTO outbox_messages (id, kind, priority, device_id, owner_id, sender, subject, message_id_header, body,
        spool_id, bytes, sha256, state, hold_reason, problem, created_at, due_at, expires_at)
      SELECT id, kind, priority, device_id, owner_id, sender, subject, message_id_header,
        substring(${Buffer.concat(bodies)}::bytea FROM start FOR length), spool_id, bytes, decode(sha256, 'hex'),
        ${pause === undefined ? 'queued' : 'held'}, ${pause?.reason ?? null}, ${problem}::jsonb,
        ${now}, ${pause === undefined ? now : null}, ${after(now, LIFETIME_MS)}
      FROM given
    ),
    told AS (${recordSelected('outbox-message-queued', sql`SELECT id, owner_id, event FROM given`)}),
    addressed AS (
      INSERT INTO outbox_recipients (message_id, position, address, state)
      SELECT id, position, address, 'queued' FROM unnest(
        ${recipients.map(({ id }) => id)}::uuid[], ${recipients.map(({ position }) => position)}::int[],
        ${recipients.map(({ address }) => address)}::text[]
      ) AS r (id, position, address)
      WHERE id NOT IN (SELECT id FROM refused)
    )
    SELECT id FROM refused`;
}

/** Where each body begins in all of them together, counted from 1 as the database does. */
function startsOf(bodies: readonly Buffer[]): number[] {
  let at = 1;
  return bodies.map(({ length }) => {
    const start = at;
    at += length;
    return start;
  });
}

function bytesOf({ body, file }: Prepared): number {
  return body?.length ?? file?.bytes ?? 0;
}

function eventOf(one: Prepared) {
  const { kind, recipients, deviceId } = one.message;
  const device = deviceId === undefined ? {} : { deviceId };
  return { kind, recipients: recipients.length, bytes: bytesOf(one), ...device };
}

function after(from: Date, ms: number): Date {
  return new Date(from.getTime() + ms);
}
