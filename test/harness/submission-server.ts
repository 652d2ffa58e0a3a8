/**
 * A submission server whose every answer a test can set. It says nothing that a test has not decided but plain success,
 * and remembers each message byte for byte.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export type Moment = 'connect' | 'ehlo' | 'auth' | 'mail' | 'rcpt' | 'data' | 'content' | 'dot' | 'quit' | 'rset';

export type Said = {
  readonly moment: Moment;
  /** Counted from 1 in the order of their coming. */
  readonly session: number;
  readonly line: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly data: Buffer;
};

/** A reply (one or more lines), an end of the connection, silence, or the usual answer. */
export type Reaction = string | 'drop' | 'hang' | undefined;

export type Taken = {
  readonly session: number;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly data: Buffer;
};

export type SubmissionServer = AsyncDisposable & {
  readonly host: string;
  readonly port: number;
  /** Messages that got a 250 after the dot, and those whose dot came and was answered otherwise. */
  readonly accepted: Taken[];
  readonly dotted: Taken[];
  readonly said: Said[];
  readonly sessions: () => number;
  readonly openSessions: () => number;
  /** Replaces what the test decides. */
  react(decide: (said: Said) => Reaction | Promise<Reaction>): void;
};

const USUAL: Readonly<Record<Moment, string>> = {
  connect: '220 submission.test ESMTP',
  ehlo: '250-submission.test\r\n250-SIZE 157286400\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN XOAUTH2',
  auth: '235 2.7.0 Authentication successful',
  mail: '250 2.1.0 Sender OK',
  rcpt: '250 2.1.5 Recipient OK',
  data: '354 Start mail input; end with <CRLF>.<CRLF>',
  content: '',
  dot: '250 2.0.0 OK <kept@submission.test> [Hostname=SUBMISSION.TEST]',
  quit: '221 2.0.0 Bye',
  rset: '250 2.0.0 Resetting',
};

export async function startSubmissionServer(): Promise<SubmissionServer> {
  const sockets = new Set<Socket>();
  const accepted: Taken[] = [];
  const dotted: Taken[] = [];
  const said: Said[] = [];
  let sessions = 0;
  let decide: (said: Said) => Reaction | Promise<Reaction> = () => undefined;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    sessions += 1;
    void serve(socket, sessions).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  async function serve(socket: Socket, session: number): Promise<void> {
    let sender = '';
    let hasSender = false;
    let recipients: string[] = [];
    let data: Buffer = Buffer.alloc(0);
    const react = async (moment: Moment, line = ''): Promise<string> => {
      const one = { moment, session, line, sender, recipients: [...recipients], data };
      said.push(one);
      const reaction = await decide(one);
      if (reaction === 'drop') throw new Error('dropped');
      if (reaction === 'hang') await once(socket, 'close');
      const reply = reaction ?? USUAL[moment];
      if (reply !== '') socket.write(`${reply}\r\n`);
      return reply;
    };
    const input = readInput(socket);
    if (!(await react('connect')).startsWith('220')) return;
    for (;;) {
      const line = await input.line();
      if (line === undefined) return;
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'EHLO') await react('ehlo', line);
      else if (verb === 'AUTH') {
        let reply = await react('auth', line);
        while (reply.startsWith('334')) reply = await react('auth', (await input.line()) ?? '');
      } else if (verb === 'MAIL') {
        recipients = [];
        data = Buffer.alloc(0);
        sender = /<(.*)>/.exec(line)?.[1] ?? '';
        hasSender = (await react('mail', line)).startsWith('250');
      } else if (verb === 'RCPT') {
        const address = /<(.*)>/.exec(line)?.[1] ?? '';
        if (!hasSender) {
          socket.write('503 5.5.1 No sender\r\n');
          continue;
        }
        const reply = await react('rcpt', line);
        if (reply.startsWith('250')) recipients.push(address);
      } else if (verb === 'DATA') {
        if (recipients.length === 0) {
          socket.write('503 5.5.1 No recipients\r\n');
          continue;
        }
        if (!(await react('data', line)).startsWith('354')) continue;
        await input.some();
        await react('content');
        data = await input.untilDot();
        const taken = { session, sender, recipients: [...recipients], data };
        dotted.push(taken);
        if ((await react('dot')).startsWith('250')) accepted.push(taken);
        hasSender = false;
      } else if (verb === 'RSET') await react('rset', line);
      else if (verb === 'QUIT') {
        await react('quit', line);
        socket.end();
        return;
      } else socket.write('500 5.5.1 Unrecognized command\r\n');
    }
  }

  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    accepted,
    dotted,
    said,
    sessions: () => sessions,
    openSessions: () => sockets.size,
    react(next) {
      decide = next;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

type Input = {
  line(): Promise<string | undefined>;
  /** Waits for the first bytes. */
  some(): Promise<void>;
  untilDot(): Promise<Buffer>;
};

/** Reads lines and, after DATA, up to the lone dot; dots at the beginning of lines are taken off again. */
function readInput(socket: Socket): Input {
  // Grows by doubling: a message of many megabytes is copied a few times, not once for each piece.
  let room = Buffer.alloc(64 * 1024);
  let length = 0;
  let hasEnded = false;
  let wake: () => void = () => undefined;
  socket.on('data', (chunk: Buffer) => {
    if (length + chunk.length > room.length) {
      const larger = Buffer.alloc(2 * (length + chunk.length));
      room.copy(larger, 0, 0, length);
      room = larger;
    }
    chunk.copy(room, length);
    length += chunk.length;
    wake();
  });
  for (const event of ['end', 'close', 'error']) {
    socket.on(event, () => {
      hasEnded = true;
      wake();
    });
  }
  const more = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  const cut = async (mark: string): Promise<Buffer | undefined> => {
    for (let from = 0; ; ) {
      const at = room.subarray(0, length).indexOf(mark, from, 'latin1');
      if (at >= 0) {
        const end = at + mark.length;
        const piece = Buffer.from(room.subarray(0, end));
        room.copy(room, 0, end, length);
        length -= end;
        return piece;
      }
      if (hasEnded) return undefined;
      from = Math.max(0, length - mark.length + 1);
      await more();
    }
  };
  return {
    line: async () => (await cut('\r\n'))?.toString('latin1').slice(0, -2),
    async some() {
      while (length === 0 && !hasEnded) await more();
    },
    async untilDot() {
      const whole = await cut('\r\n.\r\n');
      if (whole === undefined) throw new Error('the client left before the dot');
      const text = whole.subarray(0, whole.length - 3).toString('latin1');
      return Buffer.from(text.replace(/(^|\r\n)\.\./g, '$1.'), 'latin1');
    },
  };
}
