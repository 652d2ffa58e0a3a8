/**
 * A mailbox over POP3, in the shape in which a pass reads a folder.
 *
 * The UIDL of a message, or a digest of what it is where the server has none, gets a number that stands where the UID of
 * IMAP stands; POP3 has the numbering 0, which no IMAP folder has. What is to be deleted is collected and
 * deleted at the end of the session: the next one finds out whether the server did it (RFC 1939 section 6).
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { FetchedBody } from '../../protocols/imap/client.ts';
import { imapLimits } from '../../protocols/limits.ts';
import { connectPop3, type Pop3Entry, type Pop3Session } from '../../protocols/pop3/client.ts';
import { Pop3Failure } from '../../protocols/pop3/failure.ts';
import type { Context } from '../../store/database.ts';
import { intakeLimits } from '../limits.ts';
import { type MailboxRow, placeOf } from '../mailbox.ts';
import type { MessageSource } from '../pass.ts';
import { type OpenOptions, targetOf } from './imap.ts';

export const POP3_NUMBERING = 0;
const NUMBERED_AT_ONCE = 1000;
/** LIST may name less than comes; past the limit of a message the rest is not wanted. */
const SLACK_BYTES = 1024 * 1024;

/** Signs in and lists the mailbox. Throws what `accessTokenFor` throws, and `Pop3Failure`; the session is closed then. */
export async function openPopFolder(context: Context, mailbox: MailboxRow, options: OpenOptions): Promise<PopFolder> {
  const { target } = await targetOf(context, mailbox, { ...options, use: 'pop3' });
  const session = await connectPop3(target, options.signal);
  try {
    const listed = await session.list();
    const named = await nameEntries(session, listed);
    if (listed.every(({ uidl }) => uidl === undefined)) await forgetGone(context, mailbox, [...named.keys()]);
    if (mailbox.after_intake === 'delete') await forgetReplaced(context, mailbox, { session, named });
    const numbers = await numberNames(context, mailbox, [...named.keys()]);
    const entries = new Map([...named].map(([name, entry]) => [numbers.get(name) ?? 0, entry] as const));
    return new PopFolder(session, entries, (uid, content) => noteContent(context, { mailbox, uid, content }));
  } catch (error) {
    session.abandon();
    throw error;
  }
}

/** Told the sha256 of a message without UIDL once it was read to its end. */
type NoteContent = (uid: number, content: Buffer) => Promise<void>;

export class PopFolder implements MessageSource, AsyncDisposable {
  readonly deletesLater = true;
  readonly #session: Pop3Session;
  readonly #entries: ReadonlyMap<number, Pop3Entry>;
  readonly #unwanted = new Set<number>();
  readonly #noteContent: NoteContent;

  constructor(session: Pop3Session, entries: ReadonlyMap<number, Pop3Entry>, noteContent: NoteContent) {
    this.#session = session;
    this.#entries = entries;
    this.#noteContent = noteContent;
  }

