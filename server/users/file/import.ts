/**
 * Adds the people of a file, each by itself: one that cannot be added does not keep the others, and a second time adds
 * none twice.
 */
import { sql } from 'kysely';
import { PlatenError } from '../../base/errors.ts';
import type { Context } from '../../store/database.ts';
import type { Language } from '../../store/schema.ts';
import { addUser } from '../users.ts';
import { type PersonInFile, type PersonReason, readPeople } from './people.ts';

export type ImportedPerson = Omit<PersonInFile, 'reason' | 'language'> & {
  readonly language: Language;
  /** `new`: would be added; `known`: somebody has this e-mail address already, and nothing of them changes. */
  readonly outcome: 'new' | 'added' | 'known' | 'refused';
  readonly reason: PersonReason | undefined;
};

export type ImportWish = {
  /** Nothing is added: only what would be is answered. */
  readonly isDryRun: boolean;
  /** Of those for whom the file says none. */
  readonly language: Language;
  readonly actor: string;
};

/** Throws `file-unreadable`. What was added is durable when it returns. */
export async function importPeople(context: Context, file: Buffer, wish: ImportWish): Promise<ImportedPerson[]> {
  const people = readPeople(file);
  const owners = await findOwners(context, people);
  const ends: ImportedPerson[] = [];
  for (const person of people) {
    const { language = wish.language, ...same } = person;
    const judged = judge({ ...same, language }, owners);
    const isDue = judged.outcome === 'new' && !wish.isDryRun;
    ends.push(isDue ? await addOne(context, judged, wish.actor) : judged);
  }
  return ends;
}

type Judged = ImportedPerson;

function judge(person: Omit<Judged, 'outcome'>, owners: ReadonlyMap<string, string>): Judged {
  if (person.reason !== undefined) return { ...person, outcome: 'refused' };
  if (owners.has(person.email)) return { ...person, outcome: 'known' };
  if (person.addresses.some((one) => owners.has(one)))
    return { ...person, outcome: 'refused', reason: 'address-taken' };
  return { ...person, outcome: 'new' };
}

async function addOne(context: Context, person: Judged, actor: string): Promise<Judged> {
  const { name, email, role, language, addresses, group } = person;
  try {
    await addUser(context, { name, email, role, language, addresses, group, origin: 'file' }, actor);
    return { ...person, outcome: 'added' };
  } catch (error) {
    // Somebody else has added one with this address meanwhile.
    if (!(error instanceof PlatenError) || error.code !== 'conflict') throw error;
    return { ...person, outcome: 'refused', reason: 'address-taken' };
  }
}

/** To whom which of the addresses belong by now. */
async function findOwners(context: Context, people: readonly PersonInFile[]): Promise<ReadonlyMap<string, string>> {
  const good = people.filter(({ reason }) => reason === undefined);
  const addresses = good.flatMap(({ email, addresses }) => [email, ...addresses]);
  const rows = await context.db
    .selectFrom('user_addresses')
    .select(['address', 'user_id'])
    .where(sql<boolean>`address = ANY (${addresses}::text[])`)
    .execute();
  return new Map(rows.map(({ address, user_id }) => [address, user_id]));
}
