// The practice printer: an IPP/2.0 printer that writes what it gets into a folder, and that can be out
// of paper, stopped, slow, gone or wrong. With `tls` the same port speaks ipp:// and ipps://, as many
// printers do. It never claims a document whose last byte did not arrive.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createControl, type PrinterControl } from './control.ts';
import { type Clock, PrintEngine } from './engine.ts';
import { FaultBoard, findFaultInName } from './faults.ts';
import type { PrintedDocument } from './jobs.ts';
import { answerTo, type Printer, performOperation, type Reply } from './operations.ts';
import { IncomingTray, OutputTray } from './trays.ts';
import { findGroup, findString } from './values.ts';
import { delimiter, operationName, status } from './vocabulary.ts';
import { type Message, readMessage, writeMessage } from './wire.ts';

export { printerControlRoutes } from './control.ts';

export type PrinterOptions = {
  readonly host?: string;
  readonly port?: number;
  readonly outputDir: string;
  readonly name: string;
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer };
  readonly clock?: Clock;
  readonly directory?: string; // where jobs are remembered over a restart
};
export type RunningPrinter = {
  readonly name: string;
  readonly uri: string;
  readonly host: string;
  readonly port: number;
  readonly control: PrinterControl;
  printed(): PrintedDocument[];
  close(): Promise<void>;
};

const MAX_HEADER_BYTES = 1024 * 1024;
const TLS_HANDSHAKE_RECORD = 0x16;
const MAX_REQUESTS_KEPT = 10_000;
const MAX_LISTEN_TRIES = 20;
const LISTEN_PAUSE_MS = 100;

export type SeenRequest = {
  readonly operation: string;
  readonly status: number | 'lost';
  readonly jobName?: string;
  readonly at: string;
};

class BadRequest extends Error {
  readonly requestId: number;
  constructor(reason: string, requestId: number) {
    super(reason);
    this.requestId = requestId;
  }
}

const TAKING_LOOK_MS = 20;

type Body = AsyncIterator<Buffer>;

async function readHead(body: Body): Promise<{ message: Message; rest: Buffer }> {
  let bytes: Buffer = Buffer.alloc(0);
  for (;;) {
    const reading = readMessage(bytes);
    if (reading.kind === 'complete') return { message: reading.message, rest: bytes.subarray(reading.length) };
    if (reading.kind === 'malformed') throw new BadRequest(reading.reason, reading.requestId);
    if (bytes.length > MAX_HEADER_BYTES) throw new BadRequest('the attributes do not end', bytes.readInt32BE(4));
    const next = await body.next();
    if (next.done) throw new BadRequest('the request ends inside its attributes', 0);
    bytes = Buffer.concat([bytes, next.value]);
  }
}

type Watch = (receivedBytes: number) => Promise<void>;

async function* documentOf(rest: Buffer, body: Body, arrived: Watch): AsyncGenerator<Buffer> {
  let receivedBytes = rest.length;
  await arrived(receivedBytes);
  if (rest.length > 0) yield rest;
  for (let next = await body.next(); !next.done; next = await body.next()) {
    receivedBytes += next.value.length;
    await arrived(receivedBytes);
    yield next.value;
  }
}

async function drain(document: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of document) {
    // A refused document is read to its end, so that the client hears the answer.
  }
}

/** The wire side of one printer: sockets, HTTP and the faults that happen to them. */
class PrinterFrontDoor {
  readonly #printer: Printer;
  readonly #front: Server;
  readonly #sockets = new Set<Socket>();
  readonly #seen: SeenRequest[] = [];
  readonly #mute = new Set<Socket>(); // whose requests will never be answered
  readonly #exchanges = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #port = 0;
  #host = '';
  #pending: Promise<void> = Promise.resolve();
  #isListening = false;

