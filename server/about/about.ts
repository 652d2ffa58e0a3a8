/**
 * About this Platen: what runs here, what it is made of, and the lines that a report of a problem needs.
 *
 * Promises: nothing in it is a secret, an address or a name that somebody gave; it can be pasted anywhere.
 */
import { release, type } from 'node:os';
import { sql } from 'kysely';
import { type KeyFileState, lookAtKeyFile } from '../base/secrets.ts';
import { readVersion } from '../base/version.ts';
import { readConversionState } from '../conversion/conversion.ts';
import { type Overview, readOverview } from '../overview/overview.ts';
import type { Context } from '../store/database.ts';
import { LATEST } from '../store/migrate.ts';

export type About = {
  readonly version: string;
  readonly node: string;
  readonly postgresql: string;
  /** Whether Platen runs the database itself. */
  readonly isEmbedded: boolean;
  readonly system: string;
  readonly migration: string;
  readonly startedAt: Date;
  /** In English, as whoever helps reads it. */
  readonly report: string;
};

export type KeyFile = {
  readonly file: string;
  /** Of the key that this node has sealed with since it started. */
  readonly fingerprint: string;
  readonly state: KeyFileState;
};

/** Reads all of it as of now. */
export async function readAbout(context: Context): Promise<About> {
  const version = readVersion();
  const [postgresql, conversion, overview] = await Promise.all([
    readServerVersion(context),
    readConversionState(context),
    readOverview(context),
  ]);
  const about = {
    version,
    node: process.versions.node,
    postgresql,
    isEmbedded: context.settings.databaseUrl === undefined,
    system: `${type()} ${release()}, ${process.arch}`,
    migration: LATEST,
    startedAt: new Date(context.clock.now().getTime() - Math.round(process.uptime() * 1000)),
  };
  const { level, canary, missingPackages } = conversion;
  const missing = missingPackages.length === 0 ? 'none' : missingPackages.join(', ');
  const report = [
    `Platen ${version}, schema ${about.migration}`,
    `Node ${about.node}, ${about.system}`,
    `PostgreSQL ${postgresql}, ${about.isEmbedded ? 'embedded' : 'external'}`,
    `Started ${about.startedAt.toISOString()}`,
    `Sandbox level ${level}, canary ${canary}, missing packages: ${missing}`,
    ...tellOverview(overview),
  ].join('\n');
  return { ...about, report };
}

/** What stands in front of the key file now. Its content is told to nobody. */
export function readKeyFile(context: Context): KeyFile {
  const { fingerprint } = context.secrets;
  return { file: context.settings.keyFile, fingerprint, state: lookAtKeyFile(context.settings.keyFile, fingerprint) };
}

async function readServerVersion(context: Context): Promise<string> {
  const answer = await sql<{ version: string }>`SELECT current_setting('server_version') AS version`.execute(
    context.db,
  );
  return answer.rows[0]?.version ?? '';
}

/** Counts and codes alone: the names of things and the words of other servers stay here. */
function tellOverview({ verdict, faults, mailToPaper, scanToMail }: Overview): string[] {
  const { mailboxes, printers, jobs } = mailToPaper;
  const counts = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ');
  return [
    `Verdict: ${verdict}`,
    `Mailboxes: ${counts(mailboxes)}`,
    `Jobs: ${counts(jobs)}`,
    `Printers: ${counts(printers)}`,
    `Devices: ${scanToMail.devices}`,
    `Outbox: ${counts(scanToMail.outbox)}, outgoing server ${scanToMail.outgoing}`,
    ...faults.map(({ severity, kind, problem, since }) =>
      [`Fault: ${severity}, ${kind}`, problem?.code, since === undefined ? undefined : `since ${since.toISOString()}`]
        .filter((part) => part !== undefined)
        .join(', '),
    ),
  ];
}
