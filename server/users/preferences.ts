/** How a person wants to see Platen: kept with the person, so that it is the same on every device. */
import { PlatenError } from '../base/errors.ts';
import { record } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import type { Appearance, Density, Language } from '../store/schema.ts';
import { transaction } from '../store/transaction.ts';

export type Preferences = {
  /** Of the pages, and of what Platen writes to the person. */
  readonly language: Language;
  readonly appearance: Appearance;
  readonly density: Density;
  readonly portalLanguage: Language | null;
};

export type PreferencesChange = { readonly [Name in keyof Preferences]?: Preferences[Name] | undefined };

/** Reads the preferences of a person. Throws `not-found`. */
export async function getPreferences(context: Context, userId: string): Promise<Preferences> {
  return preferencesOf(await ofUser(context, userId).executeTakeFirst());
}

/** Changes what is named and leaves the rest as it is; durable when this returns. Throws `not-found`. */
export async function changePreferences(
  context: Context,
  userId: string,
  change: PreferencesChange,
): Promise<Preferences> {
  return await transaction(context, async (context) => {
    // Two devices that change different things at once must not undo each other.
    const before = preferencesOf(await ofUser(context, userId).forUpdate().executeTakeFirst());
    const after: Preferences = {
      language: change.language ?? before.language,
      appearance: change.appearance ?? before.appearance,
      density: change.density ?? before.density,
      portalLanguage: change.portalLanguage === undefined ? before.portalLanguage : change.portalLanguage,
    };
    const { portalLanguage, ...rest } = after;
    await context.db
      .updateTable('users')
      .set({ ...rest, portal_language: portalLanguage })
      .where('id', '=', userId)
      .execute();
    // The language is also that of what Platen writes to the person; light or dark concerns nobody else.
    if (after.language !== before.language) {
      const data = { changed: ['language'] };
      await record(context, 'user-changed', { subjectId: userId, actor: userId, ownerId: userId, data });
    }
    return after;
  });
}

function ofUser(context: Context, userId: string) {
  return context.db
    .selectFrom('users')
    .select(['language', 'appearance', 'density', 'portal_language'])
    .where('id', '=', userId);
}

type Row = Omit<Preferences, 'portalLanguage'> & { readonly portal_language: Language | null };

function preferencesOf(row: Row | undefined): Preferences {
  if (row === undefined) throw new PlatenError('not-found', 'there is no such user');
  const { portal_language: portalLanguage, ...rest } = row;
  return { ...rest, portalLanguage };
}
