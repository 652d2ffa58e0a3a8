/**
 * A real IMAP, POP3 and LMTP server: Dovecot 2.3 (Debian: dovecot-imapd, dovecot-lmtpd, dovecot-pop3d) with a
 * configuration, a folder and ports of its own. The system's Dovecot is neither used nor started.
 *
 * Who may log in: with XOAUTH2 whoever the introspection address vouches for (RFC 7662), and with the password, where
 * one is given, anybody. Every address is a mailbox; it comes into being with its first message.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endProcess, findFreePort, getProgram, getUserIds, hasEnded, keepLastWords } from './processes.ts';
import { eventually } from './time.ts';

export type DovecotOptions = {
  readonly tls: { readonly cert: string; readonly key: string };
  /** http:// or https:// address that answers token introspection, and the authority it is checked against. */
  readonly introspection?: { readonly url: string; readonly ca?: string };
  /** The field of the introspection answer that must equal the user of the login. */
  readonly usernameField?: string;
  /** Lets every user log in with this password: for programs that know no XOAUTH2, such as benchmarks. */
  readonly password?: string;
  /** Every mailbox answers with these words while its owner is away (RFC 5230; Debian: dovecot-sieve). */
  readonly vacation?: string;
};
export type Dovecot = {
  readonly host: string;
  readonly ports: { readonly imap: number; readonly imaps: number; readonly pop3: number; readonly pop3s: number };
  /** Delivers a message through LMTP; when it returns, the message is in the mailbox. */
  deliver(address: string, message: Buffer | string, sender?: string): Promise<void>;
  /** What mailboxes have answered by themselves, the oldest first. It goes nowhere. */
  answers(): Buffer[];
  /** The socket to which another server hands over mail: Postfix calls it virtual_transport. */
  readonly lmtpPath: string;
  /** The folder of a mailbox on disk, in Maildir format. */
  maildirOf(address: string): string;
  /** The socket on which another server asks who may log in: Postfix calls it smtpd_sasl_path. */
  readonly saslPath: string;
  log(): string;
  close(): Promise<void>;
};
type Ports = Dovecot['ports'];
type Owner = {
  readonly loginUser: string;
  readonly internalUser: string;
  readonly internalGroup: string;
  readonly uid: number; // to whom the mail belongs
  readonly gid: number;
};

const START_TRIES = 5;

function findOwner(): Owner {
  const { uid, gid, username } = userInfo();
  // Dovecot never lets root own mail, so as root the mail belongs to nobody.
  if (uid === 0) {
    return { loginUser: 'dovenull', internalUser: 'dovecot', internalGroup: 'dovecot', ...getUserIds('nobody') };
  }
  const internalGroup = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
  return { loginUser: username, internalUser: username, internalGroup, uid, gid };
}

function listeners(ports: Ports): string {
  // Only root can change its root folder; elsewhere the login processes stay in the ordinary one.
  const place = userInfo().uid === 0 ? '' : '  chroot =';
  const login = (name: string, plain: number, secure: number) => `
service ${name}-login {
${place}
  service_count = 0
  process_min_avail = 1
  inet_listener ${name} {
    port = ${plain}
  }
  inet_listener ${name}s {
    port = ${secure}
    ssl = yes
  }
}`;
  return `${login('imap', ports.imap, ports.imaps)}${login('pop3', ports.pop3, ports.pop3s)}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
service auth {
  unix_listener sasl {
    mode = 0666
  }
}
service anvil {
${place}
  # Without its penalty, a login that fails on purpose does not slow down the tests after it.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
${place}
}`;
}

