/**
 * A line between two programs that can be made bad: slow, cut at an exact byte, half closed, or a black hole.
 *
 * Faults belong to the line, not to one session: they are in force for sessions that are open and for those to come,
 * until `heal`. A cut happens once, in the first session that reaches its byte.
 */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Direction = 'to-target' | 'to-client';
export type TcpProxy = {
  readonly host: string;
  readonly port: number;
  /** Delays every piece of data, in both directions. */
  setLatency(latencyMs: number): void;
  /** Cuts the session after exactly so many bytes of it have passed in one direction. */
  cutAfter(direction: Direction, bytes: number): void;
  /** After so many bytes says "end of data" in one direction, while the other goes on. */
  halfCloseAfter(direction: Direction, bytes: number): void;
  /** Lets sessions stand and open, but passes nothing. What was held goes on after `heal`. */
  blackHole(): void;
  /** Ends all sessions that are open now, without a word. */
  cutNow(): void;
  heal(): void;
  /** Bytes that have passed in all sessions so far. */
  passedBytes(): Readonly<Record<Direction, number>>;
  sessions(): { readonly opened: number; readonly open: number };
  close(): Promise<void>;
};

type Fault = { readonly kind: 'cut' | 'half-close'; readonly bytes: number };
type Session = { readonly client: Socket; readonly target: Socket };

class FaultyLine {
  readonly passed: Record<Direction, number> = { 'to-target': 0, 'to-client': 0 };
  readonly sessions = new Set<Session>();
  opened = 0;
  latencyMs = 0;
  readonly faults = new Map<Direction, Fault>();
  readonly closing = new AbortController();
  #healed: PromiseWithResolvers<void> | undefined;

  blackHole(): void {
    this.#healed ??= Promise.withResolvers<void>();
  }

  heal(): void {
    this.faults.clear();
    this.latencyMs = 0;
    this.#healed?.resolve();
    this.#healed = undefined;
  }

  join(client: Socket, target: Socket): void {
    const session = { client, target };
    this.sessions.add(session);
    this.opened += 1;
    for (const socket of [client, target]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.cut(session));
    }
    const both = [this.#pump(session, 'to-target'), this.#pump(session, 'to-client')];
    void Promise.allSettled(both).then(() => this.cut(session));
  }

  cut(session: Session): void {
    this.sessions.delete(session);
    session.client.destroy();
    session.target.destroy();
  }

  async #pump(session: Session, direction: Direction): Promise<void> {
    const { client, target } = session;
    const [source, sink] = direction === 'to-target' ? [client, target] : [target, client];
    let seenBytes = 0;
    try {
      for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        if (this.latencyMs > 0) await sleep(this.latencyMs, undefined, { signal: this.closing.signal });
        while (this.#healed) await this.#healed.promise;
        const fault = this.faults.get(direction);
        const left = fault ? Math.max(0, fault.bytes - seenBytes) : chunk.length;
        await this.#pass(sink, chunk.subarray(0, left), direction);
        seenBytes += chunk.length;
        if (!fault || seenBytes < fault.bytes) continue;
        this.faults.delete(direction);
        if (fault.kind === 'cut') return this.cut(session);
        break;
      }
    } catch {
      return this.cut(session); // one end went away without a farewell: so does the other
    }
    sink.end();
    source.resume(); // what still comes after a half close is lost
    await once(source, 'close').catch(() => undefined);
  }

  async #pass(sink: Socket, bytes: Buffer, direction: Direction): Promise<void> {
    if (bytes.length === 0) return;
    await new Promise<void>((resolve, reject) => sink.write(bytes, (error) => (error ? reject(error) : resolve())));
    this.passed[direction] += bytes.length;
  }
}

export async function startTcpProxy(options: {
  readonly target: { readonly host: string; readonly port: number };
}): Promise<TcpProxy> {
  const line = new FaultyLine();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    line.join(client, connect({ ...options.target, allowHalfOpen: true }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cutNow = () => {
    for (const session of line.sessions) line.cut(session);
  };
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    setLatency: (latencyMs) => {
      line.latencyMs = latencyMs;
    },
    cutAfter: (direction, bytes) => void line.faults.set(direction, { kind: 'cut', bytes }),
    halfCloseAfter: (direction, bytes) => void line.faults.set(direction, { kind: 'half-close', bytes }),
    blackHole: () => line.blackHole(),
    cutNow,
    heal: () => line.heal(),
    passedBytes: () => ({ ...line.passed }),
    sessions: () => ({ opened: line.opened, open: line.sessions.size }),
    async close() {
      line.closing.abort();
      line.heal();
      cutNow();
      server.close();
      await once(server, 'close');
    },
  };
}