  constructor(printer: Printer, tls: PrinterOptions['tls']) {
    this.#printer = printer;
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      const exchange = this.#answer(request, response).finally(() => this.#exchanges.delete(exchange));
      this.#exchanges.add(exchange);
    };
    const plain = createServer(answer);
    const secure = tls ? createSecureServer({ key: tls.key, cert: tls.cert }, answer) : undefined;
    this.#front = createTcpServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      socket.once('data', (first: Buffer) => {
        socket.pause();
        const isSecure = first[0] === TLS_HANDSHAKE_RECORD && secure !== undefined;
        (isSecure ? secure : plain).emit('connection', socket);
        socket.unshift(first);
        process.nextTick(() => socket.resume());
      });
    });
  }

  get port(): number {
    return this.#port;
  }

  requests(): SeenRequest[] {
    return [...this.#seen];
  }

  async listen(host: string, port: number): Promise<void> {
    this.#host = host;
    await new Promise<void>((resolve, reject) => {
      this.#front.once('error', reject);
      this.#front.listen(port, host, () => {
        this.#front.removeListener('error', reject);
        resolve();
      });
    });
    this.#port = (this.#front.address() as AddressInfo).port;
    this.#isListening = true;
  }

  /** Opens or shuts the port to suit the faults; resolves when it is so. */
  followFaults(): Promise<void> {
    this.#pending = this.#pending.then(async () => {
      const offline = this.#printer.faults.find('offline');
      if (offline?.manner === 'refuse') await this.#shut();
      else if (!this.#isListening) await this.#listenAgain();
      // A printer that comes back has forgotten the conversations in which it was silent.
      if (!offline) for (const socket of this.#mute) socket.destroy();
    });
    return this.#pending;
  }

  async close(): Promise<void> {
    await this.#pending;
    this.#closing.abort();
    await this.#shut();
    await Promise.all(this.#exchanges);
  }

  async #listenAgain(): Promise<void> {
    // While the port was shut, any program on the machine may have held it for a moment.
    for (let tries = 1; tries <= MAX_LISTEN_TRIES; tries += 1) {
      try {
        return await this.listen(this.#host, this.#port);
      } catch (error) {
        if (tries === MAX_LISTEN_TRIES) throw error;
        await sleep(LISTEN_PAUSE_MS);
      }
    }
  }

  async #shut(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#isListening) return;
    this.#isListening = false;
    await new Promise((resolve) => this.#front.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#printer.faults.has('offline')) {
      this.#mute.add(request.socket);
      request.socket.once('close', () => this.#mute.delete(request.socket));
      return;
    }
    response.on('error', () => response.destroy());
    if (request.method !== 'POST') return this.#answerBrowser(request, response);
    if (!request.headers['content-type']?.startsWith('application/ipp')) {
      response.writeHead(400, { connection: 'close' }).end();
      return;
    }
    const body: Body = request.iterator({ destroyOnReturn: false });
    try {
      await this.#exchange(request, response, body);
    } catch (error) {
      if (error instanceof BadRequest) {
        this.#note(undefined, status.badRequest);
        const head = { major: 2, minor: 0, requestId: error.requestId };
        this.#send(response, writeMessage(answerTo(head, { status: status.badRequest })), { connection: 'close' });
      } else request.socket.destroy(); // the client cut the line, or a fault did
    }
  }

  async #exchange(request: IncomingMessage, response: ServerResponse, body: Body): Promise<void> {
    const { message, rest } = await readHead(body);
    const arrived = async (receivedBytes: number) => {
      if (receivedBytes > 0) await this.#untilTaking(request);
      const fault = receivedBytes > 0 ? this.#printer.faults.find('drop-upload') : undefined;
      if (!fault || receivedBytes < fault.afterBytes) return;
      this.#printer.faults.strike('drop-upload');
      request.socket.destroy();
      throw new Error('the line was cut inside the document');
    };
    const document = documentOf(rest, body, arrived);
    const reply = await performOperation(this.#printer, { message, document }).catch((error: unknown) => {
      this.#note(message, 'lost');
      throw error;
    });
    if (reply.isEarly) {
      this.#note(message, reply.status);
      this.#send(response, writeMessage(answerTo(message, reply)), { connection: 'close' });
      return;
    }
    await drain(documentOf(Buffer.alloc(0), body, arrived));
    await this.#finish(request, response, message, reply);
  }

  /** A printer that takes nothing leaves the rest in the buffers of the network; the line may end meanwhile. */
  async #untilTaking({ socket }: IncomingMessage): Promise<void> {
    while (this.#printer.faults.has('stops-taking') && !socket.destroyed) {
      await sleep(TAKING_LOOK_MS, undefined, { signal: this.#closing.signal });
    }
    if (socket.destroyed) throw new Error('the line was cut while the printer took nothing');
  }

  async #finish(request: IncomingMessage, response: ServerResponse, message: Message, reply: Reply): Promise<void> {
    const { faults } = this.#printer;
    const lost = faults.find('drop-answer');
    if (lost && lost.operation === operationName(message.code) && reply.status < 0x0400) {
      faults.strike('drop-answer');
      this.#note(message, 'lost');
      request.socket.destroy();
      return;
    }
    const slow = faults.strike('slow-answer');
    if (slow) await sleep(slow.delayMs, undefined, { signal: this.#closing.signal });
    this.#note(message, reply.status);
    this.#send(response, writeMessage(answerTo(message, reply)), {});
  }

  #send(response: ServerResponse, bytes: Buffer, headers: Record<string, string>): void {
    response.writeHead(200, { 'content-type': 'application/ipp', 'content-length': bytes.length, ...headers });
    response.end(bytes);
  }

  #answerBrowser(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET' || request.url !== '/') {
      response.writeHead(request.method === 'GET' ? 404 : 405, { connection: 'close' }).end();
      return;
    }
    const { state, reasons } = this.#printer.engine.state();
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`${this.#printer.name}: ${state} (${reasons.join(', ')})\n`);
  }

  #note(message: Message | undefined, result: number | 'lost'): void {
    const jobName = message && findString(findGroup(message, delimiter.operation), 'job-name');
    this.#seen.push({
      operation: (message && operationName(message.code)) ?? 'unknown',
      status: result,
      ...(jobName === undefined ? {} : { jobName }),
      at: this.#printer.clock.now().toISOString(),
    });
    if (this.#seen.length > MAX_REQUESTS_KEPT) this.#seen.shift();
  }
}

