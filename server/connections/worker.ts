/**
 * Polls pending codes and renews tokens. Every node runs it; a lease decides who takes a step. The rows say what is
 * due, so a restart goes on where the last process stopped.
 */
import { HOUR_MS, SECOND_MS } from '../base/clock.ts';
import type { Context } from '../store/database.ts';
import { tellExpiries } from './expiry/watch.ts';
import { pollLogin } from './poll-login.ts';
import { renewTokens } from './tokens.ts';

/** How often the rows are looked at: the least that an interval of five seconds does not suffer from. */
const LOOK_EVERY_MS = 1 * SECOND_MS;

/** How often the expected ends of permissions are looked at; they are days away. */
const FORECAST_EVERY_MS = 1 * HOUR_MS;

/** Steps at the same time; each waits for Microsoft for at most one call's deadline. */
const MOST_STEPS = 20;

/** Starts the worker. Disposing it breaks off open calls, waits for the running steps and leaves nothing behind. */
export async function startConnectionsWorker(context: Context): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const steps = new Map<string, Promise<void>>();
  const loop = runLoop(context, steps, stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the connections worker stops'));
      await loop;
      await Promise.all(steps.values());
    },
  };
}

async function runLoop(context: Context, steps: Map<string, Promise<void>>, signal: AbortSignal): Promise<void> {
  let nextForecastMs = 0;
  while (!signal.aborted) {
    try {
      const nowMs = context.clock.now().getTime();
      if (nowMs >= nextForecastMs) await tellExpiries(context);
      if (nowMs >= nextForecastMs) nextForecastMs = nowMs + FORECAST_EVERY_MS;
      for (const due of await findDue(context)) startStep(context, { due, steps, signal });
    } catch (error) {
      context.log.warn({ error }, 'the pending logins and renewals could not be read');
    }
    await context.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

type Due =
  | { readonly kind: 'login'; readonly id: string }
  | { readonly kind: 'renewal'; readonly id: string; readonly since: Date };

async function findDue(context: Context): Promise<Due[]> {
  const now = context.clock.now();
  const logins = await context.db
    .selectFrom('connection_logins')
    .select('id')
    .where('state', '=', 'pending')
    .where('next_poll_at', '<=', now)
    .orderBy('next_poll_at')
    .limit(MOST_STEPS)
    .execute();
  const renewals = await context.db
    .selectFrom('connection_tokens')
    .innerJoin('connections', 'connections.id', 'connection_tokens.connection_id')
    .select(['connections.id', 'connection_tokens.renewed_at'])
    .where('connections.state', 'in', ['connected', 'degraded'])
    .where('connection_tokens.renew_at', '<=', now)
    .orderBy('connection_tokens.renew_at')
    .limit(MOST_STEPS)
    .execute();
  return [
    ...logins.map(({ id }) => ({ kind: 'login', id }) as const),
    ...renewals.map(({ id, renewed_at }) => ({ kind: 'renewal', id, since: renewed_at }) as const),
  ];
}

type Step = { readonly due: Due; readonly steps: Map<string, Promise<void>>; readonly signal: AbortSignal };

/** Runs one step beside the loop: a tenant that does not answer must not hold up the others. */
function startStep(context: Context, { due, steps, signal }: Step): void {
  const name = `${due.kind} ${due.id}`;
  if (steps.has(name) || steps.size >= MOST_STEPS) return;
  const step = takeStep(context, due, signal)
    .catch((error) => {
      if (!signal.aborted) context.log.warn({ step: name, error }, 'a step of a connection failed and is tried again');
    })
    .finally(() => steps.delete(name));
  steps.set(name, step);
}

async function takeStep(context: Context, due: Due, signal: AbortSignal): Promise<void> {
  if (due.kind === 'login') await pollLogin(context, due.id, signal);
  else await renewTokens(context, due.id, { since: due.since, signal });
}
