/**
 * A whole world for a journey: the other parties, a database, one or several real server processes over one spool and
 * key file, the first run, a confirmed connection, a printer with a queue, people, and a mailbox that is watched.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { clientOf } from '../../simulator/testing.ts';
import { clientOptions, openTestDatabase, urlOf } from './database.ts';
import { KNOWN_SENDERS, type Mail, PRINT_ROOM, writeMail } from './mail.ts';
import { answerCode, openPeers, type Peers } from './peers.ts';
import { type Answer, type PlatenProcess, startPlatenProcess } from './platen.ts';
import { eventually } from './time.ts';

export const ADMINISTRATOR = { email: 'admin@practice.example', password: 'seven quiet harbour lanterns' };

export type StageOptions = {
  /** Others that a second stage shares are not ended with this one. */
  readonly peers?: Peers['kind'] | Peers;
  /** `external` takes a fresh database on the PostgreSQL of the test run; an address, one that the test may break. */
  readonly database?: 'embedded' | 'external' | { readonly url: string };
  readonly nodes?: number;
  /** Where data directories and spool lie; without it a temporary folder that goes with the stage. */
  readonly directory?: string;
  /** How far it is set up: `ready` is everything, `connected` without mailbox, `administrator` without a connection,
   * `started` before the first run. */
  readonly until?: 'started' | 'administrator' | 'connected' | 'ready';
  /** Further settings of every node. */
  readonly env?: Readonly<Record<string, string>>;
  /** Programs and their options that every node runs under. */
  readonly under?: readonly string[];
};

export type Row = Record<string, unknown>;

export class StageNode {
  readonly name: string;
  readonly dataDir: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #under: readonly string[];
  readonly #earlier: string[] = [];
  #process: PlatenProcess | undefined;

  constructor(name: string, dataDir: string, env: Readonly<Record<string, string>>, under: readonly string[] = []) {
    this.name = name;
    this.dataDir = dataDir;
    this.#env = env;
    this.#under = under;
  }

  get process(): PlatenProcess {
    if (this.#process === undefined) throw new Error(`node ${this.name} does not run`);
    return this.#process;
  }

  get isRunning(): boolean {
    return this.#process !== undefined && !this.#process.hasEnded();
  }

  /** Starts the process; one that `killSignal` kills while it starts is answered with false. */
  async start(options: { readonly killSignal?: AbortSignal } = {}): Promise<boolean> {
    await this.#forget();
    try {
      this.#process = await startPlatenProcess({
        dataDir: this.dataDir,
        env: this.#env,
        under: this.#under,
        ...options,
      });
      return true;
    } catch (error) {
      if (options.killSignal?.aborted) return false;
      throw error;
    }
  }

  async kill(): Promise<void> {
    await this.process.kill();
  }

  /** What the processes of this node have said, the latest last. */
  output(): string {
    return [...this.#earlier, this.#process?.output() ?? ''].join('\n-- the process ended --\n');
  }

  async close(): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    await endDatabase(this.dataDir);
  }

  async #forget(): Promise<void> {
    if (this.#process === undefined) return;
    await this.#process[Symbol.asyncDispose]();
    this.#earlier.push(this.#process.output());
    this.#process = undefined;
  }
}

type Setup = {
  readonly directory: string;
  readonly peers: Peers;
  readonly nodes: readonly StageNode[];
  readonly databaseOptions: () => pg.ClientConfig;
};

export class Stage {
  readonly directory: string;
  readonly spoolDir: string;
  readonly peers: Peers;
  readonly nodes: readonly StageNode[];
  readonly mails: Mail[] = [];
  token = '';
  printerId = '';
  queueId = '';
  readonly databaseOptions: () => pg.ClientConfig;
  #parts: AsyncDisposableStack | undefined;
  #mailCount = 0;
  readonly #run = randomBytes(3).toString('hex');

  constructor(setup: Setup) {
    this.directory = setup.directory;
    this.spoolDir = join(setup.directory, 'spool');
    this.peers = setup.peers;
    this.nodes = setup.nodes;
    this.databaseOptions = setup.databaseOptions;
  }

  get node(): StageNode {
    const first = this.nodes[0];
    if (first === undefined) throw new Error('the stage has no node');
    return first;
  }

