/** Devices of a journey: they hand scans to the relay of a node over a real socket, and remember what they were told. */
import { randomBytes } from 'node:crypto';
import { openConversation } from './conversation.ts';
import { PRINT_ROOM } from './mail.ts';
import type { Row, Stage, StageNode } from './stage.ts';
import { eventually } from './time.ts';

/** Takes mail and has no mailbox in the practice tenant: what was accepted for it is only in the ledger. */
export const ARCHIVE = 'archive@practice.example';

/** Copiers are patient, and a server in a long run may have the lowest priority on its machine. */
const ANSWER_MS = 60_000;

/** Moments of handing in that only the device knows, in their order. */
export const SCAN_STEPS = [
  'MAIL was answered',
  'DATA was answered',
  'half of the message was sent',
  'the final dot was sent',
  'the device was told 250',
] as const;
export type ScanStep = (typeof SCAN_STEPS)[number];

export type Scan = {
  /** Its subject, inside its Message-ID and each line of its body. */
  readonly mark: string;
  readonly recipient: string;
  readonly body: string;
  /** The last answer; undefined when the connection ended before it came. */
  readonly answer: string | undefined;
  /** How far the device came; undefined before MAIL was answered. */
  readonly step: ScanStep | undefined;
  /** Under which the server promised to have it. */
  readonly id: string | undefined;
};

export type NewScan = {
  readonly node?: StageNode;
  readonly recipient?: string;
  readonly bytes?: number;
  readonly reached?: Reached;
  /** The address that the device has. */
  readonly from?: string;
};

/** Called at each step, in the same turn of the program; the device goes on when it returns, and ends when it throws. */
export type Reached = (step: ScanStep) => undefined | Promise<void>;

export class Scanners {
  readonly stage: Stage;
  readonly scans: Scan[] = [];
  #count = 0;
  readonly #run = randomBytes(3).toString('hex');

  constructor(stage: Stage) {
    this.stage = stage;
  }

  /** Hands in one scan on a connection of its own. A connection that ends early is told by an absent answer. */
  async scan(wish: NewScan = {}): Promise<Scan> {
    const {
      node = this.stage.node,
      recipient = ARCHIVE,
      bytes = 2_000,
      reached = () => undefined,
      from = '127.0.0.1',
    } = wish;
    this.#count += 1;
    const mark = `scan-${this.#run}-${this.#count}`;
    const line = `${mark} ${'x'.repeat(60)}\r\n`;
    const body = line.repeat(Math.ceil(bytes / line.length));
    let step: ScanStep | undefined;
    const answer = await handIn(node, {
      from,
      mark,
      recipient,
      body,
      reached: (now) => {
        step = now;
        return reached(now);
      },
    });
    const id = /^250 2\.6\.0 Kept as (\S+)$/.exec(answer ?? '')?.[1];
    const scan = { mark, recipient, body, answer, step, id };
    this.scans.push(scan);
    return scan;
  }

  /** Hands in one scan that has to be taken, and returns its id in the outbox. */
  async scanKept(wish: NewScan = {}): Promise<string> {
    const { answer, id } = await this.scan(wish);
    if (id === undefined) throw new Error(`the relay answered ${answer}`);
    return id;
  }

  async read(id: string): Promise<Row> {
    return await this.stage.api('GET', `/outbox/${id}`);
  }

  /** Waits until a message is in a state, as the API tells it. */
  async reach(id: string, state: string): Promise<Row> {
    let last: Row = {};
    return await eventually(
      async () => {
        last = await this.read(id);
        return last.state === state ? last : undefined;
      },
      { timeoutMs: 20_000, what: `${state} message` },
    ).catch((error: unknown) => {
      throw new Error(`not ${state} but ${JSON.stringify(last)}\n${this.stage.node.output().slice(-4_000)}`, {
        cause: error,
      });
    });
  }
}

type Handing = {
  readonly from: string;
  readonly mark: string;
  readonly recipient: string;
  readonly body: string;
  readonly reached: Reached;
};

async function handIn(node: StageNode, { from, mark, recipient, body, reached }: Handing): Promise<string | undefined> {
  const message =
    `From: Copier <scanner@copier.example>\r\nTo: <${recipient}>\r\nSubject: ${mark}\r\n` +
    `Message-ID: <${mark}@copier.example>\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\n\r\n${body}`;
  const half = Math.floor(message.length / 2);
  let answer: string | undefined;
  try {
    await using conversation = await openConversation({
      port: await relayPort(node),
      answerTimeoutMs: ANSWER_MS,
      localAddress: from,
    });
    answer = await conversation.hear();
    for (const command of ['HELO copier.example', 'MAIL FROM:<scanner@copier.example>', `RCPT TO:<${recipient}>`]) {
      if (!answer.startsWith('2')) return answer;
      conversation.say(command);
      answer = await conversation.hear();
      if (command.startsWith('MAIL') && answer.startsWith('2')) await reached('MAIL was answered');
    }
    if (!answer.startsWith('2')) return answer;
    conversation.say('DATA');
    answer = await conversation.hear();
    if (!answer.startsWith('354')) return answer;
    await reached('DATA was answered');
    answer = undefined;
    conversation.sayBytes(message.slice(0, half));
    await reached('half of the message was sent');
    conversation.sayBytes(`${message.slice(half)}.\r\n`);
    await reached('the final dot was sent');
    answer = await conversation.hear();
    if (answer.startsWith('250')) await reached('the device was told 250');
    return answer;
  } catch {
    // The server has gone: what it had not answered by then was not promised.
    return undefined;
  }
}

/** Where the node listens for devices now; each start of a node has a port of its own. */
async function relayPort(node: StageNode): Promise<number> {
  const known = ports.get(node.process);
  if (known !== undefined) return known;
  const port = await eventually(
    () => Number(/^Devices hand in mail at \S+ port (\d+)$/m.exec(node.process.output())?.[1] ?? 0),
    { timeoutMs: 2_000, what: 'the relay says where it listens' },
  );
  ports.set(node.process, port);
  return port;
}

/** Looking through all that a server has said for each of 100,000 mails takes longer than the mails. */
const ports = new WeakMap<object, number>();

/** Whether the outgoing connection has been confirmed by the account it sends as. */
export type Confirmation = 'confirmed' | 'not confirmed';

/** Gives the stage an outgoing connection, a sender and a copier that everybody on this host is; answers its connection. */
export async function addOutgoing(stage: Stage, confirmation: Confirmation): Promise<string> {
  const connectionId = await stage.addConnection({ expectedAccount: PRINT_ROOM, uses: ['smtp'] });
  if (confirmation === 'confirmed') await stage.confirm(connectionId);
  await stage.api('PUT', '/settings/network', {
    outgoingServer: { connectionId },
    senderEmail: PRINT_ROOM,
    senderName: 'Print room',
  });
  const limits = { messagesPerMinute: 100_000, messagesPerDay: 1_000_000, maxSessions: 100 };
  await stage.api('POST', '/devices', { name: 'Copier', addresses: ['127.0.0.1'], limits });
  return connectionId;
}

/**
 * Keeps the bucket of the sending pace full. The pace has tests of its own; where a run sends hundreds of messages it
 * would only make them wait.
 */
export async function fillPace(stage: Stage): Promise<void> {
  await stage.sql(
    `CREATE FUNCTION keep_full() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.tokens := 5; RETURN NEW; END'`,
  );
  await stage.sql('CREATE TRIGGER keep_full BEFORE UPDATE ON pace_buckets FOR EACH ROW EXECUTE FUNCTION keep_full()');
}
