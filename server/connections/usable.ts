/** Whether a connection may be used now; where it may not, an error that says why and what to do. */
import { PlatenError } from '../base/errors.ts';
import type { Problem, Use } from '../store/schema.ts';
import type { ConnectionRow } from './connection.ts';
import { usesOf } from './exchange-online.ts';

/** Throws `connection-not-confirmed`, `connection-needs-confirmation` or `use-not-granted`. */
export function requireConfirmed(row: ConnectionRow, use: Use): void {
  if (row.state === 'awaiting-confirmation') throw notConfirmed(row);
  if (row.state === 'needs-confirmation') {
    const { problem } = row;
    const values = problem?.values?.reasonText === undefined ? plainReason(problem) : problem.values;
    throw new PlatenError('connection-needs-confirmation', `connection ${row.title} must be confirmed again`, {
      values: { ...values, title: row.title },
      ...(problem?.remote === undefined ? {} : { remote: problem.remote }),
      ...(problem?.facts === undefined ? {} : { facts: problem.facts }),
    });
  }
  if (!usesOf(row.scopes).includes(use)) {
    const values = { title: row.title, use };
    throw new PlatenError('use-not-granted', `connection ${row.title} was not confirmed for ${use}`, { values });
  }
}

/** For a problem that Microsoft did not give a number to: the title of its code is the reason. */
function plainReason(problem: Problem | null): Readonly<Record<string, string | number>> {
  const reasonText = `errors.${problem?.code ?? 'connection-not-confirmed'}.title`;
  return { ...problem?.values, reasonText, actionText: 'connections.confirm-again' };
}

export function notConfirmed(row: ConnectionRow): PlatenError {
  const values = { title: row.title };
  return new PlatenError('connection-not-confirmed', `connection ${row.title} has not been confirmed yet`, { values });
}

export function degraded(row: ConnectionRow, retryAfterSeconds: number): PlatenError {
  const remote = row.problem?.remote;
  return new PlatenError('connection-degraded', `Microsoft gives no token for connection ${row.title} at the moment`, {
    values: { title: row.title },
    retryAfterSeconds,
    ...(remote === undefined ? {} : { remote }),
  });
}
