/**
 * A real submission server: Postfix (Debian: postfix) with a configuration, a queue, a log and a port of its own. The
 * system's Postfix is neither used nor started. Its master process needs root.
 *
 * With `sasl` it lets in whom a Dovecot lets in, and nobody sends under an address that `logins` does not give him.
 * Without, it takes mail for its own domain from everybody. Accepted mail is delivered to a Maildir, handed over with
 * `lmtpPath`, or kept in the queue with `holds`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { endProcess, findFreePort, getProgram, getUserIds, hasEnded, keepLastWords } from './processes.ts';
import { eventually } from './time.ts';

export type PostfixOptions = {
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly sasl?: {
    /** The socket of a Dovecot that knows who may log in. */
    readonly path: string;
    /** Each address, and the login that it belongs to. */
    readonly logins: Readonly<Record<string, string>>;
    /** When a foreign sender is refused: to MAIL, or to each RCPT as Postfix does unless told otherwise. */
    readonly refuses?: 'mail' | 'rcpt';
  };
  /** Every message stays in the hold queue: accepting it is all that happens. */
  readonly holds?: boolean;
  /** The socket of a Dovecot: accepted mail is handed to it instead of to the Maildir. */
  readonly lmtpPath?: string;
  /** Where the queue lies: a benchmark wants it on the disk of what it is compared with. */
  readonly parent?: string;
};

export type Postfix = {
  readonly host: string;
  readonly port: number;
  /** The messages of all addresses as Postfix delivered them, with what it adds on top; line ends CRLF. */
  delivered(): Buffer[];
  /** How many messages the hold queue has. */
  countHeld(): number;
  log(): string;
  close(): Promise<void>;
};

/** Why Postfix cannot be run here, for the `skip` of a test; false where it can. */
export const withoutRoot = userInfo().uid === 0 ? false : 'the master process of Postfix needs root';

const START_TRIES = 5;
const GREETING_TIMEOUT_MS = 2_000;
const QUEUES = ['active', 'bounce', 'corrupt', 'defer', 'deferred', 'flush', 'hold', 'incoming', 'saved', 'trace'];
const MAX_MESSAGE_BYTES = 50_000_000;
const PROCESSES = 200;

/** A folder that the processes of Postfix pass through, with its queue. */
function prepareFolder(parent: string): string {
  const folder = mkdtempSync(join(parent, 'postfix-'));
  chmodSync(folder, 0o755);
  const { uid, gid } = getUserIds('postfix');
  const nobody = getUserIds('nobody');
  const make = (path: string, owner: { readonly uid: number; readonly gid: number }, mode: number) => {
    mkdirSync(join(folder, path), { mode });
    chownSync(join(folder, path), owner.uid, owner.gid);
  };
  make('queue', { uid: 0, gid: 0 }, 0o755);
  for (const each of QUEUES) make(join('queue', each), { uid, gid }, 0o700);
  make(join('queue', 'pid'), { uid: 0, gid: 0 }, 0o755);
  make(join('queue', 'private'), { uid, gid }, 0o700);
  make(join('queue', 'public'), { uid, gid }, 0o710);
  make('data', { uid, gid }, 0o700);
  make('mail', nobody, 0o700);
  return folder;
}

function mainFile(folder: string, options: PostfixOptions): string {
  const { uid, gid } = getUserIds('nobody');
  return `
compatibility_level = 3.6
queue_directory = ${join(folder, 'queue')}
data_directory = ${join(folder, 'data')}
maillog_file = ${join(folder, 'postfix.log')}
maillog_file_prefixes = ${folder}
myhostname = submission.practice.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
default_transport = error:there is no way out of here
message_size_limit = ${MAX_MESSAGE_BYTES}
virtual_mailbox_limit = 0
virtual_mailbox_domains = practice.example
virtual_mailbox_base = ${join(folder, 'mail')}
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:${uid}
virtual_gid_maps = static:${gid}
virtual_minimum_uid = 1
notify_classes =
smtpd_peername_lookup = no
local_header_rewrite_clients =
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
${options.lmtpPath === undefined ? '' : `virtual_transport = lmtp:unix:${options.lmtpPath}`}
${options.holds === true ? 'smtpd_client_restrictions = check_client_access static:HOLD' : ''}
${options.tls === undefined ? '' : encryption(folder, options.tls)}
${options.sasl === undefined ? 'smtpd_relay_restrictions = reject_unauth_destination' : signIn(folder, options.sasl)}
`;
}

