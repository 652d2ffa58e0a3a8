/**
 * (l) What a mailbox that was left alone for long costs: very many messages lie in it when it is watched again. All of
 * them are taken in and moved, and the memory of the server is looked at meanwhile.
 */
import { type Memory, measureIdle, watchMemory } from '../footprint.ts';
import { countMaildir, deliverMails, openDatabase, PRINT_ROOM, say, sleep, type World } from '../world.ts';

/** What a short text or a form has. */
const DOCUMENT_BYTES = 10_000;
const DRAIN_TIMEOUT_MS = 1_800_000;
const COUNT = 'SELECT count(*) FROM incoming_messages';
const COUNT_UNMOVED = 'SELECT count(*) FROM incoming_messages WHERE moved_at IS NULL';

export type BacklogFigures = {
  readonly messages: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly idleMiB: Memory;
  readonly peakMiB: Memory;
};

/** The most that the server may take above what it takes when it is idle. */
export const MOST_ABOVE_IDLE_MIB = 150;

export async function measureBacklog(world: World, messages: number): Promise<BacklogFigures> {
  const { stage, dovecot, mailboxId, node } = world;
  await stage.api('PATCH', `/mailboxes/${mailboxId}`, { enabled: false });
  await sleep(3_000);
  await deliverMails(dovecot, { count: messages, addresses: [PRINT_ROOM], bytesEach: DOCUMENT_BYTES });
  say(`(l) ${messages} messages lie in the mailbox`);
  // From a fresh process, so that the figure is not what an earlier part has left.
  await node.process.stop();
  await node.start();
  const idleMiB = await measureIdle(world);
  await using database = await openDatabase(world);
  const before = await database.number(COUNT);
  using memory = watchMemory(world);
  const startedAt = performance.now();
  await stage.api('PATCH', `/mailboxes/${mailboxId}`, { enabled: true });
  const isDrained = async () =>
    (await database.number(COUNT)) - before === messages && (await database.number(COUNT_UNMOVED)) === 0;
  while (!(await isDrained())) {
    if (performance.now() - startedAt > DRAIN_TIMEOUT_MS)
      throw new Error(`not drained: ${node.output().slice(-2_000)}`);
    await sleep(200);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await check(world, messages);
  const figures = { messages, seconds, perSecond: messages / seconds, idleMiB, peakMiB: memory.peak() };
  say(`(l) ${JSON.stringify(figures)}`);
  return figures;
}

/** Nothing lost, nothing doubled, nothing left behind. */
async function check({ dovecot }: World, messages: number): Promise<void> {
  const left = countMaildir(dovecot, PRINT_ROOM, 'INBOX');
  const done = countMaildir(dovecot, PRINT_ROOM, 'Platen/Done');
  if (left !== 0 || done < messages) throw new Error(`${left} mails in the INBOX, ${done} in Platen/Done`);
}
