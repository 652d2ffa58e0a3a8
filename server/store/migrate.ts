/** Brings the schema up to date: forward only, under a lock, each migration once. */
import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { PlatenError } from '../base/errors.ts';
import type { Db } from './database.ts';
import * as theThread from './migrations/0001-the-thread.ts';
import * as outgoingMail from './migrations/0002-outgoing-mail.ts';
import * as outgoingRetention from './migrations/0003-outgoing-retention.ts';
import * as preparedDocuments from './migrations/0004-prepared-documents.ts';
import * as pop3 from './migrations/0005-pop3.ts';
import * as whoMayPrint from './migrations/0006-who-may-print.ts';
import * as release from './migrations/0007-release.ts';
import * as documentsAndReplies from './migrations/0008-documents-and-replies.ts';
import * as microsoftSide from './migrations/0009-microsoft-side.ts';
import * as permissions from './migrations/0012-permissions.ts';
import * as wishes from './migrations/0014-wishes.ts';
import * as overview from './migrations/0018-overview.ts';
import * as replies from './migrations/0021-replies.ts';
import * as handOver from './migrations/0022-hand-over.ts';
import * as uploads from './migrations/0023-uploads.ts';
import * as finding from './migrations/0026-finding.ts';
import * as preferences from './migrations/0027-preferences.ts';
import * as supplies from './migrations/0028-supplies.ts';
import * as wantedFirst from './migrations/0029-wanted-first.ts';
import * as loginEnds from './migrations/0030-login-ends.ts';
import * as deviceFaults from './migrations/0031-device-faults.ts';
import * as pagesPrinted from './migrations/0032-pages-printed.ts';
import * as prepareTries from './migrations/0033-prepare-tries.ts';
import * as leaving from './migrations/0034-leaving.ts';
import * as returned from './migrations/0035-returned.ts';
import * as turns from './migrations/0036-turns.ts';
import * as connectionUses from './migrations/0038-connection-uses.ts';
import * as sessionsAndLooks from './migrations/0039-sessions-and-looks.ts';
import * as namesAndWays from './migrations/0040-names-and-ways.ts';
import * as intakeRules from './migrations/0041-intake-rules.ts';
import * as groups from './migrations/0042-groups.ts';
import * as deviceRecipients from './migrations/0043-device-recipients.ts';
import * as outside from './migrations/0044-outside.ts';
import * as pagesAsJobs from './migrations/0045-pages-as-jobs.ts';
import * as oneOwner from './migrations/0046-one-owner.ts';
import * as pagesDrawn from './migrations/0049-pages-drawn.ts';

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-the-thread': theThread,
  '0002-outgoing-mail': outgoingMail,
  '0003-outgoing-retention': outgoingRetention,
  '0004-prepared-documents': preparedDocuments,
  '0005-pop3': pop3,
  '0006-who-may-print': whoMayPrint,
  '0007-release': release,
  '0008-documents-and-replies': documentsAndReplies,
  '0009-microsoft-side': microsoftSide,
  '0012-permissions': permissions,
  '0014-wishes': wishes,
  '0018-overview': overview,
  '0021-replies': replies,
  '0022-hand-over': handOver,
  '0023-uploads': uploads,
  '0026-finding': finding,
  '0027-preferences': preferences,
  '0028-supplies': supplies,
  '0029-wanted-first': wantedFirst,
  '0030-login-ends': loginEnds,
  '0031-device-faults': deviceFaults,
  '0032-pages-printed': pagesPrinted,
  '0033-prepare-tries': prepareTries,
  '0034-leaving': leaving,
  '0035-returned': returned,
  '0036-turns': turns,
  '0038-connection-uses': connectionUses,
  '0039-sessions-and-looks': sessionsAndLooks,
  '0040-names-and-ways': namesAndWays,
  '0041-intake-rules': intakeRules,
  '0042-groups': groups,
  '0043-device-recipients': deviceRecipients,
  '0044-outside': outside,
  '0045-pages-as-jobs': pagesAsJobs,
  '0046-one-owner': oneOwner,
  '0049-pages-drawn': pagesDrawn,
};

/** PostgreSQL 15 is the oldest that the queries are tested on. */
const OLDEST_SERVER = 150000;

/** The newest migration that this Platen knows. */
export const LATEST = Object.keys(MIGRATIONS).sort().at(-1) ?? '';

/**
 * Runs what is missing, up to the latest migration unless another is named. Nodes that start together wait for each
 * other. Throws `database-too-new` when the database has migrations that this Platen does not know, or when it does
 * not know the one that is named.
 */
export async function migrate(db: Db, upTo: string = LATEST): Promise<void> {
  if (!(upTo in MIGRATIONS)) throw tooNew(upTo);
  await refuseOldServer(db);
  const done = await readDone(db);
  const unknown = done.find((name) => !(name in MIGRATIONS));
  if (unknown !== undefined) throw tooNew(unknown);
  // The migrator looks at the whole catalog before it finds that nothing is to be done: a sixth of a second on a busy machine.
  if (upTo === LATEST && done.length === Object.keys(MIGRATIONS).length) return;
  const migrator = new Migrator({
    db: db as unknown as Kysely<unknown>,
    provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) },
  });
  const { error } = upTo === LATEST ? await migrator.migrateToLatest() : await migrator.migrateTo(upTo);
  if (error !== undefined) throw error;
}

/** Whether a Platen has used this database before. */
export async function hasSchema(db: Db): Promise<boolean> {
  const answer = await sql<{ found: boolean }>`SELECT to_regclass('kysely_migration') IS NOT NULL AS found`.execute(db);
  return answer.rows[0]?.found === true;
}

function tooNew(name: string): PlatenError {
  return new PlatenError('database-too-new', `the database has the migration ${name}, which is not known here`);
}

async function refuseOldServer(db: Db): Promise<void> {
  const answer = await sql<{ version: number }>`SELECT current_setting('server_version_num')::int AS version`.execute(
    db,
  );
  const version = answer.rows[0]?.version ?? 0;
  if (version < OLDEST_SERVER) {
    throw new PlatenError('invalid-setting', `PostgreSQL ${Math.floor(version / 10000)} is too old; 15 is needed`, {
      values: { name: 'DATABASE_URL' },
    });
  }
}

/** The names of the migrations that the database has. */
async function readDone(db: Db): Promise<string[]> {
  if (!(await hasSchema(db))) return [];
  const done = await sql<{ name: string }>`SELECT name FROM kysely_migration`.execute(db);
  return done.rows.map(({ name }) => name);
}
