/**
 * Where mail is when everything stops: each message of the moment stands at one of seven steps between MAIL at the relay
 * and the verdict in the outbox. Here they are brought there, held there, and counted.
 */
import pg from 'pg';
import type { SmtpFault } from '../../simulator/smtp/faults.ts';
import type { Dice } from '../harness/dice.ts';
import type { Reached, Scan, Scanners, ScanStep } from '../harness/scans.ts';
import type { Stage, StageNode } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

/** In the order of a message's way. The first four are of devices that have not heard 250. */
export const MOMENTS = [
  'MAIL was answered',
  'DATA was answered',
  'half of the message was sent',
  'the final dot was sent',
  'kept and not tried',
  'tried and not accepted',
  'accepted and not written down',
] as const;
export type Moment = (typeof MOMENTS)[number];
export type Census = Readonly<Record<Moment, number>>;

// A body up to 64 KB stands in its row, a larger one is a file that has to be synced.
export const SIZES = [1_500, 20_000, 150_000] as const;
/** Longer than any round: what hangs is ended by the round. */
const HANG_MS = 10 * 60_000;
// On a busy machine a sender that another node had is asked for again after five seconds only.
const COME_MS = 300_000;
const ENVELOPE_PHASES = ['mail', 'rcpt', 'data', 'end-of-data'] as const;

/** The devices of a round: some stand still until the server is gone. */
export class Devices {
  readonly #scanners: Scanners;
  readonly #node: StageNode;
  readonly #gone = Promise.withResolvers<void>();
  readonly #scans: Promise<Scan>[] = [];

  constructor(scanners: Scanners, node: StageNode) {
    this.#scanners = scanners;
    this.#node = node;
    this.#gone.promise.catch(() => undefined);
  }

  /** A device that comes to a step and goes no further; resolves when it is there. */
  async stop(step: ScanStep, bytes: number): Promise<void> {
    const there = Promise.withResolvers<void>();
    const scan = this.begin(bytes, (now) => {
      if (now !== step) return undefined;
      there.resolve();
      return this.#gone.promise;
    });
    const early = scan.then(({ answer }) => {
      throw new Error(`a device that was to come to "${step}" ended at ${answer}`);
    });
    await Promise.race([there.promise, early]);
  }

  begin(bytes: number, reached?: Reached): Promise<Scan> {
    const scan = this.#scanners.scan({ node: this.#node, bytes, ...(reached === undefined ? {} : { reached }) });
    this.#scans.push(scan);
    return scan;
  }

  /** A device that hands in one scan after the other, until it is not answered any more. */
  async keepOn(bytes: number): Promise<void> {
    while ((await this.begin(bytes)).id !== undefined);
  }