function authentication(folder: string, options: DovecotOptions, owner: Owner): string {
  const passdbs: string[] = [];
  if (options.introspection) {
    const file = join(folder, 'oauth2.conf');
    const lines = [
      'introspection_mode = post',
      `introspection_url = ${options.introspection.url}`,
      `username_attribute = ${options.usernameField ?? 'username'}`,
      'active_attribute = active',
      'active_value = true',
    ];
    if (options.introspection.ca) {
      writeFileSync(join(folder, 'introspection-ca.pem'), options.introspection.ca);
      lines.push(`tls_ca_cert_file = ${join(folder, 'introspection-ca.pem')}`);
    }
    writeFileSync(file, `${lines.join('\n')}\n`);
    passdbs.push(`passdb {\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = ${file}\n}`);
  }
  if (options.password !== undefined) {
    passdbs.push(`passdb {\n  driver = static\n  mechanisms = plain login\n  args = password=${options.password}\n}`);
  }
  const home = join(folder, 'mail', '%Lu');
  return `${passdbs.join('\n')}
userdb {
  driver = static
  args = uid=${owner.uid} gid=${owner.gid} home=${home} allow_all_users=yes
}
auth_mechanisms = ${[...(options.introspection ? ['xoauth2', 'oauthbearer'] : []), ...(options.password === undefined ? [] : ['plain', 'login'])].join(' ')}`;
}

const SEND_SCRIPT = `#!/bin/sh
file=$(mktemp "$(dirname "$0")/answers/$(date +%s%N)-XXXXXX.part")
cat > "$file" && mv "$file" "\${file%.part}"
`;

/** Sieve with one script for all mailboxes; what it sends becomes a file. */
function vacations(folder: string, words: string | undefined): string {
  if (words === undefined) return '';
  const [script, send] = [join(folder, 'vacation.sieve'), join(folder, 'send')];
  writeFileSync(script, `require ["vacation"];\nvacation :days 1 ${JSON.stringify(words)};\n`);
  writeFileSync(send, SEND_SCRIPT, { mode: 0o755 });
  mkdirSync(join(folder, 'answers'), { recursive: true });
  chmodSync(join(folder, 'answers'), 0o777);
  return `
sendmail_path = ${send}
protocol lmtp {
  mail_plugins = sieve
}
plugin {
  sieve_before = ${script}
}
`;
}

function configure(folder: string, options: DovecotOptions & { readonly ports: Ports; readonly owner: Owner }): string {
  const { owner, ports } = options;
  const file = join(folder, 'dovecot.conf');
  writeFileSync(join(folder, 'cert.pem'), options.tls.cert);
  writeFileSync(join(folder, 'key.pem'), options.tls.key, { mode: 0o600 });
  const text = `
protocols = imap pop3 lmtp
listen = 127.0.0.1
base_dir = ${join(folder, 'run')}
state_dir = ${join(folder, 'state')}
instance_name = platen-test-${ports.imaps}
log_path = ${join(folder, 'dovecot.log')}
default_login_user = ${owner.loginUser}
default_internal_user = ${owner.internalUser}
default_internal_group = ${owner.internalGroup}
first_valid_uid = 1
ssl = yes
ssl_cert = <${join(folder, 'cert.pem')}
ssl_key = <${join(folder, 'key.pem')}
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:~/Maildir
mail_max_userip_connections = 100
postmaster_address = postmaster@localhost
namespace inbox {
  inbox = yes
  separator = /
}
${listeners(ports)}
${authentication(folder, options, owner)}
${vacations(folder, options.vacation)}
`;
  writeFileSync(file, text);
  return file;
}

function prepareFolder(owner: Owner): string {
  const folder = mkdtempSync(join(tmpdir(), 'dovecot-'));
  chmodSync(folder, 0o711); // the users of Dovecot's processes pass through it
  for (const each of ['mail', 'state']) {
    mkdirSync(join(folder, each));
    if (userInfo().uid === 0 && each === 'mail') chownSync(join(folder, each), owner.uid, owner.gid);
  }
  return folder;
}

function tryToConnect(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.on('connect', () => socket.destroy());
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
  });
}

