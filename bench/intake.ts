/**
 * (a) How fast a full mailbox becomes committed jobs, beside a bare ImapFlow loop and fetchmail, each on mailboxes that
 * were filled alike just before; and (d) what memory that takes at its peak.
 *
 * Every time runs from the login at the mail server, except fetchmail's, which is that of the whole program.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../test/harness/time.ts';
import { medianOf } from './figures.ts';
import { type Memory, type ProcessorSeconds, processorSecondsOf, watchMemory } from './footprint.ts';
import { fetchOneByOne, runFetchmail } from './raw-imap.ts';
import {
  countMaildir,
  type Database,
  deliverMails,
  openDatabase,
  PRINT_ROOM,
  say,
  sleep,
  type World,
} from './world.ts';

const WARM_UP_MESSAGES = 200;
const ROUND_TIMEOUT_MS = 180_000;

export type IntakeRound = {
  readonly bareSeconds: number;
  readonly fetchmailSeconds: number;
  readonly platenSeconds: number;
  /** Until every message was also moved at the server. */
  readonly movedSeconds: number;
};

export type IntakeFigures = {
  readonly messages: number;
  readonly perSecond: { readonly bare: number; readonly fetchmail: number; readonly platen: number };
  readonly ratioToBare: number;
  readonly ratioToFetchmail: number;
  readonly cpuMsPerMessage: ProcessorSeconds;
  readonly peakMiB: Memory;
  readonly rounds: readonly IntakeRound[];
};

export async function measureIntake(
  world: World,
  { messages, rounds }: { readonly messages: number; readonly rounds: number },
): Promise<IntakeFigures> {
  const intake = new Intake(world);
  await using database = await openDatabase(world);
  await intake.pause();
  await intake.playRound(database, { messages: WARM_UP_MESSAGES, name: 'warm-up' });
  const before = processorSecondsOf(world);
  using memory = watchMemory(world);
  const played: IntakeRound[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    played.push(await intake.playRound(database, { messages, name: `round-${round}` }));
  }
  const after = processorSecondsOf(world);
  const taken = messages * rounds;
  const perSecond = (seconds: (round: IntakeRound) => number) => messages / medianOf(played.map(seconds));
  const ratio = (seconds: (round: IntakeRound) => number) =>
    medianOf(played.map((round) => seconds(round) / round.platenSeconds));
  await intake.resume();
  return {
    messages,
    perSecond: {
      bare: perSecond((round) => round.bareSeconds),
      fetchmail: perSecond((round) => round.fetchmailSeconds),
      platen: perSecond((round) => round.platenSeconds),
    },
    ratioToBare: ratio((round) => round.bareSeconds),
    ratioToFetchmail: ratio((round) => round.fetchmailSeconds),
    cpuMsPerMessage: {
      platen: ((after.platen - before.platen) / taken) * 1000,
      postgres: ((after.postgres - before.postgres) / taken) * 1000,
    },
    peakMiB: memory.peak(),
    rounds: played,
  };
}

/** What the database must say after so many messages, all of them with one document. */
const COUNTS = {
  messages: 'SELECT count(*) FROM incoming_messages',
  done: `SELECT count(*) FROM incoming_messages WHERE outcome = 'done'`,
  uids: 'SELECT count(*) FROM (SELECT DISTINCT mailbox_id, uidvalidity, uid FROM incoming_messages) AS each',
  jobs: 'SELECT count(*) FROM jobs',
  documents: 'SELECT count(DISTINCT sha256) FROM spool_files JOIN jobs ON original_id = spool_files.id',
} as const;
const COUNT_UNMOVED = 'SELECT count(*) FROM incoming_messages WHERE moved_at IS NULL';

class Intake {
  readonly #world: World;
  readonly #log: LogTail;
  #taken = 0;

  constructor(world: World) {
    this.#world = world;
    this.#log = new LogTail(join(world.dovecot.maildirOf(PRINT_ROOM), '..', '..', '..', 'dovecot.log'));
  }

