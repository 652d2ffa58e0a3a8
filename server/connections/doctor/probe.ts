/** What a test of a connection is given, and what it says. */
import type { PlatenError } from '../../base/errors.ts';
import type { Cloud } from '../../base/settings.ts';
import type { Context } from '../../store/database.ts';
import type { Use } from '../../store/schema.ts';
import type { ConnectionRow } from '../connection.ts';
import type { Because, TestName } from './report.ts';

export type Facts = Readonly<Record<string, string | number>>;

export type Outcome =
  | { readonly kind: 'passed'; readonly facts?: Facts }
  | { readonly kind: 'failed'; readonly error: PlatenError; readonly facts?: Facts }
  | { readonly kind: 'skipped'; readonly because: Because };

export type CheckWish = {
  /** Sends a real message from the sender e-mail to itself. */
  readonly sendMessage?: boolean;
  /** A mailbox of somebody else that this account reads or writes for. */
  readonly sharedMailbox?: string;
};

/** One run over one connection. What a test learns for the later ones stands in `seen`. */
export type Check = {
  readonly context: Context;
  readonly row: ConnectionRow;
  readonly cloud: Cloud;
  /** What is tested: the uses that were chosen, as far as they were granted. */
  readonly granted: readonly Use[];
  readonly wish: CheckWish;
  readonly startedAt: Date;
  readonly signal: AbortSignal;
  readonly seen: Seen;
};

export type Seen = { clockSkewSeconds?: number; accessToken?: string; deviceCode?: string };

export type Probe = {
  readonly test: TestName;
  /** The use that it is about: where the connection is not for it, the test is not run. */
  readonly use?: Use;
  /** Tests that must have passed before this one means anything. */
  readonly needs: readonly TestName[];
  run(check: Check): Promise<Outcome>;
};

export const passed = (facts?: Facts): Outcome =>
  facts === undefined ? { kind: 'passed' } : { kind: 'passed', facts };
export const failed = (error: PlatenError): Outcome => ({ kind: 'failed', error });
export const skipped = (because: Because): Outcome => ({ kind: 'skipped', because });

/** What the texts of the errors name. */
export function namesOf({ row, wish }: Check) {
  const account = row.account_username ?? '';
  return { account, mailbox: account, address: account, sender: wish.sharedMailbox ?? account, title: row.title };
}
