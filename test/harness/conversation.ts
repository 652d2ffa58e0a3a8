/**
 * Conversations of line protocols (SMTP, IMAP, POP3), written as in an RFC and played over a real socket:
 *
 *   S: * OK {/.*ready/}              what stands so in braces is a regular expression
 *   C: a1 CAPABILITY
 *   S: ...                           any lines, up to the one that the next S: line describes
 *   S: a1 OK CAPABILITY completed.
 *   C: <starttls>                    the client begins TLS, the server answers it
 *   C: <close>                       this side ends the connection; the other side expects the end
 *   # a remark
 *
 * Whoever plays the client sends the C: lines and expects the S: lines; whoever plays the server does the opposite.
 * `{{name}}` stands for a value given by the test. A conversation that fails prints itself up to that line.
 */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as connectSecure, TLSSocket } from 'node:tls';

export type Side = 'C' | 'S';
export type ClientTls = { readonly ca: string; readonly servername?: string };
export type ServerTls = { readonly cert: string; readonly key: string };
type Values = Readonly<Record<string, string>>;
type Step = { readonly side: Side; readonly text: string; readonly line: number };

const ANSWER_TIMEOUT_MS = 5_000;

/** Reads a script; throws at a line that is neither a remark nor said by somebody. */
export function readScript(script: string, values: Values = {}): Step[] {
  const steps: Step[] = [];
  for (const [index, raw] of script.split('\n').entries()) {
    const text = raw.trim();
    if (text === '' || text.startsWith('#')) continue;
    const match = /^([CS]):(?: (.*))?$/.exec(text);
    if (!match) throw new Error(`line ${index + 1} of the conversation is said by nobody: ${text}`);
    const filled = (match[2] ?? '').replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`line ${index + 1} of the conversation needs a value for ${name}`);
      return value;
    });
    steps.push({ side: match[1] as Side, text: filled, line: index + 1 });
  }
  return steps;
}

/** Compares a heard line with its description: literal text, and regular expressions written as `{/.../}`. */
export function matchesLine(description: string, heard: string): boolean {
  const parts = description.split(/\{\/(.+?)\/\}/);
  const pattern = parts.map((part, index) => (index % 2 === 1 ? `(?:${part})` : RegExp.escape(part))).join('');
  return new RegExp(`^${pattern}$`).test(heard);
}

type ConversationOptions = {
  readonly client?: ClientTls;
  readonly server?: ServerTls;
  readonly answerTimeoutMs?: number;
};

/** One end of a conversation. Lines end with CRLF on the wire and are without it here; bytes are Latin-1. */
export class Conversation implements AsyncDisposable {
  readonly #side: Side;
  readonly #tls: { readonly client?: ClientTls; readonly server?: ServerTls };
  readonly #said: string[] = [];
  readonly #answerTimeoutMs: number;
  #socket: Socket;
  #heard: Buffer = Buffer.alloc(0);
  #hasEnded = false;
  #wake: () => void = () => undefined;

  constructor(side: Side, socket: Socket, options: ConversationOptions = {}) {
    this.#side = side;
    this.#tls = options;
    this.#answerTimeoutMs = options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
    this.#socket = socket;
    this.#listen();
  }

  /** Says one line. */
  say(line: string): void {
    this.#said.push(`${this.#side}: ${line}`);
    this.#socket.write(`${line}\r\n`, 'latin1');
  }

  /** Says bytes as they are, such as a literal; the transcript only counts them. */
  sayBytes(bytes: Buffer | string): void {
    const raw = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    this.#said.push(`${this.#side}: (${raw.length} bytes)`);
    this.#socket.write(raw);
  }

  async hear(): Promise<string> {
    const end = await this.#waitFor(() => this.#heard.indexOf('\r\n'), 'a line');
    const line = this.#heard.toString('latin1', 0, end);
    this.#heard = this.#heard.subarray(end + 2);
    this.#said.push(`${this.#otherSide()}: ${line}`);
    return line;
  }

  async hearBytes(length: number): Promise<Buffer> {
    await this.#waitFor(() => (this.#heard.length >= length ? 0 : -1), `${length} bytes`);
    const bytes = this.#heard.subarray(0, length);
    this.#heard = this.#heard.subarray(length);
    this.#said.push(`${this.#otherSide()}: (${length} bytes)`);
    return bytes;
  }

  async expect(description: string): Promise<string> {
    const line = await this.hear();
    if (!matchesLine(description, line)) this.#fail(`expected: ${description}`);
    return line;
  }

  /** Hears lines up to the described one, and returns them with it. */
  async expectLater(description: string): Promise<string[]> {
    const lines: string[] = [];
    while (lines.length === 0 || !matchesLine(description, lines.at(-1) ?? '')) {
      const line = await this.hear().catch((error: unknown) =>
        this.#fail(`expected sooner or later: ${description}`, error),
      );
      lines.push(line);
    }
    return lines;
  }