function encryption(folder: string, { cert, key }: NonNullable<PostfixOptions['tls']>): string {
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key, { mode: 0o600 });
  return `smtpd_tls_cert_file = ${join(folder, 'cert.pem')}
smtpd_tls_key_file = ${join(folder, 'key.pem')}
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes`;
}

function signIn(folder: string, { path, logins, refuses = 'rcpt' }: NonNullable<PostfixOptions['sasl']>): string {
  const file = join(folder, 'logins');
  const lines = Object.entries(logins).map(([address, login]) => `${address} ${login}`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return `smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = ${path}
smtpd_sender_login_maps = texthash:${file}
smtpd_sender_restrictions = reject_sender_login_mismatch
smtpd_delay_reject = ${refuses === 'mail' ? 'no' : 'yes'}
smtpd_relay_restrictions = permit_sasl_authenticated, reject`;
}

/** Name, kind, private, unprivileged, chroot, wake-up, most processes, program: the columns of master(5). */
function masterFile(port: number): string {
  return `
127.0.0.1:${port} inet n - n - ${PROCESSES} smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
flush unix n - n - 0 flush
tlsmgr unix - - n - 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
`;
}

async function startMaster(folder: string, options: PostfixOptions) {
  // The programs lie beside the folder of the commands on no path.
  const program = join(dirname(getProgram('postfix', 'postfix')), '..', 'lib', 'postfix', 'sbin', 'master');
  writeFileSync(join(folder, 'main.cf'), mainFile(folder, options));
  for (let tries = 1; ; tries += 1) {
    const port = await findFreePort();
    writeFileSync(join(folder, 'master.cf'), masterFile(port));
    const master = spawn(program, ['-c', folder, '-d'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const lastWords = keepLastWords(master);
    const words = () => `${lastWords()}${readLog(folder)}`;
    const isReady = async () => hasEnded(master) || (await greets(port));
    await eventually(isReady, { what: 'Postfix greets' }).catch(async (error: unknown) => {
      await endProcess(master);
      throw new Error(`Postfix does not greet: ${words()}`, { cause: error });
    });
    if (!hasEnded(master)) return { master, port };
    if (tries === START_TRIES || !words().includes('in use')) throw new Error(`Postfix does not start: ${words()}`);
  }
}

/** The master listens long before a process greets. */
function greets(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.setTimeout(GREETING_TIMEOUT_MS, () => socket.destroy());
    socket.once('data', (chunk) => {
      resolve(chunk.toString('latin1').startsWith('220 '));
      socket.end('QUIT\r\n');
    });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}

function readLog(folder: string): string {
  try {
    return readFileSync(join(folder, 'postfix.log'), 'utf8');
  } catch {
    return ''; // nothing was logged yet
  }
}

function readMaildir(place: string): Buffer[] {
  // It comes into being with its first message.
  if (!existsSync(place)) return [];
  const names = readdirSync(place).sort();
  return names.map((name) => Buffer.from(readFileSync(join(place, name), 'latin1').replaceAll('\n', '\r\n'), 'latin1'));
}

/** The hold queue has folders within folders where it is hashed. */
function countHeld(folder: string): number {
  const entries = readdirSync(join(folder, 'queue', 'hold'), { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).length;
}

async function end(master: ChildProcess, folder: string): Promise<void> {
  await endProcess(master);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Starts Postfix and waits until it greets. `close` ends it and removes its folder with all mail. */
export async function startPostfix(options: PostfixOptions = {}): Promise<Postfix> {
  if (withoutRoot) throw new Error(withoutRoot);
  const folder = prepareFolder(options.parent ?? tmpdir());
  const started = await startMaster(folder, options).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    throw error;
  });
  return {
    host: '127.0.0.1',
    port: started.port,
    delivered: () => readMaildir(join(folder, 'mail', 'all', 'new')),
    countHeld: () => countHeld(folder),
    log: () => readLog(folder),
    close: () => end(started.master, folder),
  };
}