  async playRound(database: Database, round: { messages: number; name: string }): Promise<IntakeRound> {
    const { messages, name } = round;
    const baseline = `${name}@practice.example`;
    await deliverMails(this.#world.dovecot, { count: messages, addresses: [PRINT_ROOM, baseline] });
    // What the deliveries left to be written would otherwise be written during one of the three.
    execFileSync('sync');
    const bareSeconds = await fetchOneByOne(this.#world, baseline, messages);
    const fetchmailSeconds = await runFetchmail(this.#world, baseline, messages);
    const own = await this.#takeIn(database, messages);
    await this.pause();
    await this.#check(database);
    const played = { bareSeconds, fetchmailSeconds, ...own };
    const words = Object.values(played).map((seconds) => seconds.toFixed(2));
    say(`(a) ${name}: ${messages} messages: bare ${words[0]} s, fetchmail ${words[1]} s, Platen ${words[2]} s`);
    return played;
  }

  async resume(): Promise<void> {
    await this.#world.stage.api('PATCH', `/mailboxes/${this.#world.mailboxId}`, { enabled: true });
  }

  /** Returns when Platen has left the mailbox. */
  async pause(): Promise<void> {
    this.#log.skip();
    await this.#world.stage.api('PATCH', `/mailboxes/${this.#world.mailboxId}`, { enabled: false });
    await this.#log.waitFor(new RegExp(`imap\\(${RegExp.escape(PRINT_ROOM)}\\).*(Logged out|Disconnected|closed)`));
  }

  async #takeIn(database: Database, messages: number): Promise<Pick<IntakeRound, 'platenSeconds' | 'movedSeconds'>> {
    const target = this.#taken + messages;
    this.#log.skip();
    await this.resume();
    await this.#log.waitFor(new RegExp(`Login: user=<${RegExp.escape(PRINT_ROOM)}>`));
    const startedAt = performance.now();
    const until = async (isReached: () => Promise<boolean>, pauseMs: number) => {
      while (!(await isReached())) {
        if (performance.now() - startedAt > ROUND_TIMEOUT_MS) throw new Error(this.#words());
        await sleep(pauseMs);
      }
      return (performance.now() - startedAt) / 1000;
    };
    const platenSeconds = await until(async () => (await database.number(COUNTS.jobs)) >= target, 20);
    const movedSeconds = await until(async () => (await database.number(COUNT_UNMOVED)) === 0, 20);
    this.#taken = target;
    return { platenSeconds, movedSeconds };
  }

  /** Nothing lost, nothing doubled, nothing left behind: otherwise the figure is worth nothing. */
  async #check(database: Database): Promise<void> {
    for (const [what, sql] of Object.entries(COUNTS)) {
      const found = await database.number(sql);
      if (found !== this.#taken) throw new Error(`${found} ${what} for ${this.#taken} mails. ${this.#words()}`);
    }
    const { dovecot } = this.#world;
    const done = countMaildir(dovecot, PRINT_ROOM, 'Platen/Done');
    const left = countMaildir(dovecot, PRINT_ROOM, 'INBOX');
    if (done !== this.#taken || left !== 0) throw new Error(`${done} mails in Platen/Done, ${left} in the INBOX`);
  }

  #words(): string {
    return `the server said:\n${this.#world.node.output().slice(-2_000)}`;
  }
}

/** The end of a log that another program writes: only what is new is read, so that looking often costs nothing. */
class LogTail {
  readonly #file: number;
  #seenBytes = 0;
  #text = '';

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  skip(): void {
    this.#seenBytes = fstatSync(this.#file).size;
    this.#text = '';
  }

  async waitFor(pattern: RegExp): Promise<void> {
    const look = () => {
      const { size } = fstatSync(this.#file);
      const bytes = Buffer.alloc(size - this.#seenBytes);
      this.#seenBytes += readSync(this.#file, bytes, 0, bytes.length, this.#seenBytes);
      this.#text += bytes.toString('utf8');
      return pattern.test(this.#text);
    };
    await eventually(look, { timeoutMs: 30_000, what: `${pattern} in the log of Dovecot` });
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
