/**
 * Whom the benchmarks measure and against whom: the real server as a process with its embedded database, a Dovecot, an
 * `ippeveprinter`, and the practice tenant as its Microsoft. The mailbox is read over TLS with a token that Dovecot has
 * introspected; jobs are held, so that printing disturbs nothing unless it is asked for.
 */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPracticeTenant } from '../simulator/main.ts';
import { type Dovecot, startDovecot } from '../test/harness/dovecot.ts';
import { type IppEvePrinter, startIppEvePrinter } from '../test/harness/ippeveprinter.ts';
import { KNOWN_SENDERS, PRINT_ROOM, writeMail } from '../test/harness/mail.ts';
import type { Peers } from '../test/harness/peers.ts';
import { embeddedOptions, Stage, StageNode } from '../test/harness/stage.ts';
import { eventually } from '../test/harness/time.ts';

export { PRINT_ROOM };
/** Of the mailboxes that the programs compared with Platen read; those know no XOAUTH2. */
export const MAIL_PASSWORD = 'bench';
/** The PDF of every mail and of every print. */
export const DOCUMENT_BYTES = 100 * 1024;

/** Puts something between Platen and the mail server: takes the server's port and answers its own. */
export type Between = (port: number) => Promise<{ readonly port: number } & AsyncDisposable>;

export type World = AsyncDisposable & {
  readonly stage: Stage;
  readonly node: StageNode;
  readonly dovecot: Dovecot;
  readonly printer: IppEvePrinter;
  readonly ca: string;
  readonly caPath: string;
  readonly mailboxId: string;
  readonly pid: () => number;
};

export type WorldOptions = {
  readonly between?: Between;
  /** Where the server leaves a profile of its processor time when it ends; profiling costs some of that time. */
  readonly profileDir?: string | undefined;
};