  async listUids(): Promise<number[]> {
    return [...this.#entries.keys()].sort((a, b) => a - b);
  }

  async fetchSizes(uids: readonly number[]): Promise<Map<number, number>> {
    return new Map(
      uids.flatMap((uid) => {
        const entry = this.#entries.get(uid);
        return entry === undefined ? [] : [[uid, entry.bytes] as const];
      }),
    );
  }

  async fetchBodies(uids: readonly number[]): Promise<FetchedBody[]> {
    const bodies: FetchedBody[] = [];
    for (const uid of uids) {
      const entry = this.#entries.get(uid);
      if (entry === undefined) {
        bodies.push({ kind: 'gone', uid });
        continue;
      }
      const pieces: Buffer[] = [];
      for await (const piece of this.#read(uid, entry, imapLimits.maxLiteralBytes)) pieces.push(piece);
      const raw = Buffer.concat(pieces);
      bodies.push(raw.length === 0 ? { kind: 'empty', uid } : { kind: 'body', uid, raw });
    }
    return bodies;
  }

  /** The header, as far as `maxBytes`. */
  async fetchBeginning(uid: number, maxBytes: number): Promise<Buffer | undefined> {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return undefined;
    const header = await this.#session.top(entry.number);
    return header.length === 0 ? undefined : header.subarray(0, maxBytes);
  }

  async *streamBody(uid: number): AsyncGenerator<Buffer, void, undefined> {
    const entry = this.#entries.get(uid);
    if (entry !== undefined) yield* this.#read(uid, entry, intakeLimits.maxMessageBytes + SLACK_BYTES);
  }

  /** What has no UIDL is known again by all that was read. */
  async *#read(uid: number, { number, uidl }: Pop3Entry, maxBytes: number): AsyncGenerator<Buffer, void, undefined> {
    if (uidl !== undefined) return yield* this.#session.retrieve(number, maxBytes);
    const hash = createHash('sha256');
    for await (const piece of this.#session.retrieve(number, maxBytes)) {
      hash.update(piece);
      yield piece;
    }
    await this.#noteContent(uid, hash.digest());
  }

  async move(): Promise<Map<number, number>> {
    throw new Pop3Failure('protocol', { words: 'POP3 knows no folders' });
  }

  /** Remembers what is to be deleted at the end. */
  async remove(uids: readonly number[]): Promise<void> {
    for (const uid of uids) if (this.#entries.has(uid)) this.#unwanted.add(uid);
  }

  /** Deletes what is unwanted and ends the session. Returns what the server says that it has deleted. */
  async end(): Promise<ReadonlySet<number>> {
    for (const uid of this.#unwanted) {
      const entry = this.#entries.get(uid);
      if (entry !== undefined) await this.#session.remove(entry.number);
    }
    await this.#session.quit();
    return this.#unwanted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session.abandon();
  }
}

/** A UIDL has the prefix of its own: names of the three kinds are told apart by it. */
const WITHOUT_UIDL = ['header:', 'content:'] as const;

/**
 * Names each message by its UIDL, or by its header and size. Messages that have those in common are read whole, and named
 * by their content; what is alike to the last byte counts as one.
 */
async function nameEntries(
  session: Pop3Session,
  entries: readonly Pop3Entry[],
): Promise<ReadonlyMap<string, Pop3Entry>> {
  const alike = new Map<string, Pop3Entry[]>();
  for (const entry of entries) {
    const name = entry.uidl === undefined ? await nameByHeader(session, entry) : `uidl:${entry.uidl}`;
    alike.set(name, [...(alike.get(name) ?? []), entry]);
  }
  const named = new Map<string, Pop3Entry>();
  for (const [name, group] of alike) {
    for (const entry of group) {
      // What is too large is refused by its header alone, and never read.
      const isAlone = group.length === 1 || entry.bytes > intakeLimits.maxMessageBytes;
      const own = isAlone ? name : await nameByContent(session, entry);
      if (!named.has(own)) named.set(own, entry);
    }
  }
  return named;
}

async function nameByContent(session: Pop3Session, entry: Pop3Entry): Promise<string> {
  return `content:${(await hashContent(session, entry)).toString('hex')}`;
}

async function hashContent(session: Pop3Session, { number }: Pop3Entry): Promise<Buffer> {
  const hash = createHash('sha256');
  for await (const piece of session.retrieve(number, intakeLimits.maxMessageBytes + SLACK_BYTES)) hash.update(piece);
  return hash.digest();
}

async function noteContent(
  context: Context,
  { mailbox, uid, content }: { readonly mailbox: MailboxRow; readonly uid: number; readonly content: Buffer },
): Promise<void> {
  await context.db
    .updateTable('pop3_numbers')
    .set({ content })
    .where('mailbox_id', '=', mailbox.id)
    .where('uid', '=', uid)
    .execute();
}

/**
 * What was to be deleted and is there may be another message with the same header and size, which came meanwhile. It is
 * read: only what is the same to the last byte keeps the number, and is deleted again.
 */
async function forgetReplaced(
  context: Context,
  mailbox: MailboxRow,
  { session, named }: { readonly session: Pop3Session; readonly named: ReadonlyMap<string, Pop3Entry> },
): Promise<void> {
  const names = [...named.keys()].filter((name) => name.startsWith('header:'));
  if (names.length === 0) return;
  const rows = await context.db
    .selectFrom('pop3_numbers')
    .innerJoin('incoming_messages', (join) =>
      join
        .onRef('incoming_messages.mailbox_id', '=', 'pop3_numbers.mailbox_id')
        .onRef('incoming_messages.place', '=', 'pop3_numbers.place')
        .onRef('incoming_messages.uid', '=', 'pop3_numbers.uid')
        .on('incoming_messages.uidvalidity', '=', POP3_NUMBERING),
    )
    .select(['pop3_numbers.uidl', 'pop3_numbers.uid', 'content'])
    .where('pop3_numbers.mailbox_id', '=', mailbox.id)
    .where('pop3_numbers.place', '=', placeOf(mailbox))
    .where('outcome', 'in', ['done', 'held', 'ignored'])
    .where(sql<boolean>`pop3_numbers.uidl = ANY (${names}::text[])`)
    .execute();
  for (const { uidl, uid, content } of rows) {
    const entry = named.get(uidl);
    if (entry === undefined || content === null || content.equals(await hashContent(session, entry))) continue;
    await context.db.deleteFrom('pop3_numbers').where('mailbox_id', '=', mailbox.id).where('uid', '=', uid).execute();
  }
}

/**
 * Forgets the numbers of messages that are gone: another one with the same header and size may come, and is a new one. A
 * message that comes back is known by what stands in it.
 */
async function forgetGone(context: Context, mailbox: MailboxRow, present: readonly string[]): Promise<void> {
  await context.db
    .deleteFrom('pop3_numbers')
    .where('mailbox_id', '=', mailbox.id)
    .where('place', '=', placeOf(mailbox))
    .where((builder) => builder.or(WITHOUT_UIDL.map((prefix) => builder('uidl', 'like', `${prefix}%`))))
    .where(sql<boolean>`uidl <> ALL (${[...present]}::text[])`)
    .execute();
}

async function nameByHeader(session: Pop3Session, { number, bytes }: Pop3Entry): Promise<string> {
  const header = await session.top(number);
  const digest = createHash('sha256').update(String(bytes)).update('\n').update(header).digest('hex');
  return `header:${digest}`;
}

async function numberNames(
  context: Context,
  mailbox: MailboxRow,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const numbers = new Map<string, number>();
  const place = placeOf(mailbox);
  for (let at = 0; at < names.length; at += NUMBERED_AT_ONCE) {
    const some = names.slice(at, at + NUMBERED_AT_ONCE);
    await context.db
      .insertInto('pop3_numbers')
      .columns(['mailbox_id', 'place', 'uidl'])
      .expression(sql`SELECT ${mailbox.id}::uuid, ${place}, name FROM unnest(${some}::text[]) WITH ORDINALITY AS t (name, place)
        WHERE NOT EXISTS (SELECT 1 FROM pop3_numbers WHERE mailbox_id = ${mailbox.id}::uuid AND place = ${place} AND uidl = name)
        ORDER BY place`)
      .onConflict((conflict) => conflict.columns(['mailbox_id', 'uidl', 'place']).doNothing())
      .execute();
    const rows = await context.db
      .selectFrom('pop3_numbers')
      .select(['uidl', 'uid'])
      .where('mailbox_id', '=', mailbox.id)
      .where('place', '=', place)
      .where('uidl', 'in', some)
      .execute();
    for (const { uidl, uid } of rows) numbers.set(uidl, uid);
  }
  return numbers;
}
