/** The network settings: who Platen writes as, and the server that mail leaves through. One row. */
import { PlatenError } from '../base/errors.ts';
import { record } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import type { ClassicServer, Problem } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import { type ConnectionRow, lockRow, toProblem } from './connection.ts';

export type NetworkSettings = {
  readonly senderEmail: string | undefined;
  readonly senderName: string | undefined;
  readonly outgoing: Outgoing | undefined;
};

type Outgoing =
  | { readonly kind: 'connection'; readonly connectionId: string }
  | { readonly kind: 'classic'; readonly server: ClassicServer; readonly hasPassword: boolean };

/** As they are written: of a classic server the password is given, kept (absent) or taken away (`null`). */
export type NewNetworkSettings = {
  readonly senderEmail: string | undefined;
  readonly senderName: string | undefined;
  readonly outgoing:
    | { readonly kind: 'connection'; readonly connectionId: string }
    | { readonly kind: 'classic'; readonly server: ClassicServer; readonly password?: string | null }
    | undefined;
};

export type OutgoingServer =
  | { readonly kind: 'none' }
  | { readonly kind: 'waiting'; readonly problem: Problem }
  | { readonly kind: 'connection'; readonly connectionId: string; readonly mailbox: string }
  | { readonly kind: 'classic'; readonly server: ClassicServer; readonly password: string | undefined };

const PASSWORD_BINDING = 'network_settings/1/sealed_password';

export async function readNetworkSettings(context: Context): Promise<NetworkSettings> {
  const row = await context.db.selectFrom('network_settings').selectAll().where('id', '=', 1).executeTakeFirst();
  return {
    senderEmail: row?.sender_email ?? undefined,
    senderName: row?.sender_name ?? undefined,
    outgoing: outgoingOf(row),
  };
}

type Row = {
  readonly outgoing_connection_id: string | null;
  readonly classic_server: ClassicServer | null;
  readonly sealed_password: Buffer | null;
};

function outgoingOf(row: Row | undefined): Outgoing | undefined {
  if (row?.outgoing_connection_id) return { kind: 'connection', connectionId: row.outgoing_connection_id };
  if (row?.classic_server) {
    return { kind: 'classic', server: row.classic_server, hasPassword: row.sealed_password !== null };
  }
  return undefined;
}

export async function writeNetworkSettings(context: Context, next: NewNetworkSettings, actor: string): Promise<void> {
  await transaction(context, async (context) => {
    const { outgoing } = next;
    if (outgoing?.kind === 'connection') await lockRow(context, outgoing.connectionId);
    const old = await context.db
      .selectFrom('network_settings')
      .select(['classic_server', 'sealed_password'])
      .where('id', '=', 1)
      .forUpdate()
      .executeTakeFirst();
    await context.db
      .updateTable('network_settings')
      .set({
        sender_email: next.senderEmail?.toLowerCase() ?? null,
        sender_name: next.senderName ?? null,
        outgoing_kind: outgoing?.kind ?? null,
        outgoing_connection_id: outgoing?.kind === 'connection' ? outgoing.connectionId : null,
        classic_server: outgoing?.kind === 'classic' ? JSON.stringify(outgoing.server) : null,
        sealed_password: outgoing?.kind === 'classic' ? sealPassword(context, outgoing, old) : null,
      })
      .where('id', '=', 1)
      .execute();
    await record(context, 'network-settings-changed', {
      subjectId: 'network',
      actor,
      data: {
        senderEmail: next.senderEmail ?? null,
        connectionId: outgoing?.kind === 'connection' ? outgoing.connectionId : null,
        host: outgoing?.kind === 'classic' ? outgoing.server.host : null,
      },
    });
  });
}

function sealPassword(
  context: Context,
  outgoing: { readonly server: ClassicServer; readonly password?: string | null },
  old: Omit<Row, 'outgoing_connection_id'> | undefined,
): Buffer | null {
  const { server, password } = outgoing;
  if (typeof password === 'string') return context.secrets.seal(password, PASSWORD_BINDING);
  if (password === null || server.username === null) return null;
  // A kept password never goes to another server or user than the one that it was given for.
  const isSame =
    old?.classic_server?.host === server.host &&
    old.classic_server.port === server.port &&
    old.classic_server.username === server.username &&
    old.classic_server.security === server.security &&
    old.classic_server.verifyCertificate === server.verifyCertificate;
  return isSame ? old.sealed_password : null;
}

/** The password of the classic server; throws `sealed-value-damaged` when the key is not the one it was sealed with. */
export async function readClassicPassword(context: Context): Promise<string | undefined> {
  const row = await context.db
    .selectFrom('network_settings')
    .select('sealed_password')
    .where('id', '=', 1)
    .executeTakeFirst();
  return row?.sealed_password ? context.secrets.open(row.sealed_password, PASSWORD_BINDING) : undefined;
}

/**
 * The sender e-mail must belong to the account that confirmed, unless an expected account was set: then somebody has
 * said that this account writes for another address, and Exchange decides by its right to send as it.
 */
export function findForeignSender(
  context: Context,
  row: ConnectionRow,
  senderEmail: string | undefined,
): Problem | undefined {
  if (senderEmail === undefined || row.expected_account !== null) return undefined;
  if (row.account_addresses.includes(senderEmail)) return undefined;
  const values = { account: row.account_username ?? '', expected: senderEmail };
  const message = 'the sender e-mail is not an address of the account that confirmed the connection';
  return toProblem(context, new PlatenError('wrong-account', message, { values }));
}
