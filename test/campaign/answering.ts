/**
 * Machines that answer each other: two Platens that print each other's mail, and people whose mailboxes answer by
 * themselves. Documents are mailed for a while; then everything has to come to rest by itself.
 */
import assert from 'node:assert/strict';
import {
  DESK,
  ERIK,
  LAB,
  type Letter,
  type OpenedWorld,
  openAnsweringWorld,
  PEOPLE,
  type WorldOptions,
  write,
} from '../harness/answering-machines.ts';

export type AnsweringOptions = WorldOptions & {
  /** How long documents are mailed; each sender mails one at the beginning, whatever this is. */
  readonly forMs: number;
  readonly everyMs?: number;
  readonly say?: (line: string) => void;
};

export type AnsweringReport = {
  readonly minutes: number;
  readonly documents: number;
  readonly sheets: number;
  readonly letters: number;
  readonly answersOfMachines: Readonly<Record<string, number>>;
  /** To one address by one instance: the most, by what the machine behind it does. */
  readonly lettersTo: Readonly<Record<string, number>>;
  readonly suppressed: number;
  readonly secondsToRest: number;
};

/** Answers an answer of a person's machine; the others are answers to what somebody sent of their own accord. */
const ECHOES_PER_DAY = 5;
const RESTED_MS = 2_000;
const MOST_REST_MS = 10 * 60_000;

export async function runAnswering(options: AnsweringOptions): Promise<AnsweringReport> {
  const { forMs, everyMs = 20_000, say = () => undefined } = options;
  await using world = await openAnsweringWorld(options);
  const startedAt = performance.now();
  await greet(world);
  for (;;) {
    await mailAround(world);
    if (performance.now() - startedAt + everyMs > forMs) break;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    say(`${world.mailed.size} documents, ${world.peers.practice.smtp.accepted().length} letters`);
  }
  const mailedAt = performance.now();
  await restOf(world);
  const secondsToRest = Math.round((performance.now() - RESTED_MS - mailedAt) / 1000);
  const letters = await world.letters();
  await judge(world, letters);
  return {
    minutes: Math.round((performance.now() - startedAt) / 6_000) / 10,
    documents: world.mailed.size,
    sheets: world.peers.paper().length,
    letters: letters.length,
    answersOfMachines: Object.fromEntries(world.machines.map(({ address, answers }) => [address, answers.length])),
    lettersTo: Object.fromEntries([...byReceiver(letters)].map(([key, own]) => [key, own.length])),
    suppressed: await countSuppressed(world),
    secondsToRest,
  };
}

/** The instances mail each other in the name of their mailboxes, and each person mails a document to the first. */
async function mailAround(world: OpenedWorld): Promise<void> {
  await world.mail(DESK, LAB);
  await world.mail(LAB, DESK);
  for (const { address } of PEOPLE) await world.mail(address, DESK);
}

/** One person writes to the other: the polite machine answers that, or its silence would prove nothing. */
async function greet({ peers }: OpenedWorld): Promise<void> {
  const [{ address } = { address: '' }] = PEOPLE;
  await peers.deliver(
    address,
    write(ERIK, address, { messageId: '<greeting@practice.example>', subject: 'Hello', text: 'How are you?' }),
  );
}

/** Waits until nothing has moved for a while; nobody ends anything. */
async function restOf(world: OpenedWorld): Promise<void> {
  const until = performance.now() + MOST_REST_MS;
  let last = world.moved();
  let since = performance.now();
  while (performance.now() - since < RESTED_MS) {
    assert.ok(performance.now() < until, `it goes on: ${JSON.stringify(await tell(world))}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const moved = world.moved();
    if (moved === last && (await world.isQuiet())) continue;
    last = moved;
    since = performance.now();
  }
}

async function tell(world: OpenedWorld): Promise<object> {
  const machines = world.machines.map(({ address, answers }) => [address, answers.length]);
  return { letters: world.peers.practice.smtp.accepted().length, machines };
}

async function judge(world: OpenedWorld, letters: readonly Letter[]): Promise<void> {
  const own = new Set(letters.map(({ messageId }) => messageId));
  for (const letter of letters) {
    assert.match(letter.header('Auto-Submitted') ?? '', /^auto-(replied|generated)$/);
    assert.equal(letter.header('X-Auto-Response-Suppress'), 'All');
    assert.ok(letter.header('X-Platen-Hop') !== undefined);
    assert.ok(!own.has(letter.answers ?? ''), `${letter.messageId} answers a letter of an instance`);
    const isReply = letter.header('Auto-Submitted') === 'auto-replied';
    assert.equal(letter.answers !== undefined, isReply, 'a reply says what it answers');
  }
  const answered = Map.groupBy(
    letters.filter(({ answers }) => answers !== undefined),
    ({ from, answers }) => `${from} ${answers}`,
  );
  for (const [message, replies] of answered)
    assert.equal(replies.length, 1, `${message} has ${replies.length} replies`);
  const answersOfMachines = new Set(world.machines.flatMap(({ answers }) => answers.map(({ messageId }) => messageId)));
  for (const [key, toOne] of byReceiver(letters)) {
    const echoes = toOne.filter(({ answers }) => answersOfMachines.has(answers ?? ''));
    const isBlank = PEOPLE.some(({ address, manner }) => manner === 'blank' && key.endsWith(address));
    if (!isBlank) assert.ok(echoes.length <= ECHOES_PER_DAY, `${key}: ${echoes.length} answers to a machine`);
  }
  await judgePaper(world);
  const polite = world.machines.find(({ address }) => address === PEOPLE[0]?.address);
  assert.deepEqual(
    polite?.answers.filter(({ to }) => to === DESK || to === LAB),
    [],
  );
}

/** Everything that was mailed became one job, every job came out once, and there is no other paper. */
async function judgePaper({ mailed, peers, stages }: OpenedWorld): Promise<void> {
  const sheets = Map.groupBy(
    peers.paper().map(({ sha256 }) => sha256),
    (sha256) => sha256,
  );
  let printed = 0;
  for (const stage of stages) {
    const jobs =
      await stage.sql(`SELECT incoming_messages.message_id, state, encode(spool_files.sha256, 'hex') AS sha256
      FROM jobs JOIN incoming_messages ON incoming_messages.id = jobs.message_id
      LEFT JOIN spool_files ON spool_files.id = jobs.document_id`);
    for (const { message_id: id, state, sha256 } of jobs) {
      assert.equal(state, 'completed', `the job of ${id}`);
      assert.equal(sheets.get(String(sha256))?.length, 1, `${id} was not printed once`);
    }
    printed += jobs.length;
    for (const [messageId, by] of mailed) {
      const own = jobs.filter(({ message_id: id }) => id === messageId).length;
      assert.equal(own, by === stage ? 1 : 0, `${messageId} made ${own} jobs`);
    }
  }
  assert.equal(peers.paper().length, printed);
}

function byReceiver(letters: readonly Letter[]): Map<string, Letter[]> {
  return Map.groupBy(letters, ({ from, to }) => `${from} to ${to}`);
}

async function countSuppressed({ stages }: OpenedWorld): Promise<number> {
  let count = 0;
  for (const stage of stages) {
    const [row] = await stage.sql(`SELECT count(*)::int AS count FROM journal WHERE type = 'notice-suppressed'`);
    count += Number(row?.count);
  }
  return count;
}