/** Starts a practice printer; port 0 takes a free one. What it prints is in `outputDir` and in `printed()`. */
export async function startPrinter(options: PrinterOptions): Promise<RunningPrinter> {
  const host = options.host ?? '127.0.0.1';
  const clock = options.clock ?? { now: () => new Date() };
  const scratch = options.directory ?? mkdtempSync(join(tmpdir(), 'practice-printer-'));
  const tray = new OutputTray(options.outputDir);
  let whenFaultsChange: () => void = () => undefined;
  const faults = new FaultBoard(() => whenFaultsChange());
  const engine = new PrintEngine({ faults, clock, tray, directory: options.directory });
  const urlHost = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  const uris = () =>
    (options.tls ? ['ipps', 'ipp'] : ['ipp']).map((each) => `${each}://${urlHost}:${door.port}/ipp/print`);
  const incoming = new IncomingTray(scratch);
  const printer: Printer = { name: options.name, uris, engine, faults, incoming, clock, startedAt: clock.now() };
  const door = new PrinterFrontDoor(printer, options.tls);
  const close = async () => {
    await door.close();
    await engine.close();
    if (options.directory === undefined) rmSync(scratch, { recursive: true, force: true });
  };
  await door.listen(host, options.port ?? 0).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  whenFaultsChange = () => {
    engine.wake();
    void door.followFaults();
  };
  const named = findFaultInName(options.name);
  if (named) faults.set(named);
  await door.followFaults();
  const control = createControl({ printer, settle: () => door.followFaults(), requests: () => door.requests() });
  const uri = uris()[0] ?? '';
  return { name: options.name, uri, host, port: door.port, control, printed: () => tray.list(), close };
}
