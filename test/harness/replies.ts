/**
 * What must hold of replies whatever was killed: each message that may be answered has one, which was written once and is
 * accepted once, or once more for each time that its outcome was lost, byte for byte the same; and the PIN in it is the
 * one that releases what is held.
 */
import assert from 'node:assert/strict';
import PostalMime from 'postal-mime';
import type { Accepted } from '../../simulator/smtp/ledger.ts';
import { HELD_FOLDER, KNOWN_SENDERS, type Mail, PRINT_ROOM } from './mail.ts';
import { addOutgoing, fillPace } from './scans.ts';
import { judgeMessage, readMessages, tellMailStory } from './sent-mail.ts';
import type { Row, Stage } from './stage.ts';
import { eventually } from './time.ts';

export type ReplyTally = {
  /** Replies that the outgoing server has accepted, and further copies of them after an outcome was lost. */
  readonly replies: number;
  readonly copies: number;
  /** Documents that were printed with the PIN of their reply. */
  readonly released: number;
};

/** Senders are answered from now on, as fast as it can; `HELD_FOLDER` feeds a hold queue of the same printer. */
export async function answerSenders(stage: Stage): Promise<void> {
  await addOutgoing(stage, 'confirmed');
  await fillPace(stage);
  stage.peers.practice.smtp.setSwitches({ sentItems: 'off', recipientsPerDay: 1_000_000 });
  const limit = 10_000;
  const limits = { repliesPerPersonAndDay: limit, jobRepliesPerPersonAndDay: limit, perHour: limit };
  await stage.api('PUT', '/notices', { limits });
  const { mailboxes } = stage.peers.practice.imap;
  mailboxes.createFolder(mailboxes.open(PRINT_ROOM), HELD_FOLDER);
  const queue = { name: 'Held', mode: 'hold', printerIds: [stage.printerId] };
  const queueId = String((await stage.api('POST', '/queues', queue)).id);
  const { items } = (await stage.api('GET', '/mailboxes')) as { items: Row[] };
  await stage.watchMailbox(String(items[0]?.connectionId), { title: 'To be released', folder: HELD_FOLDER, queueId });
}

export async function deliverHeld(stage: Stage, wish: { readonly documents: number }): Promise<void> {
  await stage.deliver(1, { ...wish, folder: HELD_FOLDER });
}

/** What is not told yet: messages that are not finished, and ends of messages that were not read for the replies. */
export const UNTOLD: readonly string[] = [
  'SELECT FROM incoming_messages WHERE finish_by IS NOT NULL LIMIT 1',
  `SELECT FROM journal, (SELECT string_to_array(coalesce(journal_cursor, '0-0'), '-') AS read FROM notice_settings) AS notices
   WHERE type = 'message-finished' AND (tx::text::bigint, id) > (read[1]::bigint, read[2]::bigint) LIMIT 1`,
];

/** Waits until every message is finished, every end of one was read, and everything in the outbox was sent. */
export async function settleReplies(stage: Stage, options: { readonly timeoutMs?: number } = {}): Promise<void> {
  const isQuiet = async () => {
    const undone = [...UNTOLD, `SELECT FROM outbox_messages WHERE state <> 'sent' LIMIT 1`];
    for (const query of undone) if ((await stage.sql(query)).length > 0) return false;
    return true;
  };
  const what = 'everybody is answered';
  await eventually(isQuiet, { timeoutMs: options.timeoutMs ?? 90_000, what }).catch(async (error: unknown) => {
    throw new Error(`${error instanceof Error ? error.message : error}\n${await tellMailStory(stage)}`, {
      cause: error,
    });
  });
}

/** Types the PIN of each reply at the printer, as long as what it is for is held; one that is not taken fails. */
export async function releaseHeld(stage: Stage): Promise<void> {
  const held = await stage.sql(`SELECT message_id, count(*)::int AS documents FROM jobs
    WHERE state = 'pending-held' GROUP BY message_id`);
  if (held.length === 0) return;
  const letters = await readLetters(stage);
  const ids = await stage.sql('SELECT id, message_id FROM incoming_messages');
  for (const { message_id: id, documents } of held) {
    const header = String(ids.find((row) => row.id === id)?.message_id);
    const [pin] = [...new Set(letters.filter(({ answers }) => answers === header).map((letter) => letter.pin))];
    if (pin === undefined) assert.fail(`no reply brings a PIN for ${header}\n${await tellMailStory(stage)}`);
    const answer = await stage.ask('POST', `/printers/${stage.printerId}/release`, { pin });
    const released = (answer.body.released as readonly Row[] | undefined)?.length;
    if (released !== documents)
      assert.fail(`the PIN of ${header} released ${released}, not ${documents}: ${answer.text}`);
  }
}