/** Starts everything and returns when the mailbox is being watched. */
export async function openWorld({ between, profileDir }: WorldOptions = {}): Promise<World> {
  await using undo = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'platen-bench-'));
  undo.defer(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  // The embedded database runs as a system user of its own and must pass through.
  chmodSync(directory, 0o755);
  mkdirSync(join(directory, 'spool'), { mode: 0o700 });
  const others = await openOthers(undo, directory, between);
  const { peers, dovecot, printer } = others;
  const { ca, caPath } = peers.practice.certificates;
  const node = new StageNode('bench', join(directory, 'data'), {
    PLATEN_SPOOL_DIR: join(directory, 'spool'),
    PLATEN_CLOUDS_FILE: peers.cloudsFile,
    PLATEN_LOG_LEVEL: 'warn',
    NODE_EXTRA_CA_CERTS: caPath,
    ...(profileDir === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileDir}` }),
  });
  undo.defer(() => node.close());
  const databaseOptions = () => embeddedOptions(node.dataDir);
  const stage = new Stage({ directory, peers, nodes: [node], databaseOptions });
  await node.start();
  await stage.firstRun();
  const connectionId = await stage.connect();
  const mailboxId = await setUp(stage, connectionId);
  const pid = () => node.process.pid;
  const opened = undo.move();
  const close = () => opened.disposeAsync();
  return { stage, node, dovecot, printer, ca, caPath, mailboxId, pid, [Symbol.asyncDispose]: close };
}

async function openOthers(undo: AsyncDisposableStack, directory: string, between: Between | undefined) {
  const practice = await startPracticeTenant();
  undo.defer(() => practice.close());
  practice.tenant.settings.intervalSeconds = 1;
  const { cert, key, ca } = practice.certificates;
  const introspection = { url: `${practice.authority}/introspect`, ca };
  const dovecot = await startDovecot({ tls: { cert, key }, introspection, password: MAIL_PASSWORD });
  undo.defer(() => dovecot.close());
  const line = between === undefined ? undefined : undo.use(await between(dovecot.ports.imaps));
  const printer = await startIppEvePrinter();
  undo.defer(() => printer.close());
  const cloudsFile = join(directory, 'clouds.json');
  const { practice: cloud } = JSON.parse(readFileSync(practice.cloudsFile, 'utf8')) as { practice: object };
  const imap = { host: 'localhost', port: line?.port ?? dovecot.ports.imaps, security: 'tls' };
  writeFileSync(cloudsFile, JSON.stringify({ practice: { ...cloud, imap } }));
  const peers: Peers = {
    kind: 'real',
    practice,
    cloudsFile,
    printerUri: printer.uri,
    deliver: (address, message) => dovecot.deliver(address, message),
    listFolder: () => [],
    paper: () => printer.printed(),
    log: () => dovecot.log().slice(-4_000),
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { peers, dovecot, printer };
}

/** A queue that holds, known senders, and a mailbox that is watched. Returns the id of the mailbox. */
async function setUp(stage: Stage, connectionId: string): Promise<string> {
  stage.printerId = String((await stage.api('POST', '/printers', { name: 'Hall', uri: stage.peers.printerUri })).id);
  const queue = { name: 'Office', mode: 'hold', printerIds: [stage.printerId] };
  stage.queueId = String((await stage.api('POST', '/queues', queue)).id);
  for (const email of KNOWN_SENDERS) await stage.api('POST', '/users', { email, name: email, role: 'user' });
  const mailbox = { title: 'Print by e-mail', protocol: 'imap', connectionId, address: PRINT_ROOM };
  const proofPolicy = { unproven: 'accept' };
  const asked = { ...mailbox, proofPolicy, afterIntake: 'move', queueId: stage.queueId };
  const id = String((await stage.api('POST', '/mailboxes', asked)).id);
  await eventually(async () => (await stage.api('GET', `/mailboxes/${id}`)).state === 'connected', {
    timeoutMs: 30_000,
    what: 'the mailbox is watched',
  });
  return id;
}

export type Database = AsyncDisposable & { number(sql: string): Promise<number>; text(sql: string): Promise<string> };

// A worker looks every 2 s whether the settings of its mailbox have changed, and begins anew then.
const SETTINGS_SEEN_MS = 6_000;

/** What comes from now on goes to this queue. */
export async function feedQueue({ stage, mailboxId }: World, queueId: string): Promise<void> {
  await stage.api('PATCH', `/mailboxes/${mailboxId}`, { queueId });
  await sleep(SETTINGS_SEEN_MS);
}

/** A look into the embedded database: one more session of it, so only while something is counted. */
export async function openDatabase(world: World): Promise<Database> {
  const client = new pg.Client(embeddedOptions(world.node.dataDir));
  client.on('error', () => undefined);
  await client.connect();
  const names = new Map<string, string>();
  // Prepared once: the counting must not be what is measured.
  const one = async (sql: string): Promise<unknown> => {
    const name = names.get(sql) ?? `count-${names.size}`;
    names.set(sql, name);
    const { rows } = await client.query({ name, text: sql, rowMode: 'array' });
    return (rows as unknown[][])[0]?.[0];
  };
  return {
    number: async (sql) => Number(await one(sql)),
    text: async (sql) => String(await one(sql)),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

const run = Math.random().toString(36).slice(2, 8);
let mailCount = 0;

/** Delivers mails that nobody has seen before, several at a time, each address the same ones. */
export async function deliverMails(
  dovecot: Dovecot,
  mails: {
    readonly count: number;
    readonly addresses: readonly string[];
    readonly documents?: number;
    readonly bytesEach?: number;
  },
): Promise<void> {
  const { documents = 1, bytesEach = DOCUMENT_BYTES } = mails;
  let left = mails.count;
  const deliverer = async () => {
    while (left-- > 0) {
      mailCount += 1;
      const { message } = writeMail({ mark: `bench-${run}-${mailCount}`, documents, bytesEach });
      for (const address of mails.addresses) await dovecot.deliver(address, message);
    }
  };
  await Promise.all(Array.from({ length: 4 }, deliverer));
}

/** How many messages lie in a folder of a Maildir; folders within others are `.Parent.Child` beside the INBOX. */
export function countMaildir(dovecot: Dovecot, address: string, folder: string): number {
  const maildir = dovecot.maildirOf(address);
  const place = folder === 'INBOX' ? maildir : join(maildir, `.${folder.replaceAll('/', '.')}`);
  return ['new', 'cur'].flatMap((part) => readdirSync(join(place, part))).length;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Says on the error output how far it is: the standard output is for the figures. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
