/**
 * (b) How long one mail takes to become a committed job: from the moment the server tells of it (EXISTS), and from the
 * moment the server has taken it. The first is seen on the wire, by a relay of bytes between Platen and the server.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { medianOf, percentileOf } from './figures.ts';
import { deliverMails, openDatabase, openWorld, PRINT_ROOM, say, sleep } from './world.ts';

const SPACING_MS = 1_000;
const COMMIT_TIMEOUT_MS = 30_000;
const WARM_UP_MAILS = 5;
const COUNT_JOBS = 'SELECT count(*) FROM jobs';

type Spread = { readonly median: number; readonly p95: number };
export type DelayFigures = {
  readonly mails: number;
  readonly fromExistsMs: Spread;
  readonly fromDeliveryMs: Spread;
  readonly each: readonly { readonly fromExistsMs: number; readonly fromDeliveryMs: number }[];
};

export async function measureDelays(mails: number, profileDir: string | undefined): Promise<DelayFigures> {
  const tap = new WireTap();
  await using world = await openWorld({ between: (port) => tap.open(port), profileDir });
  await using database = await openDatabase(world);
  const each: { fromExistsMs: number; fromDeliveryMs: number }[] = [];
  for (let count = 0; count < WARM_UP_MAILS + mails; count += 1) {
    const before = await database.number(COUNT_JOBS);
    const startedAt = performance.now();
    const told = tap.next();
    await deliverMails(world.dovecot, { count: 1, addresses: [PRINT_ROOM] });
    const deliveredAt = performance.now();
    while ((await database.number(COUNT_JOBS)) === before) {
      if (performance.now() - startedAt > COMMIT_TIMEOUT_MS) throw new Error(`mail ${count + 1} made no job`);
      await sleep(1);
    }
    const committedAt = performance.now();
    const toldAt = await told;
    if (count >= WARM_UP_MAILS) {
      each.push({ fromExistsMs: committedAt - toldAt, fromDeliveryMs: committedAt - deliveredAt });
    }
    // Not always the same distance, so that no timer of the server keeps step with the mails.
    await sleep(SPACING_MS * (0.7 + 0.3 * Math.random()) - Math.min(committedAt - startedAt, 500));
  }
  await checkRows(database, WARM_UP_MAILS + mails);
  const spread = (values: readonly number[]): Spread => ({ median: medianOf(values), p95: percentileOf(values, 95) });
  const figures = {
    mails,
    fromExistsMs: spread(each.map(({ fromExistsMs }) => fromExistsMs)),
    fromDeliveryMs: spread(each.map(({ fromDeliveryMs }) => fromDeliveryMs)),
    each,
  };
  say(`(b) ${mails} mails: ${figures.fromExistsMs.median.toFixed(0)} ms from EXISTS in the median`);
  return figures;
}

async function checkRows(database: { number(sql: string): Promise<number> }, expected: number): Promise<void> {
  for (const table of ['jobs', 'incoming_messages']) {
    const found = await database.number(`SELECT count(*) FROM ${table}`);
    if (found !== expected) throw new Error(`${found} rows in ${table} after ${expected} mails`);
  }
}

/** Passes bytes on and remembers when something was said. It is in the way for less than a millisecond. */
export class WireTap {
  readonly #from: 'server' | 'client';
  readonly #mark: string;
  #told: PromiseWithResolvers<number> | undefined;

  /** Hears one side; with `mark` only what holds these letters. */
  constructor(from: 'server' | 'client' = 'server', mark = '') {
    this.#from = from;
    this.#mark = mark;
  }

  /** When it is said next: of a mail server in IDLE any word is EXISTS. */
  next(): Promise<number> {
    this.#told = Promise.withResolvers<number>();
    return this.#told.promise;
  }

  async open(target: number): Promise<{ readonly port: number } & AsyncDisposable> {
    const server = createServer({ noDelay: true }, (client) => {
      const upstream = connect({ host: '127.0.0.1', port: target, noDelay: true });
      for (const socket of [client, upstream]) {
        socket.on('error', () => undefined);
        socket.on('close', () => {
          client.destroy();
          upstream.destroy();
        });
      }
      let tail = '';
      (this.#from === 'server' ? upstream : client).on('data', (chunk: Buffer) => {
        const words = tail + chunk.toString('latin1');
        if (words.includes(this.#mark)) this.#told?.resolve(performance.now());
        tail = this.#mark === '' ? '' : words.slice(1 - this.#mark.length);
      });
      upstream.pipe(client);
      client.pipe(upstream);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    // Whoever still speaks through it is ended by then: the server that was measured.
    return { port, [Symbol.asyncDispose]: async () => void server.close() };
  }
}
