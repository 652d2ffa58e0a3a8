/**
 * Steps that are over too soon to be met by chance, because they lie between two statements of one transaction or between
 * an answer and what is written down about it. A trigger makes the server stand still there while the gate is closed.
 */
import pg from 'pg';
import type { Stage } from '../harness/stage.ts';

/** Each with the statement before which the server stands. */
const PLACES = {
  'a message is marked as finished and nobody is told yet': {
    table: 'journal',
    before: 'INSERT',
    when: `NEW.type = 'message-finished'`,
  },
  'a reply has its PIN and is not written yet': {
    table: 'outbox_messages',
    before: 'INSERT',
    when: `NEW.kind = 'notice'`,
  },
  'a reply is written and not committed yet': {
    table: 'journal',
    before: 'INSERT',
    when: `NEW.type = 'message-answered'`,
  },
  'a reply is about to be tried': { table: 'outbox_attempts', before: 'INSERT', when: 'true' },
  'a reply was accepted and that is not written down yet': {
    table: 'outbox_attempts',
    before: 'UPDATE',
    when: 'NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL',
  },
  'a page came out and that is not written down yet': {
    table: 'print_attempts',
    before: 'UPDATE',
    when: 'NEW.part > OLD.part',
  },
  'a page is about to be sent': {
    table: 'print_attempts',
    before: 'UPDATE',
    when: `NEW.phase = 'sending' AND OLD.phase = 'creating' AND NEW.parts > 1`,
  },
} as const;
export type GatedPoint = keyof typeof PLACES;
const GATES = Object.keys(PLACES) as readonly GatedPoint[];
/** Those of documents whose pages are jobs of their own at their printer; the others are of replies. */
export const PAGE_GATES = GATES.filter((point) => point.startsWith('a page '));
export const REPLY_GATES = GATES.filter((point) => !PAGE_GATES.includes(point));

/** The first number of the advisory locks behind the gates; the server has none of two numbers. */
const LOCK_CLASS = 7_423;

export function isGated(step: string): step is GatedPoint {
  return step in PLACES;
}

/** Builds the gates into the database of a stage; they stand open. */
export async function buildGates(stage: Stage): Promise<void> {
  await stage.sql(`CREATE FUNCTION stand_at_gate() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock_shared(${LOCK_CLASS}, TG_ARGV[0]::int); RETURN NEW; END'`);
  for (const [at, { table, before, when }] of Object.values(PLACES).entries()) {
    await stage.sql(`CREATE TRIGGER gate_${at} BEFORE ${before} ON ${table} FOR EACH ROW WHEN (${when})
      EXECUTE FUNCTION stand_at_gate('${at}')`);
  }
}

export class StepGate {
  readonly #client: pg.Client;
  readonly #at: number;

  private constructor(client: pg.Client, at: number) {
    this.#client = client;
    this.#at = at;
  }

  static async close(stage: Stage, point: GatedPoint): Promise<StepGate> {
    const client = new pg.Client(stage.databaseOptions());
    client.on('error', () => undefined);
    await client.connect();
    const at = GATES.indexOf(point);
    await client.query('SELECT pg_advisory_lock($1, $2)', [LOCK_CLASS, at]);
    return new StepGate(client, at);
  }

  /** Resolves when somebody stands there, or when `signal` aborts; answers whether somebody does. */
  async waitFor(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if ((await this.#findWaiting()).length > 0) return true;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return false;
  }

  /**
   * Ends the sessions that stand there, as if the blow had come right before the statement was sent. Opened instead, the
   * gate would let the database finish the statement of a server that is dead, and hide what was done without a transaction.
   */
  async endWaiting(): Promise<void> {
    for (let waiting = await this.#findWaiting(); waiting.length > 0; waiting = await this.#findWaiting()) {
      await this.#client.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [waiting]);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** The processes of the database whose statements stand there. */
  async #findWaiting(): Promise<readonly number[]> {
    const { rows } = await this.#client.query<{ pid: number }>(
      `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND objid = $2 AND NOT granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      [LOCK_CLASS, this.#at],
    );
    return rows.map(({ pid }) => pid);
  }

  /** Opens the gate: what stood there goes on, where its server still lives. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }
}
