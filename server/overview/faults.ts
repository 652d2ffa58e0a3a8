/** What does not work and what is due soon, read from the things themselves at each question and never kept. */
import { DAY_MS, doubtOf } from '../base/clock.ts';
import {
  type Connection,
  findNetworkProblem,
  getNetworkSettings,
  listUnexpectedHandOvers,
} from '../connections/connections.ts';
import { readConversionState } from '../conversion/conversion.ts';
import type { Mailbox } from '../intake/intake.ts';
import { countOpenJobs } from '../jobs/jobs.ts';
import { findHeld } from '../outbox/outbox.ts';
import { findPrinterNeeds, type Printer } from '../printers/printers.ts';
import { listDeviceTroubles, readRelayFigures } from '../relay/relay.ts';
import type { Context } from '../store/database.ts';
import type { Problem } from '../store/schema.ts';

/** `broken`: what is set up does not work now. `warning`: it works, and a person should act before a date. */
export type Fault = {
  readonly severity: 'broken' | 'warning';
  readonly kind:
    | 'connection'
    | 'network'
    | 'mailbox'
    | 'printer'
    | 'outbox'
    | 'jobs'
    | 'disk'
    | 'clock'
    | 'conversion'
    | 'expiry'
    | 'hand-over'
    | 'device'
    | 'knock';
  /** Of what it is about; none where that is Platen itself. */
  readonly subjectId: string | undefined;
  readonly name: string | undefined;
  readonly since: Date | undefined;
  /** Before this something should be done. */
  readonly due?: Date;
  readonly problem: Problem | undefined;
  /** Of a printer: `printer-state-reasons`. */
  readonly reasons?: readonly string[];
  /** Why a device is refused, as its texts are named. */
  readonly refusal?: { readonly reason: string; readonly words: string };
  /** How many messages or jobs wait because of it, or addresses knock. */
  readonly waiting?: number;
};

/** A permission that ends within this time is said on the first page. */
const SOON_MS = 14 * DAY_MS;
const MOST_FAULTS = 50;

export type Things = {
  readonly connections: readonly Connection[];
  readonly mailboxes: readonly Mailbox[];
  readonly printers: readonly Printer[];
};

/** Broken things first, and of each kind the longest lasting first; at most 50. */
export async function findFaults(context: Context, things: Things): Promise<Fault[]> {
  const held = await findHeld(context);
  const faults = [
    ...things.connections.flatMap((connection) => judgeConnection(context, connection, held?.count)),
    ...(await judgeNetwork(context, things)),
    ...things.mailboxes.flatMap(judgeMailbox),
    ...things.printers.flatMap(judgePrinter),
    ...judgeDisk(context),
    ...judgeClock(context),
    ...(await judgeConversion(context)),
    ...(await judgeHandOvers(context)),
    ...(await judgeJobs(context)),
    ...(await judgeDevices(context)),
  ];
  const isTold = faults.some(
    ({ severity, kind }) => severity === 'broken' && (kind === 'connection' || kind === 'network'),
  );
  if (held !== undefined && !isTold) {
    const { count, problem } = held;
    const since = problem === undefined ? undefined : new Date(problem.at);
    faults.push({
      severity: 'broken',
      kind: 'outbox',
      subjectId: undefined,
      name: undefined,
      since,
      problem,
      waiting: count,
    });
  }
  const rank = ({ severity, since }: Fault) => [severity === 'broken' ? 0 : 1, since?.getTime() ?? 0] as const;
  return faults
    .sort((one, other) => rank(one)[0] - rank(other)[0] || rank(one)[1] - rank(other)[1])
    .slice(0, MOST_FAULTS);
}

function judgeConnection(context: Context, connection: Connection, held: number | undefined): Fault[] {
  const { id: subjectId, title: name, state, stateSince: since, problem, expiry } = connection;
  const fault = { kind: 'connection', subjectId, name, since, problem } as const;
  if (state === 'needs-confirmation') {
    return [{ ...fault, severity: 'broken', ...(held === undefined ? {} : { waiting: held }) }];
  }
  if (state === 'degraded') return [{ ...fault, severity: 'broken' }];
  const { at } = expiry;
  if (state !== 'connected' || at === undefined || at.getTime() - context.clock.now().getTime() > SOON_MS) return [];
  return [{ ...fault, severity: 'warning', kind: 'expiry', since: undefined, problem: undefined, due: at }];
}

