/** The system user that runs the embedded database when Platen is started as root: PostgreSQL refuses to be root. */
import { execFile } from 'node:child_process';
import { chown, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { PlatenError } from '../base/errors.ts';

const run = promisify(execFile);

export type SystemUser = { readonly name: string; readonly uid: number; readonly gid: number };

const NAME = 'platen';

/** Finds the system user `platen`, or makes it. Throws `database-start-failed` when the system does not let us. */
export async function findSystemUser(): Promise<SystemUser> {
  const found = await readUser();
  if (found !== undefined) return found;
  try {
    const options = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent'];
    await run('useradd', [...options, '--shell', '/usr/sbin/nologin', NAME], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
  } catch (cause) {
    // Two Platens may start at once on a new machine: the other one may have made it.
    const made = await readUser();
    if (made !== undefined) return made;
    throw new PlatenError('database-start-failed', `the system user ${NAME} could not be made`, {
      cause,
      values: { logFile: '/var/log' },
    });
  }
  const made = await readUser();
  if (made === undefined) throw new PlatenError('database-start-failed', `the system user ${NAME} is missing`);
  return made;
}

async function readUser(): Promise<SystemUser | undefined> {
  const text = await readFile('/etc/passwd', 'utf8');
  const fields = text
    .split('\n')
    .find((line) => line.startsWith(`${NAME}:`))
    ?.split(':');
  const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])];
  return Number.isInteger(uid) && Number.isInteger(gid) && uid > 0 ? { name: NAME, uid, gid } : undefined;
}

/** May this user pass through all folders down to the path? */
export async function canReach(user: SystemUser, path: string): Promise<boolean> {
  try {
    await run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', path], { uid: user.uid, gid: user.gid, env: {}, cwd: '/' });
    return true;
  } catch {
    return false;
  }
}

export async function ownAs(user: SystemUser | undefined, path: string): Promise<void> {
  if (user !== undefined) await chown(path, user.uid, user.gid);
}
