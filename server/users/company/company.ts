/** The mail domain of the company: read from the address of the first administrator, unless that said another one. */
import { record } from '../../journal/journal.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';

/** `null` where the first run was before it was asked for. */
export async function readMailDomain(context: Context): Promise<string | null> {
  const row = await context.db
    .selectFrom('installation')
    .select('mail_domain')
    .where('id', '=', 1)
    .executeTakeFirstOrThrow();
  return row.mail_domain;
}

/** Durable when it returns. */
export async function setMailDomain(context: Context, domain: string, actor: string): Promise<void> {
  await transaction(context, async (context) => {
    await context.db.updateTable('installation').set({ mail_domain: domain }).where('id', '=', 1).execute();
    await record(context, 'company-changed', { subjectId: 'company', actor, data: { name: domain } });
  });
}
