/**
 * `GET /events`: the journal as server-sent events, from now on or from Last-Event-ID.
 *
 * One reader per node waits for something new and wakes the streams; each stream then reads what its principal may see.
 * A stream ends when the session or token behind it does, and there is a bound to how many are open.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { PlatenError } from '../base/errors.ts';
import { OPERATORS_TYPES } from '../journal/events.ts';
import { followJournal, type JournalEvent, journalEnd, readJournal } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import { isStillValid, type Principal } from '../users/users.ts';
import { HEARTBEAT_MS, MAX_STREAMS, MAX_STREAMS_PER_PRINCIPAL, STREAM_CHECK_MS } from './limits.ts';

const BATCH = 100;
const RETRY_MS = 2_000;
const STREAMS_RETRY_SECONDS = 30;
const cursor = z.string().regex(/^\d{1,19}-\d{1,18}$/, 'must be the id of an event');

/** All open streams of this node, and the one reader that wakes them while there are any. */
export class EventStreams implements AsyncDisposable {
  readonly #context: Context;
  readonly #streams = new Set<EventStream>();
  readonly #readers = new Set<Promise<void>>();
  #stopReader: AbortController | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  get count(): number {
    return this.#streams.size;
  }

  /** Opens a stream after `since`. Throws `too-many-requests` when there are too many. */
  open(principal: Principal, since: string): EventStream {
    const own = [...this.#streams].filter((stream) => keyOf(stream.principal) === keyOf(principal));
    if (this.#streams.size >= MAX_STREAMS || own.length >= MAX_STREAMS_PER_PRINCIPAL) {
      throw new PlatenError('too-many-requests', 'too many event streams are open', {
        retryAfterSeconds: STREAMS_RETRY_SECONDS,
      });
    }
    const stream = new EventStream(this.#context, { principal, since, onEnd: () => this.#forget(stream) });
    this.#streams.add(stream);
    if (this.#stopReader === undefined) this.#startReader();
    return stream;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of [...this.#streams]) stream.end();
    await Promise.all(this.#readers);
  }

  #forget(stream: EventStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#stopReader?.abort();
    this.#stopReader = undefined;
  }

  #startReader(): void {
    this.#stopReader = new AbortController();
    const reader = this.#wakeStreams(this.#stopReader.signal);
    this.#readers.add(reader);
    void reader.then(() => this.#readers.delete(reader));
  }

  async #wakeStreams(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const since = await journalEnd(this.#context);
        // What came before this end, while there was no reader, the streams look up themselves.
        this.#wakeAll();
        for await (const _event of followJournal(this.#context, { since }, signal)) this.#wakeAll();
      } catch (error) {
        this.#context.log.warn({ error }, 'no live screen can be woken for now');
        await this.#context.clock.sleep(RETRY_MS, signal);
      }
    }
  }

  #wakeAll(): void {
    for (const stream of this.#streams) stream.wake();
  }
}

/** One open stream: `text()` is what goes over the wire. */
export class EventStream {
  readonly principal: Principal;
  readonly #context: Context;
  readonly #ended = new AbortController();
  readonly #onEnd: () => void;
  readonly #timers: readonly Disposable[];
  #since: string;
  #isAwake = true;
  #heartbeatDue = false;
  #wakeUp: () => void = () => undefined;

  constructor(
    context: Context,
    options: { readonly principal: Principal; readonly since: string; readonly onEnd: () => void },
  ) {
    this.#context = context;
    this.principal = options.principal;
    this.#since = options.since;
    this.#onEnd = options.onEnd;
    this.#timers = [
      context.clock.every(HEARTBEAT_MS, () => this.#beat()),
      context.clock.every(STREAM_CHECK_MS, () => void this.#check()),
    ];
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  wake(): void {
    this.#isAwake = true;
    this.#wakeUp();
  }

  end(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#onEnd();
    this.#wakeUp();
  }

  async *text(): AsyncGenerator<string> {
    try {
      // The place as well, so that one that was cut off before its first event misses nothing either; as an event, because
      // a page that opens its stream again by itself cannot read it otherwise.
      yield `retry: ${RETRY_MS}\nid: ${this.#since}\nevent: place\ndata: {}\n\n`;
      while (!this.#ended.signal.aborted) {
        this.#isAwake = false;
        const events = await this.#read();
        for (const event of events) yield describe(event);
        if (events.length === BATCH) continue;
        if (this.#heartbeatDue) {
          this.#heartbeatDue = false;
          yield ': still here\n\n';
        }
        await this.#pause();
      }
    } catch (error) {
      // The client comes back with the last id it saw, so nothing is missed.
      this.#context.log.warn({ error }, 'a live screen cannot read the journal for now');
    } finally {
      this.end();
    }
  }

  async #read(): Promise<JournalEvent[]> {
    const { role, userId } = this.principal;
    // Users see what belongs to them; a token of that role owns nothing.
    if (role === 'user' && userId === null) return [];
    const own = role === 'user' && userId !== null ? { ownerId: userId } : {};
    const types = role === 'operator' ? { types: OPERATORS_TYPES } : {};
    const events = await readJournal(this.#context, { since: this.#since, limit: BATCH, ...own, ...types });
    this.#since = events.at(-1)?.cursor ?? this.#since;
    return events;
  }

  #pause(): Promise<void> {
    if (this.#isAwake || this.#heartbeatDue || this.#ended.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wakeUp = resolve;
    });
  }

  #beat(): void {
    this.#heartbeatDue = true;
    this.#wakeUp();
  }

  async #check(): Promise<void> {
    try {
      if (!(await isStillValid(this.#context, this.principal))) this.end();
    } catch (error) {
      // Whether it is still valid cannot be told: the stream ends, and the client comes back and is asked again.
      this.#context.log.warn({ error }, 'a session could not be checked');
      this.end();
    }
  }
}

export function eventRoutes(app: FastifyInstance, context: Context, streams: EventStreams): void {
  const schema = {
    tags: ['journal'],
    headers: z.object({ 'last-event-id': cursor.optional() }),
    querystring: z.object({ since: cursor.optional() }),
  };
  app
    .withTypeProvider<ZodTypeProvider>()
    .get('/events', { config: { role: 'user' }, schema }, async (request, reply) => {
      const since = request.headers['last-event-id'] ?? request.query.since ?? (await journalEnd(context));
      const stream = streams.open(request.principal, since);
      // Gone is gone, also while nothing happens.
      reply.raw.once('close', () => stream.end());
      const body = Readable.from(stream.text(), { objectMode: false });
      stream.signal.addEventListener('abort', () => endSoon(body, reply.raw), { once: true });
      return reply
        .header('content-type', 'text/event-stream; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .send(body);
    });
}

/** A reader that does not read would keep the stream, and the end of the process, waiting. */
function endSoon(body: Readable, wire: { writableNeedDrain: boolean; destroy(): unknown }): void {
  if (!wire.writableNeedDrain) return;
  body.destroy();
  wire.destroy();
}

function describe(event: JournalEvent): string {
  const { cursor, at, ...rest } = event;
  // JSON has no raw line ends, so no text in it can begin another field.
  return `id: ${cursor}\nevent: ${event.type}\ndata: ${JSON.stringify({ cursor, at: at.toISOString(), ...rest })}\n\n`;
}

function keyOf(principal: Principal): string {
  return principal.kind === 'user' ? principal.userId : principal.tokenId;
}
