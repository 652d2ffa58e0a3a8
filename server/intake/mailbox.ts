/**
 * A mailbox that is watched, and its states.
 *
 *   waiting -> connected      the folder is open
 *   waiting                   its connection is not confirmed, or it is switched off: the problem says which
 *   connected -> failing      the session failed, with reason and advice; it is tried again by itself
 *   failing -> connected      the folder is open again
 */

import type { Selectable } from 'kysely';
import { PlatenError } from '../base/errors.ts';
import { record } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import { checkFence, type Lease } from '../store/leases.ts';
import type { Problem, Schema } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import { type MailboxPolicy, policyOf } from './senders/policy.ts';

export type MailboxRow = Selectable<Schema['mailboxes']>;

/** Where a mailbox is and how it is opened; also of one that is kept nowhere. */
export type MailboxSource = Pick<
  MailboxRow,
  'id' | 'title' | 'protocol' | 'connection_id' | 'server' | 'sealed_password' | 'address' | 'folder' | 'after_intake'
>;

export type MailboxServer = {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
  readonly username: string;
};

export type Mailbox = {
  readonly id: string;
  readonly title: string;
  readonly protocol: 'imap' | 'pop3';
  readonly connectionId: string | undefined;
  /** A server without Microsoft 365; its password is kept sealed and never shown. */
  readonly server: MailboxServer | undefined;
  readonly address: string;
  readonly folder: string;
  readonly pollSeconds: number;
  readonly afterIntake: 'move' | 'delete' | 'keep';
  readonly queueId: string;
  readonly isEnabled: boolean;
  readonly policy: MailboxPolicy;
  readonly state: 'waiting' | 'connected' | 'failing';
  readonly stateSince: Date;
  /** When everything in it was looked at last. */
  readonly lookedAt: Date | undefined;
  readonly problem: Problem | undefined;
  readonly createdAt: Date;
};

export function describeMailbox(row: MailboxRow): Mailbox {
  return {
    id: row.id,
    title: row.title,
    protocol: row.protocol,
    connectionId: row.connection_id ?? undefined,
    server: row.server ?? undefined,
    address: row.address,
    folder: row.folder,
    pollSeconds: row.poll_seconds,
    afterIntake: row.after_intake,
    queueId: row.queue_id,
    isEnabled: row.enabled,
    policy: policyOf(row),
    state: row.state,
    stateSince: row.state_since,
    lookedAt: row.looked_at ?? undefined,
    problem: row.problem ?? undefined,
    createdAt: row.created_at,
  };
}

/**
 * Where a mailbox is read, as one text: for another place, folder apart, all numbers of messages start anew. What is
 * changed back finds the numbers that it had.
 */
export function placeOf({ connection_id, server, address }: MailboxRow): string {
  if (connection_id !== null) return `connection:${connection_id} ${address}`;
  return server === null ? '' : `server:${server.host}:${server.port} ${server.username} ${address}`;
}

/** The sealed password of a mailbox, for a server of which none was given; it goes to no other server or user. */
export function keptPassword(kept: MailboxSource | undefined, server: MailboxServer | undefined): Buffer | null {
  const own = kept?.server ?? undefined;
  if (kept === undefined || own === undefined || server === undefined) return null;
  const isSame = (['host', 'port', 'security', 'username'] as const).every((field) => own[field] === server[field]);
  return isSame ? kept.sealed_password : null;
}

/** Throws `not-found`. */
export async function getMailboxRow(context: Context, id: string): Promise<MailboxRow> {
  const row = await context.db.selectFrom('mailboxes').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new PlatenError('not-found', 'there is no such mailbox');
  return row;
}

export type MailboxState = {
  readonly state: Mailbox['state'];
  readonly problem?: Problem;
  /** All that is in it was looked at right now. */
  readonly hasLooked?: true;
};

/** Moves a mailbox to a state on the strength of its lease; the journal is told when that is a change. */
export async function enterState(
  context: Context,
  watched: { id: string; lease: Lease },
  next: MailboxState,
): Promise<void> {
  await transaction(context, async (context) => {
    await checkFence(context, watched.lease);
    const row = await context.db
      .selectFrom('mailboxes')
      .select(['state', 'problem', 'title'])
      .where('id', '=', watched.id)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return;
    const { state, problem, hasLooked } = next;
    if (hasLooked) {
      await context.db
        .updateTable('mailboxes')
        .set({ looked_at: context.clock.now() })
        .where('id', '=', watched.id)
        .execute();
    }
    if (isSame(row, next)) return;
    await context.db
      .updateTable('mailboxes')
      .set({
        problem: problem === undefined ? null : JSON.stringify(problem),
        ...(state === row.state ? {} : { state, state_since: context.clock.now() }),
      })
      .where('id', '=', watched.id)
      .execute();
    const { code, detail, remote, values } = problem ?? {};
    const told = problem === undefined ? {} : { code, detail, remote, values };
    await record(context, 'mailbox-state-changed', {
      subjectId: watched.id,
      data: { title: row.title, from: row.state, to: state, ...told },
    });
  });
}

function isSame(row: Pick<MailboxRow, 'state' | 'problem'>, next: MailboxState): boolean {
  return (
    row.state === next.state && row.problem?.code === next.problem?.code && row.problem?.remote === next.problem?.remote
  );
}

/** A failure as it is kept and shown. */
export function problemOf(context: Context, error: PlatenError): Problem {
  return {
    code: error.code,
    detail: error.message,
    values: error.values,
    at: context.clock.now().toISOString(),
    ...(error.remote === undefined ? {} : { remote: error.remote }),
    ...(Object.keys(error.facts).length === 0 ? {} : { facts: error.facts }),
  };
}