  /** Asks a node that runs; an answer that is no success fails the test with the server's words. */
  async api(method: string, path: string, body?: unknown): Promise<Row> {
    const answer = await this.ask(method, path, body);
    if (answer.status >= 400) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    return answer.body;
  }

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const node = this.nodes.find((one) => one.isRunning) ?? this.node;
    return await node.process.call(method, path, { token: this.token, ...(body === undefined ? {} : { body }) });
  }

  /** Has the practice tenant do something, such as fail. */
  async control(path: string, body: Row): Promise<void> {
    const { status, text } = await clientOf(this.peers.practice).control(path, body);
    if (status !== 200) throw new Error(`the practice tenant answered ${path} with ${status}: ${text}`);
  }

  /** Reads the database itself: what the nodes have committed, also while none of them answers. */
  async sql(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client(this.databaseOptions());
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(text, values)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  /** Makes every lease, and every claim on a document, look as if its holder had been silent for its whole time. */
  async ageLeases(): Promise<void> {
    await this.sql(`UPDATE leases SET expires_at = clock_timestamp() - interval '1 second'`);
    await this.sql('UPDATE jobs SET prepare_due_at = clock_timestamp() WHERE prepare_due_at IS NOT NULL');
  }

  /** Puts mails into the mailbox; when it returns, the mail server has taken them. */
  async deliver(
    count: number,
    more: { sender?: string; documents?: number; bytesEach?: number; folder?: string } = {},
  ): Promise<Mail[]> {
    const { folder, ...wish } = more;
    const mails: Mail[] = [];
    for (let at = 0; at < count; at += 1) {
      this.#mailCount += 1;
      const sender = more.sender ?? KNOWN_SENDERS[this.#mailCount % KNOWN_SENDERS.length] ?? KNOWN_SENDERS[0];
      const mail = writeMail({ ...wish, sender, mark: `mail-${this.#run}-${this.#mailCount}` });
      mails.push(mail);
      await this.deliverMail(mail, folder);
    }
    return mails;
  }

  async deliverMail(mail: Mail, folder?: string): Promise<void> {
    this.mails.push(mail);
    await this.peers.deliver(PRINT_ROOM, mail.message, folder);
  }

  async addConnection(more: Row = {}): Promise<string> {
    const { tid: tenantId, clientId } = this.peers.practice;
    const asked = { kind: 'exchange-online', title: 'Practice tenant', clientId, tenantId, cloud: 'practice' };
    return String((await this.api('POST', '/connections', { ...asked, uses: ['imap'], ...more })).id);
  }

  async connectionState(id: string): Promise<Row> {
    return await this.api('GET', `/connections/${id}`);
  }

  /** Adds a connection and has its account confirm the code. */
  async connect(account: string = PRINT_ROOM, more: Row = {}): Promise<string> {
    const id = await this.addConnection({ expectedAccount: account, ...more });
    await this.confirm(id, account);
    return id;
  }

  /** Begins a login by code and has the account confirm it, for the first time or again. */
  async confirm(id: string, account: string = PRINT_ROOM): Promise<void> {
    const { userCode } = await this.api('POST', `/connections/${id}/device-code`);
    await answerCode(this.peers.practice, { userCode: String(userCode), account });
    await eventually(async () => (await this.connectionState(id)).state === 'connected', { timeoutMs: 30_000 });
  }

  async addPrinter(): Promise<void> {
    this.printerId = String((await this.api('POST', '/printers', { name: 'Hall', uri: this.peers.printerUri })).id);
    const queue = { name: 'Office', mode: 'direct', printerIds: [this.printerId] };
    this.queueId = String((await this.api('POST', '/queues', queue)).id);
    for (const email of KNOWN_SENDERS) {
      await this.api('POST', '/users', { email, name: email.split('@')[0], role: 'user' });
    }
  }

  async watchMailbox(connectionId: string, more: Row = {}): Promise<void> {
    const mailbox = { title: 'Print by e-mail', protocol: 'imap', connectionId, address: PRINT_ROOM };
    await this.api('POST', '/mailboxes', {
      ...mailbox,
      afterIntake: 'move',
      proofPolicy: { unproven: 'accept' },
      documentPolicy: { body: 'never' },
      queueId: this.queueId,
      ...more,
    });
  }

  async firstRun(): Promise<void> {
    const { process } = this.node;
    const { setupToken } = process;
    const administrator = { ...ADMINISTRATOR, name: 'Administrator', language: 'en' };
    await expectSuccess(process.call('POST', '/first-run', { body: { setupToken, ...administrator } }));
    await this.useToken(ADMINISTRATOR);
  }

  /** Signs an administrator in and asks with a token of theirs from then on. */
  async useToken(person: { readonly email: string; readonly password: string }): Promise<void> {
    if (this.token !== '') return;
    const { process } = this.node;
    const headers = { origin: process.url, 'sec-fetch-site': 'same-origin' };
    const session = await expectSuccess(process.call('POST', '/sessions', { body: person, headers }));
    const cookie = session.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ');
    const body = { name: 'journey', role: 'administrator' };
    const made = await expectSuccess(process.call('POST', '/tokens', { body, headers: { ...headers, cookie } }));
    this.token = String(made.body.token);
  }

  /** Disposes of all that the stage was built from: `openStage` hands it over when the stage stands. */
  own(parts: AsyncDisposableStack): void {
    this.#parts = parts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts?.disposeAsync();
  }
}

async function expectSuccess(asked: Promise<Answer>): Promise<Answer> {
  const answer = await asked;
  if (answer.status >= 400) throw new Error(`the set-up was answered with ${answer.status}: ${answer.text}`);
  return answer;
}

/** Builds the stage; disposing ends every process and removes every folder of it. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const { until = 'ready' } = options;
  await using undo = new AsyncDisposableStack();
  const directory = options.directory ?? temporaryDirectory(undo);
  const peers =
    typeof options.peers === 'object' ? options.peers : undo.use(await openPeers(options.peers ?? 'practice'));
  const database = options.database === 'external' ? undo.use(await openTestDatabase()) : undefined;
  const env = {
    PLATEN_SPOOL_DIR: join(directory, 'spool'),
    PLATEN_KEY_FILE: join(directory, 'key'),
    PLATEN_CLOUDS_FILE: peers.cloudsFile,
    NODE_EXTRA_CA_CERTS: peers.practice.certificates.caPath,
    ...(database === undefined ? {} : { DATABASE_URL: urlOf(database.target) }),
    ...(typeof options.database === 'object' ? { DATABASE_URL: options.database.url } : {}),
    ...options.env,
  };
  const nodes = Array.from({ length: options.nodes ?? 1 }, (_, at) => {
    const name = String.fromCharCode('a'.charCodeAt(0) + at);
    return new StageNode(name, join(directory, `node-${name}`), env, options.under);
  });
  const databaseOptions = () => {
    if (typeof options.database === 'object') return { connectionString: options.database.url };
    return database === undefined ? embeddedOptions(join(directory, 'node-a')) : clientOptions(database.target);
  };
  for (const node of nodes) undo.defer(() => node.close());
  const stage = new Stage({ directory, peers, nodes, databaseOptions });
  // One after the other: each start before the first run makes a new set-up token, and only the latest one holds.
  await stage.node.start();
  if (until !== 'started') await stage.firstRun();
  for (const node of nodes.slice(1)) await node.start();
  if (until === 'connected' || until === 'ready') {
    const connectionId = await stage.connect();
    await stage.addPrinter();
    if (until === 'ready') await stage.watchMailbox(connectionId);
  }
  stage.own(undo.move());
  return stage;
}

function temporaryDirectory(undo: AsyncDisposableStack): string {
  const directory = mkdtempSync(join(tmpdir(), 'platen-stage-'));
  undo.defer(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  // The embedded database runs as a system user of its own and must pass through.
  chmodSync(directory, 0o755);
  mkdirSync(join(directory, 'spool'), { mode: 0o700 });
  return directory;
}

/** How the embedded database of a data directory is reached: its socket folder is line 5 of its lock file. */
export function embeddedOptions(dataDir: string): pg.ClientConfig {
  const lock = join(dataDir, 'postgresql', 'postmaster.pid');
  if (!existsSync(lock)) throw new Error(`the embedded database of ${dataDir} does not run`);
  const host = readFileSync(lock, 'utf8').split('\n')[4] ?? '';
  const password = readFileSync(join(dataDir, 'database-password'), 'utf8').trim();
  return { host, user: 'platen', password, database: 'platen' };
}

/** The process id of the embedded database server, while it runs. */
export function findEmbeddedServer(dataDir: string): number | undefined {
  const lock = join(dataDir, 'postgresql', 'postmaster.pid');
  if (!existsSync(lock)) return undefined;
  const pid = Number(readFileSync(lock, 'utf8').split('\n')[0]);
  return isAlive(pid) ? pid : undefined;
}

/** Ends the embedded database that a killed server has left behind; nothing when there is none. */
export async function endDatabase(dataDir: string, signal: NodeJS.Signals = 'SIGQUIT'): Promise<void> {
  const pid = findEmbeddedServer(dataDir);
  if (pid === undefined) return;
  process.kill(pid, signal);
  await eventually(() => !isAlive(pid), { what: `the database server ${pid} ends` });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    // A process that has ended and was not waited for yet is a zombie: state Z.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