async function startMaster(folder: string, options: DovecotOptions, owner: Owner) {
  for (let tries = 1; ; tries += 1) {
    const [imap, imaps, pop3, pop3s] = [
      await findFreePort(),
      await findFreePort(),
      await findFreePort(),
      await findFreePort(),
    ];
    const ports = { imap, imaps, pop3, pop3s };
    const file = configure(folder, { ...options, ports, owner });
    const program = getProgram('dovecot', 'dovecot-imapd');
    const master = spawn(program, ['-F', '-c', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    const lastWords = keepLastWords(master);
    const isReady = async () => {
      if (hasEnded(master)) return true;
      const sockets = [connect(imaps, '127.0.0.1'), connect(lmtpSocket(folder))];
      return (await Promise.all(sockets.map(tryToConnect))).every(Boolean);
    };
    await eventually(isReady, { what: 'Dovecot listens' }).catch(async (error: unknown) => {
      await endProcess(master);
      throw new Error(`Dovecot does not listen: ${lastWords()}${readLog(folder)}`, { cause: error });
    });
    if (!hasEnded(master)) return { master, ports };
    const words = `${lastWords()}${readLog(folder)}`;
    if (tries === START_TRIES || !words.includes('in use')) throw new Error(`Dovecot does not start: ${words}`);
  }
}

function dotStuffed(message: Buffer | string): Buffer {
  const text = Buffer.isBuffer(message) ? message.toString('latin1') : Buffer.from(message).toString('latin1');
  const lines = text.replace(/\r?\n/g, '\r\n').replace(/^\./gm, '..');
  return Buffer.from(`${lines}${lines.endsWith('\r\n') ? '' : '\r\n'}.\r\n`, 'latin1');
}

/** The shortest LMTP client (RFC 2033): returns when the server has taken the message over, throws its refusal. */
async function deliverByLmtp(
  path: string,
  message: Buffer | string,
  { sender, address }: { readonly sender: string; readonly address: string },
): Promise<void> {
  const socket = connect(path);
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const answer = async (expected: string) => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`the LMTP server went away; ${expected} was expected`);
      if (!value.startsWith(expected)) throw new Error(`the LMTP server answered: ${value}`);
      if (value[3] !== '-') return;
    }
  };
  const ask = async (line: Buffer | string, expected: string) => {
    socket.write(line);
    await answer(expected);
  };
  try {
    await answer('220');
    await ask('LHLO localhost\r\n', '250');
    await ask(`MAIL FROM:<${sender}>\r\n`, '250');
    await ask(`RCPT TO:<${address}>\r\n`, '250');
    await ask('DATA\r\n', '354');
    await ask(dotStuffed(message), '250');
    socket.end('QUIT\r\n');
  } finally {
    socket.destroy();
  }
}

function lmtpSocket(folder: string): string {
  return join(folder, 'run', 'lmtp');
}

function readAnswers(folder: string): Buffer[] {
  const answers = join(folder, 'answers');
  const names = readdirSync(answers).filter((name) => !name.endsWith('.part'));
  return names.sort().map((name) => readFileSync(join(answers, name)));
}

function readLog(folder: string): string {
  try {
    return readFileSync(join(folder, 'dovecot.log'), 'utf8');
  } catch {
    return ''; // nothing was logged yet
  }
}

async function end(master: ChildProcess, folder: string): Promise<void> {
  await endProcess(master);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Starts Dovecot and waits until it listens. `close` ends it and removes its folder with all mail. */
export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  if (!options.introspection && options.password === undefined) throw new Error('nobody could log in');
  const owner = findOwner();
  const folder = prepareFolder(owner);
  const started = await startMaster(folder, options, owner).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  return {
    host: '127.0.0.1',
    ports: started.ports,
    deliver: (address, message, sender = 'sender@localhost') =>
      deliverByLmtp(lmtpSocket(folder), message, { sender, address }),
    answers: () => readAnswers(folder),
    lmtpPath: lmtpSocket(folder),
    maildirOf: (address) => join(folder, 'mail', address.toLowerCase(), 'Maildir'),
    saslPath: join(folder, 'run', 'sasl'),
    log: () => readLog(folder),
    close: () => end(started.master, folder),
  };
}
