/**
 * A real CUPS with one queue: `cupsd` (Debian: cups) with a configuration, folders and a port of its own, on loopback. The
 * queue prints on a printer that speaks IPP, with CUPS's own filters and backend.
 */
import { execFile, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { endProcess, findFreePort, getProgram, getUserIds, hasEnded, keepLastWords } from './processes.ts';
import { eventually } from './time.ts';

export type Cups = AsyncDisposable & {
  /** The address of the queue as a printer. */
  readonly uri: string;
  /** Any program of cups-client, asked of this server. */
  run(program: string, ...words: string[]): Promise<string>;
  log(): string;
};

const QUEUE = 'office';
const isRoot = process.getuid?.() === 0;

function writeConfiguration(folder: string, port: number): void {
  const inFolder = (name: string) => join(folder, name);
  for (const name of ['etc', 'etc/ppd', 'spool', 'spool/tmp', 'cache', 'run', 'run/certs']) mkdirSync(inFolder(name));
  // Filters and backends run as `lp` when cupsd is root; it reads its folders itself.
  if (isRoot) {
    const { uid, gid } = getUserIds('lp');
    for (const name of ['spool/tmp', 'cache']) chownSync(inFolder(name), uid, gid);
    chmodSync(folder, 0o755);
  }
  writeFileSync(
    inFolder('etc/cups-files.conf'),
    [
      `ServerRoot ${inFolder('etc')}`,
      'DataDir /usr/share/cups',
      'ServerBin /usr/lib/cups',
      `RequestRoot ${inFolder('spool')}`,
      `TempDir ${inFolder('spool/tmp')}`,
      `CacheDir ${inFolder('cache')}`,
      `StateDir ${inFolder('run')}`,
      `AccessLog ${inFolder('access_log')}`,
      `ErrorLog ${inFolder('error_log')}`,
      `PageLog ${inFolder('page_log')}`,
      ...(isRoot ? ['User lp', 'Group lp'] : []),
      'SystemGroup root',
      '',
    ].join('\n'),
  );
  writeFileSync(
    inFolder('etc/cupsd.conf'),
    [
      `Listen 127.0.0.1:${port}`,
      'Browsing No',
      'WebInterface No',
      'DefaultAuthType None',
      'LogLevel debug',
      'PreserveJobHistory Yes',
      '<Location />',
      'Order allow,deny',
      'Allow localhost',
      '</Location>',
      '<Policy default>',
      '<Limit All>',
      'Order deny,allow',
      'Allow localhost',
      '</Limit>',
      '</Policy>',
      '',
    ].join('\n'),
  );
}

/** Starts CUPS with a queue for the printer at `printerUri`; disposing ends it and removes its folder. */
export async function startCups(printerUri: string): Promise<Cups> {
  await using undo = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'cups-'));
  undo.defer(() => rmSync(folder, { recursive: true, force: true }));
  const port = await findFreePort();
  writeConfiguration(folder, port);
  const words = ['-f', '-c', join(folder, 'etc/cupsd.conf'), '-s', join(folder, 'etc/cups-files.conf')];
  const cupsd = spawn(getProgram('cupsd', 'cups'), words, { stdio: ['ignore', 'pipe', 'pipe'] });
  undo.defer(() => endProcess(cupsd));
  const lastWords = keepLastWords(cupsd);
  const log = () => {
    try {
      return readFileSync(join(folder, 'error_log'), 'utf8').slice(-8_192);
    } catch {
      // It has not written anything yet.
      return '';
    }
  };
  const run = async (program: string, ...rest: string[]) => {
    const path = getProgram(program, 'cups');
    const { stdout } = await promisify(execFile)(path, ['-h', `127.0.0.1:${port}`, ...rest], { timeout: 60_000 });
    return stdout;
  };
  await eventually(
    async () => {
      if (hasEnded(cupsd)) throw new Error(`cupsd ended: ${lastWords()} ${log()}`);
      return await run('lpstat', '-r').then(
        (words) => words.includes('is running'),
        () => false,
      );
    },
    { timeoutMs: 60_000, what: 'cupsd answers' },
  );
  await run('lpadmin', '-p', QUEUE, '-E', '-v', printerUri, '-m', 'everywhere');
  // The queue answers before it has read what its printer can do.
  const knowsItsPaper = () => run('lpoptions', '-p', QUEUE, '-l').then((words) => /^PageSize\b.*\bA4\b/m.test(words));
  await eventually(knowsItsPaper, { timeoutMs: 60_000, what: 'the queue knows the paper of its printer' });
  const opened = undo.move();
  return {
    uri: `ipp://127.0.0.1:${port}/printers/${QUEUE}`,
    run,
    log,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
