/**
 * (k) How long a mailed page takes to the printer: from the moment the mail server has taken the mail, and from the moment
 * it tells of it, to the first byte of the document at the printer. Both are seen on the wire.
 */
import { eventually } from '../../test/harness/time.ts';
import { WireTap } from '../delay.ts';
import { medianOf, percentileOf } from '../figures.ts';
import { deliverMails, feedQueue, openDatabase, openWorld, PRINT_ROOM, say, sleep, type World } from '../world.ts';

const SPACING_MS = 1_500;
const PRINT_TIMEOUT_MS = 60_000;
const WARM_UP_MAILS = 5;
/** A page of text, as a program writes it. */
const PAGE_BYTES = 20_000;

type Spread = { readonly median: number; readonly p95: number };
export type FirstByteFigures = {
  readonly mails: number;
  readonly fromDeliveryMs: Spread;
  readonly fromExistsMs: Spread;
  /** Where the time goes, medians: until the job is committed, until it may be printed, until the printer has a byte. */
  readonly stepsMs: { readonly job: number; readonly prepared: number; readonly printer: number };
};

export async function measureFirstBytes(mails: number, profileDir: string | undefined): Promise<FirstByteFigures> {
  const words = new WireTap();
  await using world = await openWorld({ between: (port) => words.open(port), profileDir });
  const bytes = new WireTap('client', '%PDF');
  await using line = await bytes.open(world.printer.port);
  await printDirectly(world, line.port);
  const each: { fromDeliveryMs: number; fromExistsMs: number }[] = [];
  const startedAt = Date.now();
  for (let count = 0; count < WARM_UP_MAILS + mails; count += 1) {
    const told = words.next();
    const first = bytes.next();
    await deliverMails(world.dovecot, { count: 1, addresses: [PRINT_ROOM], bytesEach: PAGE_BYTES });
    const deliveredAt = performance.now();
    const firstAt = await Promise.race([first, sleep(PRINT_TIMEOUT_MS)]);
    if (firstAt === undefined) {
      const { items } = await world.stage.api('GET', '/jobs?limit=1');
      throw new Error(`mail ${count + 1} did not come to the printer: ${JSON.stringify(items)}`);
    }
    const toldAt = await told;
    if (count >= WARM_UP_MAILS) {
      each.push({ fromDeliveryMs: firstAt - deliveredAt, fromExistsMs: firstAt - toldAt });
    }
    await sleep(SPACING_MS * (0.7 + 0.3 * Math.random()));
  }
  await eventually(() => world.printer.printed().length === WARM_UP_MAILS + mails, { what: 'all of it is on paper' });
  const spread = (values: readonly number[]): Spread => ({ median: medianOf(values), p95: percentileOf(values, 95) });
  const figures = {
    mails,
    fromDeliveryMs: spread(each.map(({ fromDeliveryMs }) => fromDeliveryMs)),
    fromExistsMs: spread(each.map(({ fromExistsMs }) => fromExistsMs)),
    stepsMs: await readSteps(world, startedAt),
  };
  say(`(k) ${JSON.stringify(figures)}`);
  return figures;
}

/** Documents of the mailbox print at once, over a line on which they are seen. */
async function printDirectly(world: World, port: number): Promise<void> {
  const { stage } = world;
  const uri = `ipp://localhost:${port}/ipp/print`;
  const printer = await stage.api('POST', '/printers', { name: 'Watched', uri });
  const queue = { name: 'At once', mode: 'direct', printerIds: [String(printer.id)] };
  await feedQueue(world, String((await stage.api('POST', '/queues', queue)).id));
}

/** From what the journal says of each job, by the wall clock. */
async function readSteps(world: World, since: number): Promise<FirstByteFigures['stepsMs']> {
  await using database = await openDatabase(world);
  const times = `SELECT subject_id, min(at) FILTER (WHERE type = 'job-created') AS made,
      min(at) FILTER (WHERE type = 'job-prepared') AS prepared, min(at) FILTER (WHERE type = 'job-attempt-started') AS sent
    FROM journal WHERE at > to_timestamp(${since / 1000}) AND type LIKE 'job-%' GROUP BY subject_id`;
  const median = async (span: string) =>
    await database.number(
      `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ${span}) * 1000) FROM (${times}) AS times`,
    );
  return {
    job: await median(
      `(made - (SELECT received_at FROM incoming_messages JOIN jobs ON jobs.message_id = incoming_messages.id WHERE jobs.id::text = subject_id))`,
    ),
    prepared: await median('(prepared - made)'),
    printer: await median('(sent - prepared)'),
  };
}