/** Throws with the whole story unless everything holds; to be asked when all is settled and released. */
export async function checkReplies(stage: Stage): Promise<ReplyTally> {
  const rows = (await readMessages(stage)).filter(({ kind }) => kind === 'notice');
  const letters = await readLetters(stage);
  const copies = Map.groupBy(letters, ({ sha256 }) => sha256);
  const written = new Set(rows.map(({ sha256 }) => String(sha256)));
  const events = await stage.sql(`SELECT message_id, type, count(*)::int AS count FROM journal
    JOIN incoming_messages ON incoming_messages.id::text = subject_id
    WHERE type IN ('message-finished', 'message-answered') GROUP BY message_id, type`);
  const broken = [
    ...stage.mails.flatMap((mail) => judgeReply(mail, { rows, letters, events })),
    ...rows.flatMap((row) => judgeMessage(row, copies.get(String(row.sha256)) ?? [])),
    ...[...copies.keys()].filter((sha256) => !written.has(sha256)).map((sha256) => `${sha256} was never written`),
    ...judgePins(letters),
  ];
  if (broken.length > 0) assert.fail(`${broken.join('\n')}\n${await tellMailStory(stage)}`);
  const [{ released } = {}] = await stage.sql(`SELECT count(*)::int AS released FROM jobs
    JOIN queues ON queues.id = queue_id WHERE mode = 'hold' AND state = 'completed'`);
  return { replies: copies.size, copies: letters.length - copies.size, released: Number(released) };
}

type Letter = Accepted & { readonly answers: string; readonly pin: string | undefined };
// Nobody parses a letter of an earlier check again.
const parsed = new Map<string, Pick<Letter, 'answers' | 'pin'>>();

/** What the outgoing server has accepted, with the message that it answers and the PIN that it brings. */
async function readLetters({ peers }: Stage): Promise<readonly Letter[]> {
  const { smtp } = peers.practice;
  const letters: Letter[] = [];
  for (const accepted of smtp.accepted()) {
    const told = parsed.get(accepted.sha256) ?? (await readLetter(smtp.findContent(accepted.id) ?? Buffer.alloc(0)));
    parsed.set(accepted.sha256, told);
    letters.push({ ...accepted, ...told });
  }
  return letters;
}

async function readLetter(content: Buffer): Promise<Pick<Letter, 'answers' | 'pin'>> {
  const { inReplyTo = '', text = '' } = await PostalMime.parse(content);
  return { answers: inReplyTo, pin: /PIN (\d{4} \d{4})/.exec(text)?.[1] };
}

type Told = { readonly rows: readonly Row[]; readonly letters: readonly Letter[]; readonly events: readonly Row[] };

/** One reply for whom Platen knows, and nothing for others; copies are of that one. */
function judgeReply({ mark, sender }: Mail, { rows, letters, events }: Told): string[] {
  const expected = (KNOWN_SENDERS as readonly string[]).includes(sender) ? 1 : 0;
  const header = `<${mark}@practice.example>`;
  const broken: string[] = [];
  for (const type of ['message-finished', 'message-answered']) {
    const count = Number(events.find((row) => row.message_id === header && row.type === type)?.count ?? 0);
    if (count !== expected) broken.push(`${mark} has ${count} events ${type}, not ${expected}`);
  }
  const own = letters.filter(({ answers }) => answers === header);
  const different = new Set(own.map(({ sha256 }) => sha256));
  if (different.size !== expected) broken.push(`${mark} has ${different.size} different replies, not ${expected}`);
  const written = rows.filter(({ sha256 }) => different.has(String(sha256))).length;
  if (written !== expected) broken.push(`${mark} has ${written} replies in the outbox, not ${expected}`);
  for (const { recipients } of own) {
    if (recipients.join() !== sender) broken.push(`the reply to ${mark} went to ${recipients.join()}`);
  }
  return broken;
}

/** A PIN is of one reply, and a reply has one. */
function judgePins(letters: readonly Letter[]): string[] {
  const byPin = Map.groupBy(
    letters.filter(({ pin }) => pin !== undefined),
    ({ pin }) => pin,
  );
  const byMessage = Map.groupBy(
    letters.filter(({ pin }) => pin !== undefined),
    ({ answers }) => answers,
  );
  return [
    ...[...byPin].flatMap(([pin, own]) =>
      new Set(own.map(({ sha256 }) => sha256)).size > 1 ? [`the PIN ${pin} stands in different replies`] : [],
    ),
    ...[...byMessage].flatMap(([answers, own]) =>
      new Set(own.map(({ pin }) => pin)).size > 1 ? [`replies to ${answers} bring different PINs`] : [],
    ),
  ];
}
