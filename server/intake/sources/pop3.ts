/**
 * A mailbox over POP3, in the shape in which a pass reads a folder.
 *
 * The UIDL of a message, or a digest of its header and size where the server has none, gets a number that stands where
 * the UID of IMAP stands; POP3 has the numbering 0, which no IMAP folder has. What is to be deleted is collected and
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
    const named = await nameEntries(session, await session.list());
    const numbers = await numberNames(context, mailbox, [...named.keys()]);
    const entries = new Map([...named].map(([name, entry]) => [numbers.get(name) ?? 0, entry] as const));
    return new PopFolder(session, entries);
  } catch (error) {
    session.abandon();
    throw error;
  }
}

export class PopFolder implements MessageSource, AsyncDisposable {
  readonly deletesLater = true;
  readonly #session: Pop3Session;
  readonly #entries: ReadonlyMap<number, Pop3Entry>;
  readonly #unwanted = new Set<number>();

  constructor(session: Pop3Session, entries: ReadonlyMap<number, Pop3Entry>) {
    this.#session = session;
    this.#entries = entries;
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
      for await (const piece of this.#session.retrieve(entry.number, imapLimits.maxLiteralBytes)) pieces.push(piece);
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
    if (entry !== undefined) yield* this.#session.retrieve(entry.number, intakeLimits.maxMessageBytes + SLACK_BYTES);
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

/** Names each message by its UIDL, or by what it is. Two messages with the same header and size count as one. */
async function nameEntries(
  session: Pop3Session,
  entries: readonly Pop3Entry[],
): Promise<ReadonlyMap<string, Pop3Entry>> {
  const named = new Map<string, Pop3Entry>();
  for (const entry of entries) {
    // A UIDL holds no colon's prefix of ours: those names are told apart by it.
    const name = entry.uidl === undefined ? await nameByHeader(session, entry) : `uidl:${entry.uidl}`;
    if (!named.has(name)) named.set(name, entry);
  }
  return named;
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
