/**
 * The permissions that Microsoft has given and what became of them. One row per confirmation; the one that is in use has
 * no end. The rows stay as evidence for the forecast, also of other connections of the same tenant.
 */
import { newId } from '../../base/secrets.ts';
import type { Context } from '../../store/database.ts';
import type { ConnectionRow } from '../connection.ts';
import { type Forecast, forecast, type Permission } from './forecast.ts';

/** More of them change no forecast. */
const MOST_PERMISSIONS = 50;

export type ConnectionForecast = Forecast & {
  readonly method: 'device-code' | 'link' | undefined;
  /** Of this connection, the latest first. */
  readonly history: readonly Permission[];
};

/** Begins a permission; one that was in use ends because somebody confirmed again. In the caller's transaction. */
export async function beginPermission(
  context: Context,
  connectionId: string,
  given: { readonly method: 'device-code' | 'link'; readonly account: { readonly oid: string; readonly tid: string } },
): Promise<void> {
  await endPermission(context, connectionId);
  const { method, account } = given;
  await context.db
    .insertInto('connection_permissions')
    .values({
      id: newId(),
      connection_id: connectionId,
      account_tid: account.tid,
      account_oid: account.oid,
      method,
      signed_in_at: context.clock.now(),
    })
    .execute();
}

/** Ends the permission in use, with the number with which Microsoft refused it. In the caller's transaction. */
export async function endPermission(context: Context, connectionId: string, aadsts?: number): Promise<void> {
  await context.db
    .updateTable('connection_permissions')
    .set({ ended_at: context.clock.now(), end_aadsts: aadsts ?? null })
    .where('connection_id', '=', connectionId)
    .where('ended_at', 'is', null)
    .execute();
}

/** What is to be expected of the permission of a connection. */
export async function forecastFor(
  context: Context,
  row: Pick<ConnectionRow, 'id' | 'account_tid' | 'state'>,
  renewedAt: Date | undefined,
): Promise<ConnectionForecast> {
  const rows = await context.db
    .selectFrom('connection_permissions')
    .selectAll()
    .where((where) => where.or([where('connection_id', '=', row.id), where('account_tid', '=', row.account_tid ?? '')]))
    .orderBy('signed_in_at', 'desc')
    .limit(MOST_PERMISSIONS)
    .execute();
  const own = rows.filter((one) => one.connection_id === row.id).map(toPermission);
  const isInUse = row.state === 'connected' || row.state === 'degraded';
  const current = isInUse ? own.find(({ endedAt }) => endedAt === undefined) : undefined;
  const ended = rows.filter((one) => one.ended_at !== null && one.account_tid === row.account_tid).map(toPermission);
  const made = forecast({ now: context.clock.now(), current, ended, renewedAt });
  return { ...made, method: current?.method, history: own };
}

function toPermission(row: {
  readonly id: string;
  readonly account_oid: string;
  readonly method: 'device-code' | 'link';
  readonly signed_in_at: Date;
  readonly ended_at: Date | null;
  readonly end_aadsts: number | null;
}): Permission {
  return {
    id: row.id,
    accountOid: row.account_oid,
    method: row.method,
    signedInAt: row.signed_in_at,
    endedAt: row.ended_at ?? undefined,
    endAadsts: row.end_aadsts ?? undefined,
  };
}
