import { PlatenError } from '../base/errors.ts';
import type { Context } from './database.ts';

/**
 * Remembers which master key belongs to this database, and throws `key-file-wrong` when it is started with another:
 * better no start than tokens that cannot be opened, or two nodes that seal with different keys.
 */
export async function checkKey(context: Context): Promise<void> {
  const fingerprint = context.secrets.fingerprint;
  await context.db
    .updateTable('store_facts')
    .set({ key_fingerprint: fingerprint })
    .where('key_fingerprint', 'is', null)
    .execute();
  const facts = await context.db.selectFrom('store_facts').select('key_fingerprint').executeTakeFirst();
  if (facts?.key_fingerprint === fingerprint) return;
  throw new PlatenError('key-file-wrong', 'the key file is not the one that this database was sealed with', {
    values: { file: context.settings.keyFile },
  });
}