  /** Lets all go, and answers what they handed in and how far they came. To be called when the server is dead. */
  async end(): Promise<readonly Scan[]> {
    this.#gone.reject(new Error('the server is gone'));
    return await Promise.all(this.#scans);
  }
}

export type Place = {
  readonly devices: Devices;
  /** Accepted by the tenant, which does not say so until the fault is ended. */
  readonly accepted: SmtpFault;
  /** The other session stands at this phase of another message. */
  readonly tried: SmtpFault;
};

/** Brings a message to each step but the final dot of the device, which is the moment of the blow, and holds it there. */
export async function bringIntoPlace(scanners: Scanners, node: StageNode, dice: Dice): Promise<Place> {
  const { smtp } = scanners.stage.peers.practice;
  const devices = new Devices(scanners, node);
  const place: Place = {
    devices,
    accepted: { phase: 'end-of-data', when: 'after', delayMs: HANG_MS },
    tried: { phase: dice.pick(ENVELOPE_PHASES), delayMs: HANG_MS },
  };
  for (const fault of [place.accepted, place.tried]) {
    smtp.addFault(fault);
    const { answer, id } = await devices.begin(dice.pick(SIZES));
    if (id === undefined) throw new Error(`the relay answered ${answer}`);
    const hasFired = () => smtp.faults.list().some((one) => one.fault === fault && one.fired === 1);
    await eventually(hasFired, { what: `a message has come to ${JSON.stringify(fault)}`, timeoutMs: COME_MS });
  }
  const waiting = Array.from({ length: 2 + dice.upTo(3) }, () => devices.begin(dice.pick(SIZES)));
  await Promise.all([
    ...waiting,
    devices.stop('MAIL was answered', dice.pick(SIZES)),
    devices.stop('DATA was answered', dice.pick(SIZES)),
    devices.stop('half of the message was sent', dice.pick(SIZES)),
  ]);
  // Accepted a moment before it is in the ledger.
  await eventually(() => smtp.sessions().length >= 2, { what: 'both sessions stand still' });
  return place;
}

export function letGo({ peers }: Stage, { accepted, tried }: Place): void {
  for (const fault of [accepted, tried]) peers.practice.smtp.faults.end(fault);
}

/** Keeps every change of the outbox waiting right before it is made: the verdict, and the commit of what a device sent. */
export class Gate {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async close(stage: Stage): Promise<Gate> {
    const client = new pg.Client(stage.databaseOptions());
    client.on('error', () => undefined);
    await client.connect();
    await client.query('BEGIN');
    await client.query('LOCK TABLE outbox_messages IN SHARE MODE');
    return new Gate(client);
  }

  async waitFor(count: number): Promise<void> {
    await eventually(async () => (await this.#waiting()).length >= count, {
      what: `${count} changes wait at the gate`,
      timeoutMs: COME_MS,
    });
  }

  /** Lets what waits be made although its server is dead, or makes it undone. */
  async open(manner: 'made' | 'undone'): Promise<void> {
    try {
      if (manner === 'undone') {
        for (const pid of await this.#waiting()) await this.#client.query('SELECT pg_terminate_backend($1)', [pid]);
      }
      await this.#client.query('ROLLBACK');
    } finally {
      await this.#client.end();
    }
  }

  async #waiting(): Promise<number[]> {
    const { rows } = await this.#client.query<{ pid: number }>(
      `SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'outbox_messages'::regclass
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    return rows.map(({ pid }) => pid);
  }
}

/** Where each message was when everything stopped; what another node does meanwhile is seen a little later. */
export async function takeCensus({ stage }: Scanners, scans: readonly Scan[]): Promise<Census> {
  return addUp(await readMoments(stage), momentsOf(scans));
}

/** Where the messages of the outbox are now. */
export async function readMoments(stage: Stage): Promise<Moment[]> {
  const messages = await stage.sql(
    `SELECT encode(sha256, 'hex') AS sha256, started_at FROM outbox_messages
     LEFT JOIN outbox_attempts ON message_id = outbox_messages.id AND outbox_attempts.ended_at IS NULL
     WHERE state NOT IN ('sent', 'failed')`,
  );
  const accepted = stage.peers.practice.smtp.accepted();
  return messages.map(({ sha256, started_at: startedAt }): Moment => {
    if (!(startedAt instanceof Date)) return 'kept and not tried';
    const isAccepted = accepted.some((one) => one.sha256 === sha256 && one.at >= startedAt);
    return isAccepted ? 'accepted and not written down' : 'tried and not accepted';
  });
}

/** How far those came that did not hear 250. */
export function momentsOf(scans: readonly Scan[]): Moment[] {
  const steps = scans.filter(({ id }) => id === undefined).map(({ step }) => step);
  return MOMENTS.flatMap((moment) => steps.filter((step) => step === moment).map(() => moment));
}

export function addUp(...parts: readonly (readonly Moment[])[]): Census {
  const all = parts.flat();
  const counts = MOMENTS.map((moment) => [moment, all.filter((one) => one === moment).length]);
  return Object.fromEntries(counts) as Record<Moment, number>;
}

/** Whether a message was at each of the steps. */
export function isComplete(census: Census): boolean {
  return MOMENTS.every((moment) => census[moment] > 0);
}
