/** The two that intake is compared with: a bare ImapFlow loop, and fetchmail. Both read what stays in the mailbox. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ImapFlow } from 'imapflow';
import { getProgram } from '../test/harness/processes.ts';
import { MAIL_PASSWORD, type World } from './world.ts';

const FETCHMAIL_TIMEOUT_MS = 120_000;

/** Fetches every message of an INBOX whole, one by one, and keeps nothing. Returns the seconds since the login. */
export async function fetchOneByOne(world: World, address: string, expected: number): Promise<number> {
  const client = new ImapFlow({
    host: 'localhost',
    port: world.dovecot.ports.imaps,
    secure: true,
    auth: { user: address, pass: MAIL_PASSWORD },
    logger: false,
    tls: { ca: world.ca },
  });
  client.on('error', () => client.close());
  await client.connect();
  try {
    const startedAt = performance.now();
    await client.mailboxOpen('INBOX');
    const uids = (await client.search({ all: true }, { uid: true })) || [];
    let complete = 0;
    for (const uid of uids) {
      const message = await client.fetchOne(String(uid), { source: true }, { uid: true });
      if (message && (message.source?.length ?? 0) > 0) complete += 1;
    }
    const seconds = (performance.now() - startedAt) / 1000;
    if (complete !== expected) throw new Error(`the bare loop fetched ${complete} of ${expected} messages`);
    return seconds;
  } finally {
    await client.logout();
  }
}

/** Has fetchmail write every message to nowhere and keep it on the server. Returns the seconds of the whole program. */
export async function runFetchmail(world: World, address: string, expected: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'platen-fetchmail-'));
  const settings = [
    'set no bouncemail',
    `poll localhost protocol IMAP service ${world.dovecot.ports.imaps}`,
    `user "${address}" password "${MAIL_PASSWORD}"`,
    `ssl sslcertck sslcertfile "${world.caPath}"`,
    'fetchall keep bsmtp "/dev/null"',
  ];
  const file = join(folder, 'fetchmailrc');
  writeFileSync(file, `${settings.join('\n')}\n`, { mode: 0o600 });
  try {
    const startedAt = performance.now();
    const program = getProgram('fetchmail', 'fetchmail');
    const { stdout } = await promisify(execFile)(program, ['-f', file, '--pidfile', join(folder, 'pid')], {
      env: { HOME: folder, FETCHMAILHOME: folder, PATH: process.env.PATH ?? '' },
      timeout: FETCHMAIL_TIMEOUT_MS,
      maxBuffer: 16 * 1024 * 1024,
    });
    const seconds = (performance.now() - startedAt) / 1000;
    const read = stdout.split('\n').filter((line) => line.startsWith('reading message')).length;
    if (read !== expected) throw new Error(`fetchmail read ${read} of ${expected} messages: ${stdout.slice(-500)}`);
    return seconds;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
