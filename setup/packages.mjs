// Installs Debian packages that a task needs, or says which command does it and stops.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';

/** Returns when all are installed; ends the process with the exact command when it may not install them. */
export function installSystemPackages(names) {
  if (names.length === 0) return;
  if (!existsSync('/usr/bin/dpkg-query')) {
    explainOtherSystems(names);
    return;
  }
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing];
  const prefix = process.getuid() === 0 ? [] : maySudo() ? ['sudo', '-n'] : undefined;
  if (prefix === undefined) {
    console.error(
      `These system packages are missing: ${missing.join(' ')}\nInstall them with:\n\n  sudo ${install.join(' ')}\n`,
    );
    process.exit(1);
  }
  console.log(`Installing system packages: ${missing.join(' ')} …`);
  withoutServices(prefix, () => {
    if (attempt([...prefix, ...install])) return;
    // The package lists of a fresh machine may be empty or old.
    attempt([...prefix, 'apt-get', 'update', '-q']);
    if (!attempt([...prefix, ...install])) {
      console.error(`The packages could not be installed. Try it by hand:\n\n  sudo ${install.join(' ')}\n`);
      process.exit(1);
    }
  });
}

/** Says which packages would let more kinds of documents be printed, and the command that installs them. */
export function nameMissingPackages(names) {
  if (!existsSync('/usr/bin/dpkg-query')) return;
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  console.log(
    `Office documents, pages, texts and some pictures are not printed until these packages are installed:\n\n  sudo apt-get install -y --no-install-recommends ${missing.join(' ')}\n`,
  );
}

function isInstalled(name) {
  const answer = spawnSync('dpkg-query', ['-W', '-f', `$\{Status}`, name], { encoding: 'utf8' });
  return answer.status === 0 && answer.stdout.includes('install ok installed');
}

function maySudo() {
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
}

function attempt([program, ...options]) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const answer = spawnSync(program, options, { env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (answer.status !== 0)
    console.error(`${answer.stdout ?? ''}${answer.stderr ?? ''}`.trim().split('\n').slice(-5).join('\n'));
  return answer.status === 0;
}

/** Mail and database servers are wanted as programs for the tests; the system's own instances must not be started. */
function withoutServices(prefix, work) {
  const policy = '/usr/sbin/policy-rc.d';
  if (prefix.length > 0 || existsSync(policy)) return work();
  spawnSync('/bin/sh', ['-c', `printf '#!/bin/sh\\nexit 101\\n' > ${policy} && chmod 755 ${policy}`]);
  const restore = () => spawnSync('rm', ['-f', policy]);
  process.once('exit', restore);
  work();
  process.removeListener('exit', restore);
  restore();
}

function explainOtherSystems(names) {
  console.log(`On this system Platen cannot install packages by itself. It expects: ${names.join(' ')}.`);
}
