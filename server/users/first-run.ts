/**
 * The first run: whoever shows the one-time set-up token becomes the first administrator.
 *
 * It is due from the migration until one administrator was made, and then closed for good: `completed_at` is never
 * cleared, so a database that was restored without an administrator does not open the door again.
 */
import { sql } from 'kysely';
import { PlatenError } from '../base/errors.ts';
import { digestToken, newToken } from '../base/secrets.ts';
import { record } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import type { Language } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';
import { addressBuckets, assertMayGuess, countGuess } from './attempts.ts';
import { assertStrongPassword, hashPassword } from './passwords.ts';
import { insertUser } from './user.ts';

/** Short ones could be guessed over the network. */
const MIN_SETUP_TOKEN_CHARS = 16;

export type FirstRun =
  | { readonly due: false; readonly setupToken?: undefined }
  | { readonly due: true; readonly setupToken: string };

export type FirstAdministrator = {
  readonly email: string;
  readonly name: string;
  readonly password: string;
  readonly language: Language;
  /** Of the company; without it that of the address. */
  readonly mailDomain?: string | undefined;
};

/** What allows somebody to do it: the token, or standing at the machine with the data directory in reach. */
export type FirstRunProof =
  | { readonly kind: 'console' }
  | { readonly kind: 'setup-token'; readonly token: string; readonly remoteAddress: string };

export async function isFirstRunDue(context: Context): Promise<boolean> {
  const row = await context.db
    .selectFrom('installation')
    .select('completed_at')
    .where('id', '=', 1)
    // Users without a completed first run come from a database that was put together by hand: better closed.
    .where(({ not, exists, selectFrom }) => not(exists(selectFrom('users').select('id'))))
    .executeTakeFirst();
  return row !== undefined && row.completed_at === null;
}

/** Makes the set-up token and keeps its digest; one that an earlier start printed is no longer valid. */
export async function makeSetupToken(context: Context): Promise<FirstRun> {
  if (!(await isFirstRunDue(context))) return { due: false };
  const chosen = context.settings.setupToken;
  if (chosen !== undefined && chosen.length < MIN_SETUP_TOKEN_CHARS) {
    throw new PlatenError('invalid-setting', `PLATEN_SETUP_TOKEN is shorter than ${MIN_SETUP_TOKEN_CHARS} characters`, {
      values: { name: 'PLATEN_SETUP_TOKEN' },
    });
  }
  const setupToken = chosen ?? newToken();
  const kept = await context.db
    .updateTable('installation')
    .set({ setup_token_digest: digestToken(setupToken) })
    .where('completed_at', 'is', null)
    .executeTakeFirst();
  return kept.numUpdatedRows > 0n ? { due: true, setupToken } : { due: false };
}

/**
 * Makes the first administrator and closes the first run, in one transaction: of many at once exactly one succeeds.
 * Throws `setup-closed`, `setup-token-wrong`, `too-many-attempts` or `password-too-weak`.
 */
export async function makeFirstAdministrator(
  context: Context,
  administrator: FirstAdministrator,
  proof: FirstRunProof,
): Promise<string> {
  if (!(await isFirstRunDue(context))) throw setupClosed();
  if (proof.kind === 'setup-token') await assertSetupToken(context, proof);
  assertStrongPassword(administrator.password, administrator.email);
  const passwordHash = await hashPassword(administrator.password);
  return await transaction(context, async (context) => {
    let closing = context.db
      .updateTable('installation')
      .set({ completed_at: context.clock.now(), setup_token_digest: null, mail_domain: domainOf(administrator) })
      .where('completed_at', 'is', null);
    if (proof.kind === 'setup-token') closing = closing.where('setup_token_digest', '=', digestToken(proof.token));
    const closed = await closing.executeTakeFirst();
    if (closed.numUpdatedRows === 0n) throw await whyNotClosed(context);
    const { email, name, language } = administrator;
    const id = await insertUser(context, { email, name, language, role: 'administrator', passwordHash, addresses: [] });
    await record(context, 'first-run-completed', { subjectId: id, actor: id, data: { by: proof.kind } });
    return id;
  });
}

const domainOf = ({ email, mailDomain }: FirstAdministrator) =>
  mailDomain ?? email.slice(email.lastIndexOf('@') + 1).toLowerCase();

async function assertSetupToken(
  context: Context,
  proof: { readonly token: string; readonly remoteAddress: string },
): Promise<void> {
  const buckets = addressBuckets(proof.remoteAddress);
  await assertMayGuess(context, buckets);
  // Both sides are digests, so the time that the comparison takes tells nothing about the token.
  const row = await context.db
    .selectFrom('installation')
    .select(sql<boolean>`true`.as('matches'))
    .where('setup_token_digest', '=', digestToken(proof.token))
    .executeTakeFirst();
  if (row !== undefined) return;
  const refusal = await whyNotClosed(context);
  if (refusal.code === 'setup-token-wrong') await countGuess(context, buckets);
  throw refusal;
}

/** Somebody else was first, or the token is not the one of the latest start. */
async function whyNotClosed(context: Context): Promise<PlatenError> {
  if (!(await isFirstRunDue(context))) return setupClosed();
  return new PlatenError('setup-token-wrong', 'the set-up token is not the one that was printed');
}

function setupClosed(): PlatenError {
  return new PlatenError('setup-closed', 'the first administrator has been made already');
}