/** A server that was chosen and cannot be used; what is not set up yet is no fault. */
async function judgeNetwork(context: Context, { connections }: Things): Promise<Fault[]> {
  const settings = await getNetworkSettings(context);
  const { outgoing } = settings;
  const problem = await findNetworkProblem(context, settings);
  if (problem === undefined || outgoing === undefined) return [];
  // A connection that is not confirmed is a fault of its own, or still a step of the set-up.
  const used = connections.find(({ id }) => outgoing.kind === 'connection' && id === outgoing.connectionId);
  if (used !== undefined && used.state !== 'connected') return [];
  const since = new Date(problem.at);
  return [{ severity: 'broken', kind: 'network', subjectId: undefined, name: undefined, since, problem }];
}

function judgeMailbox({ id, title, isEnabled, state, stateSince, problem }: Mailbox): Fault[] {
  if (!isEnabled || state !== 'failing') return [];
  return [{ severity: 'broken', kind: 'mailbox', subjectId: id, name: title, since: stateSince, problem }];
}

function judgePrinter({ id, name, state, stateSince, reasons, problem }: Printer): Fault[] {
  const isWaiting = findPrinterNeeds({ state, reasons }).length > 0;
  if (state !== 'stopped' && state !== 'unreachable' && !isWaiting) return [];
  const shown = { subjectId: id, name, since: stateSince, problem: problem ?? undefined, reasons };
  return [{ severity: 'broken', kind: 'printer', ...shown }];
}

function judgeDisk(context: Context): Fault[] {
  const { disk } = readRelayFigures(context);
  if (disk === 'plenty') return [];
  const severity = disk === 'full' ? 'broken' : 'warning';
  return [{ severity, kind: 'disk', subjectId: undefined, name: undefined, since: undefined, problem: undefined }];
}

/** A clock that cannot be right after what was written before the start. */
function judgeClock({ clock }: Context): Fault[] {
  if (doubtOf(clock).findTrouble() === undefined) return [];
  const whose = { subjectId: undefined, name: undefined, since: undefined, problem: undefined };
  return [{ severity: 'warning', kind: 'clock', ...whose }];
}

async function judgeConversion(context: Context): Promise<Fault[]> {
  const { canary, missingPackages } = await readConversionState(context);
  if (canary !== 'escaped' && missingPackages.length === 0) return [];
  const name = missingPackages.length === 0 ? undefined : missingPackages.join(', ');
  return [
    { severity: 'warning', kind: 'conversion', subjectId: undefined, name, since: undefined, problem: undefined },
  ];
}

/** Jobs of which nobody knows whether paper came out: they go on only when a person says how. */
async function judgeJobs(context: Context): Promise<Fault[]> {
  const { 'processing-stopped': waiting = 0 } = await countOpenJobs(context);
  if (waiting === 0) return [];
  const whose = { subjectId: undefined, name: undefined, since: undefined, problem: undefined };
  return [{ severity: 'warning', kind: 'jobs', ...whose, waiting }];
}

/** Somebody was asked to confirm an access and did not expect it: an administrator should know before anything else. */
async function judgeHandOvers(context: Context): Promise<Fault[]> {
  const unexpected = await listUnexpectedHandOvers(context);
  return unexpected.map(({ connectionId: subjectId, title: name, at: since }) => ({
    severity: 'warning',
    kind: 'hand-over',
    subjectId,
    name,
    since,
    problem: undefined,
  }));
}

/** A device that is refused is one thing; addresses that nobody knows are one together, however many there are. */
async function judgeDevices(context: Context): Promise<Fault[]> {
  const troubles = await listDeviceTroubles(context);
  const knocks = troubles.filter(({ device }) => device === undefined);
  const [knock] = knocks;
  const faults: Fault[] = troubles.flatMap(({ device, since, reason, words, isShutOut }) => {
    if (device === undefined) return [];
    const severity = isShutOut ? 'broken' : 'warning';
    const refusal = { reason, words };
    return [{ severity, kind: 'device', subjectId: device.id, name: device.name, since, problem: undefined, refusal }];
  });
  if (knock === undefined) return faults;
  const since = new Date(Math.min(...knocks.map((one) => one.since.getTime())));
  const { reason, words, address: name } = knock;
  const what = { kind: 'knock', subjectId: undefined, name, since, problem: undefined } as const;
  return [...faults, { severity: 'warning', ...what, refusal: { reason, words }, waiting: knocks.length }];
}