  async expectEnd(): Promise<void> {
    await this.#waitFor(() => (this.#hasEnded ? 0 : -1), 'the end of the connection');
    if (this.#heard.length > 0) this.#fail(`expected the end, but ${this.#heard.length} bytes were said before it`);
    this.#said.push(`${this.#otherSide()}: <close>`);
  }

  /** Begins TLS on this connection, from either side. What is said after it, is said inside. */
  async startTls(): Promise<void> {
    if (this.#heard.length > 0) this.#fail('bytes were said before TLS began');
    this.#said.push('C: <starttls>');
    const plain = this.#socket;
    plain.removeAllListeners();
    const { client, server } = this.#tls;
    if (this.#side === 'C') {
      if (!client) return this.#fail('there is no authority to begin TLS with');
      this.#socket = connectSecure({ socket: plain, servername: 'localhost', ...client });
    } else {
      if (!server) return this.#fail('there is no certificate to begin TLS with');
      this.#socket = new TLSSocket(plain, { isServer: true, ...server });
    }
    this.#listen();
    await once(this.#socket, this.#side === 'C' ? 'secureConnect' : 'secure');
  }

  end(): void {
    this.#said.push(`${this.#side}: <close>`);
    this.#socket.end();
  }

  /** Plays a script from where the conversation stands. */
  async play(script: string, values: Values = {}): Promise<void> {
    let isSkipping = false;
    for (const { side, text } of readScript(script, values)) {
      if (text === '<starttls>') await this.startTls();
      else if (side === this.#side) {
        if (text === '<close>') this.end();
        else this.say(text);
      } else if (text === '...') isSkipping = true;
      else {
        if (text === '<close>') await this.expectEnd();
        else if (isSkipping) await this.expectLater(text);
        else await this.expect(text);
        isSkipping = false;
      }
    }
  }

  transcript(): string {
    return this.#said.join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = once(this.#socket, 'close');
    this.#socket.destroy();
    await closed;
  }

  #otherSide(): Side {
    return this.#side === 'C' ? 'S' : 'C';
  }

  #listen(): void {
    const end = () => {
      this.#hasEnded = true;
      this.#wake();
    };
    this.#socket.on('data', (chunk: Buffer) => {
      this.#heard = Buffer.concat([this.#heard, chunk]);
      this.#wake();
    });
    for (const event of ['end', 'close']) this.#socket.on(event, end);
    this.#socket.on('error', (error) => {
      this.#said.push(`# ${error.message}`);
      end();
    });
  }

  async #waitFor(find: () => number, what: string): Promise<number> {
    const deadline = performance.now() + this.#answerTimeoutMs;
    for (let found = find(); ; found = find()) {
      if (found >= 0) return found;
      if (this.#hasEnded) return this.#fail(`the connection ended before ${what} was said`);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return this.#fail(`${what} was not said in ${this.#answerTimeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #fail(reason: string, cause?: unknown): never {
    const unread =
      this.#heard.length > 0 ? `\n(not yet read: ${JSON.stringify(this.#heard.toString('latin1', 0, 200))})` : '';
    throw new Error(`${reason}\n\n${this.transcript()}${unread}\n`, { cause });
  }
}

/** Connects as the client, at once with TLS where `secure` is given. `tls` is for a STARTTLS later on. */
export async function openConversation(options: {
  readonly host?: string;
  readonly port: number;
  readonly secure?: ClientTls;
  readonly tls?: ClientTls;
  readonly answerTimeoutMs?: number;
  /** The address to come from. */
  readonly localAddress?: string;
}): Promise<Conversation> {
  const { host = '127.0.0.1', port, secure, tls, answerTimeoutMs, localAddress } = options;
  const to = { host, port, ...(localAddress === undefined ? {} : { localAddress }) };
  const socket = secure ? connectSecure({ ...to, servername: 'localhost', ...secure }) : connect(to);
  await once(socket, secure ? 'secureConnect' : 'connect');
  return new Conversation('C', socket, {
    ...(tls ? { client: tls } : {}),
    ...(answerTimeoutMs === undefined ? {} : { answerTimeoutMs }),
  });
}

export type ConversationServer = AsyncDisposable & {
  readonly host: string;
  readonly port: number;
  /** Resolves when all scripts have been played to their end; rejects with the conversation that failed. */
  readonly finished: Promise<void>;
};

/** Plays the server: the first client gets the first script, and so on; a client too many is a failure. */
export async function serveConversations(options: {
  readonly scripts: readonly string[];
  readonly values?: Values;
  readonly secure?: ServerTls;
  readonly tls?: ServerTls;
}): Promise<ConversationServer> {
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>();
  finished.catch(() => undefined); // heard by whoever awaits it; unheard it must not end the process
  const conversations: Conversation[] = [];
  const waiting = [...options.scripts];
  let unfinished = waiting.length;
  const server = createServer((plain) => {
    const socket = options.secure ? new TLSSocket(plain, { isServer: true, ...options.secure }) : plain;
    const conversation = new Conversation('S', socket, options.tls ? { server: options.tls } : {});
    conversations.push(conversation);
    const script = waiting.shift();
    if (script === undefined) return reject(new Error('a client came for whom there is no conversation'));
    const succeed = () => {
      unfinished -= 1;
      if (unfinished === 0) resolve();
    };
    const fail = (error: unknown) => {
      reject(error);
      void conversation[Symbol.asyncDispose](); // so that the client does not wait for what never comes
    };
    conversation.play(script, options.values).then(succeed, fail);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    finished,
    async [Symbol.asyncDispose]() {
      reject(new Error('the server was closed before its conversations had ended'));
      for (const conversation of conversations) await conversation[Symbol.asyncDispose]();
      server.close();
      await once(server, 'close');
    },
  };
}
