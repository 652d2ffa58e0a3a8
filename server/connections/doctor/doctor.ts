/**
 * The connection doctor: real tests of everything that a connection is for, one after the other. A test that cannot
 * mean anything because another one failed is skipped and says so. What it finds is a problem with Microsoft's words;
 * what to do about it stands in the tables of failures.
 */
import { PlatenError } from '../../base/errors.ts';
import type { Context } from '../../store/database.ts';
import { getRow, toProblem } from '../connection.ts';
import { getCloud, usesOf } from '../exchange-online.ts';
import { MAIL_PROBES } from './mail-probes.ts';
import { MICROSOFT_PROBES } from './microsoft-probes.ts';
import { POP3_PROBE } from './pop3-probe.ts';
import type { Check, CheckWish, Outcome, Probe } from './probe.ts';
import { type CheckReport, type CheckTest, openReport, readReport, stopReport, TESTS, writeReport } from './report.ts';

const ALL = [...MICROSOFT_PROBES, ...MAIL_PROBES, POP3_PROBE];
const PROBES: readonly Probe[] = TESTS.flatMap((name) => ALL.filter(({ test }) => test === name));

/** The checks that run in this process. */
export class Doctor implements AsyncDisposable {
  readonly #context: Context;
  readonly #running = new Map<string, { readonly stop: AbortController; readonly done: Promise<CheckReport> }>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Starts a check; one of the same connection that still runs is stopped. Throws `not-found`, `unknown-cloud`. */
  async start(
    connectionId: string,
    wish: CheckWish = {},
  ): Promise<{ readonly report: CheckReport; readonly done: Promise<CheckReport> }> {
    this.#running.get(connectionId)?.stop.abort();
    const report = await openReport(this.#context, connectionId);
    const stop = new AbortController();
    const done = runCheck(this.#context, connectionId, { report, wish, signal: stop.signal }).finally(() => {
      if (this.#running.get(connectionId)?.stop === stop) this.#running.delete(connectionId);
    });
    // whoever waits hears of a failure; nobody has to
    done.catch((error: unknown) => this.#context.log.warn({ connectionId, error }, 'a check ended early'));
    this.#running.set(connectionId, { stop, done });
    return { report, done };
  }

  /** Stops the check of a connection, on this node or another; does nothing when none runs. Throws `not-found`. */
  async stop(connectionId: string): Promise<void> {
    await stopReport(this.#context, connectionId);
    this.#running.get(connectionId)?.stop.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = [...this.#running.values()];
    for (const { stop } of running) stop.abort();
    await Promise.allSettled(running.map(({ done }) => done));
  }
}

type Run = { readonly report: CheckReport; readonly wish: CheckWish; readonly signal: AbortSignal };

async function runCheck(context: Context, connectionId: string, run: Run): Promise<CheckReport> {
  let { report } = run;
  const check = await openCheck(context, connectionId, run);
  for (const probe of PROBES) {
    const startedMs = context.clock.monotonicMs();
    const outcome = run.signal.aborted
      ? ({ kind: 'skipped', because: 'stopped' } as const)
      : await tryProbe(check, report, probe);
    const durationMs = Math.round(context.clock.monotonicMs() - startedMs);
    const ended = describeTest(context, probe, { outcome, durationMs });
    report = { ...report, tests: [...report.tests, ended] };
    const isOurs = await writeReport(context, connectionId, { report, ended });
    if (!isOurs) return { ...report, state: 'stopped' };
  }
  report = {
    ...report,
    state: run.signal.aborted ? 'stopped' : 'finished',
    finishedAt: context.clock.now().toISOString(),
  };
  await writeReport(context, connectionId, { report });
  return report;
}

async function openCheck(context: Context, connectionId: string, run: Run): Promise<Check> {
  const row = await getRow(context, connectionId);
  return {
    context,
    row,
    cloud: getCloud(context.settings, row.cloud),
    granted: usesOf(row.scopes).filter((use) => row.uses.includes(use)),
    wish: run.wish,
    startedAt: context.clock.now(),
    signal: run.signal,
    seen: {},
  };
}

async function tryProbe(check: Check, report: CheckReport, probe: Probe): Promise<Outcome> {
  if (probe.use !== undefined && !check.row.uses.includes(probe.use)) return { kind: 'skipped', because: 'not-chosen' };
  const missing = probe.needs.find((name) => report.tests.find(({ test }) => test === name)?.outcome !== 'passed');
  if (missing !== undefined) return { kind: 'skipped', because: `needs-${missing}` };
  try {
    return await probe.run(check);
  } catch (error) {
    if (check.signal.aborted) return { kind: 'skipped', because: 'stopped' };
    if (!(error instanceof PlatenError)) throw error;
    return { kind: 'failed', error };
  }
}

function describeTest(
  context: Context,
  { test }: Probe,
  { outcome, durationMs }: { readonly outcome: Outcome; readonly durationMs: number },
): CheckTest {
  if (outcome.kind === 'skipped') return { test, outcome: 'skipped', because: outcome.because };
  const facts = outcome.facts === undefined ? {} : { facts: outcome.facts };
  if (outcome.kind === 'passed') return { test, outcome: 'passed', durationMs, ...facts };
  return { test, outcome: 'failed', durationMs, problem: toProblem(context, outcome.error), ...facts };
}

/** The last report of a connection, running or not; undefined when it was never checked. Throws `not-found`. */
export async function findReport(context: Context, connectionId: string): Promise<CheckReport | undefined> {
  return readReport(context, (await getRow(context, connectionId)).checks);
}
