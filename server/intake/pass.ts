/**
 * One pass over a folder: what was recorded and not yet moved is moved, what is new is taken. A pass always looks at
 * all UIDs of the folder, so it does not matter which events were missed before it.
 *
 * Per chunk: fetch -> receive -> settle (durable) -> move. The next chunk is being fetched while this one is stored.
 */

import type { FetchedBody, ImapSession } from '../protocols/imap/client.ts';
import { ImapFailure } from '../protocols/imap/failure.ts';
import { imapLimits } from '../protocols/limits.ts';
import { Pop3Failure } from '../protocols/pop3/failure.ts';
import type { Context } from '../store/database.ts';
import type { MessageOutcome } from '../store/schema.ts';
import type { Door, KnownAddresses } from './admission.ts';
import { intakeLimits } from './limits.ts';
import { placeOf } from './mailbox.ts';
import {
  discardReceived,
  type Received,
  type ReceivedMessage,
  receiveStream,
  receiveWhole,
  refuseTooLarge,
} from './receive.ts';
import { policyOf } from './senders/policy.ts';
import { markMoved, noteUnreadable, type Place, type Settled, settle } from './settle.ts';

/** What a pass asks of an open folder. */
export type MessageSource = Pick<
  ImapSession,
  'listUids' | 'fetchSizes' | 'fetchBodies' | 'fetchBeginning' | 'streamBody' | 'move' | 'remove'
> & {
  /** POP3 has no folders, and deletes when the session ends: only the next one knows whether it did. */
  readonly deletesLater?: true;
};

export type Pass = Place & {
  readonly session: MessageSource;
  /** UIDs during whose fetching a session broke: they are fetched one by one, so that a bad one holds up no other. */
  readonly suspects: Set<number>;
  /** Says whether the session should end soon: what is begun is finished, nothing new is begun. */
  readonly shouldEnd: () => boolean;
  /** Asked before anything is taken: throws while there is no room for it. */
  readonly assertRoom: () => Promise<void>;
  /** Told when the server refuses to move messages; they are recorded, and it is tried again with the next pass. */
  readonly onMoveRefused: (failure: ImapFailure) => void;
};

/** Runs a pass. Returns when the next try for an unreadable message is due, if there is one. */
export async function runPass(context: Context, pass: Pass): Promise<Date | undefined> {
  const uids = await pass.session.listUids();
  await finishLeftovers(context, pass, new Set(uids));
  const known = await findKnown(context, pass, uids);
  const resting = await findResting(context, pass);
  const fresh = uids.filter((uid) => !known.has(uid) && !resting.has(uid));
  for (let at = 0; at < fresh.length && !pass.shouldEnd(); at += intakeLimits.maxUidsPerStep) {
    await takeStep(context, pass, fresh.slice(at, at + intakeLimits.maxUidsPerStep));
  }
  const present = new Set(uids);
  const times = [...(await findResting(context, pass))].flatMap(([uid, at]) => (present.has(uid) ? [at] : []));
  return times.sort((a, b) => a.getTime() - b.getTime())[0];
}

async function takeStep(context: Context, pass: Pass, uids: readonly number[]): Promise<void> {
  await pass.assertRoom();
  const sizes = await pass.session.fetchSizes(uids);
  const together: number[][] = [];
  const alone: number[] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const uid of uids) {
    const size = sizes.get(uid);
    if (size === undefined) continue;
    if (size > intakeLimits.chunkBytes || pass.suspects.has(uid)) {
      alone.push(uid);
      continue;
    }
    bytes += size;
    const current = together.at(-1);
    if (
      current === undefined ||
      bytes > intakeLimits.chunkBytes ||
      current.length === imapLimits.maxMessagesPerCommand
    ) {
      together.push([uid]);
      bytes = size;
    } else current.push(uid);
  }
  await takeChunks(context, pass, together);
  for (const uid of alone) {
    if (pass.shouldEnd()) return;
    await takeAlone(context, pass, { uid, size: sizes.get(uid) ?? 0 });
  }
}

async function takeChunks(context: Context, pass: Pass, chunks: readonly (readonly number[])[]): Promise<void> {
  const line = new Line(context, pass);
  let fetching = fetchChunk(pass, chunks[0] ?? []);
  try {
    for (const [index, chunk] of chunks.entries()) {
      const bodies = await fetching;
      await pass.assertRoom();
      const next = pass.shouldEnd() ? [] : (chunks[index + 1] ?? []);
      fetching = fetchChunk(pass, next);
      const received = await receiveBodies(context, pass, bodies);
      await line.add(received);
      for (const uid of chunk) pass.suspects.delete(uid);
      if (next.length === 0) break;
    }
  } finally {
    await Promise.allSettled([fetching]);
    await line.end();
  }
}

/** Commits chunk after chunk, and moves after commit, while the next chunk is already fetched and received. */
class Line {
  readonly #context: Context;
  readonly #pass: Pass;
  #committing: Promise<void> = Promise.resolve();
  #moving: Promise<void> = Promise.resolve();

  constructor(context: Context, pass: Pass) {
    this.#context = context;
    this.#pass = pass;
  }

  /** Begins to commit a chunk once the one before is committed; throws when that one was not. */
  async add(received: readonly Received[]): Promise<void> {
    try {
      await this.#committing;
    } catch (error) {
      await discardReceived(this.#context, received);
      throw error;
    }
    this.#committing = settleAll(this.#context, this.#pass, received).then((settled) => {
      this.#moving = this.#moving.then(() => finish(this.#context, this.#pass, settled));
      this.#moving.catch(() => undefined);
    });
    this.#committing.catch(() => undefined);
  }

  /** Waits for all that was begun; throws the first failure in it. */
  async end(): Promise<void> {
    await this.#committing;
    await this.#moving;
  }
}

/** Begins to fetch a chunk. Its failure is not lost when nobody waits for it at that moment. */
function fetchChunk(pass: Pass, uids: readonly number[]): Promise<FetchedBody[]> {
  if (uids.length === 0) return Promise.resolve([]);
  const fetching = pass.session.fetchBodies(uids).catch((error: unknown) => {
    if (isLoss(error)) for (const uid of uids) pass.suspects.add(uid);
    throw error;
  });
  fetching.catch(() => undefined);
  return fetching;
}

async function receiveBodies(context: Context, pass: Pass, bodies: readonly FetchedBody[]): Promise<Received[]> {
  const known: KnownAddresses = new Map();
  const door = doorOf(pass);
  const received: Received[] = [];
  const present = bodies.filter((body) => body.kind !== 'gone');
  for (let at = 0; at < present.length; at += intakeLimits.parallelMessages) {
    const group = present.slice(at, at + intakeLimits.parallelMessages);
    const outcomes = await Promise.allSettled(group.map((body) => receiveBody(context, body, { known, door })));
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') received.push(outcome.value);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) continue;
    await discardReceived(context, received);
    throw failed.reason;
  }
  return received;
}

async function receiveBody(
  context: Context,
  body: FetchedBody & { kind: 'body' | 'empty' },
  asked: { readonly known: KnownAddresses; readonly door: Door },
): Promise<Received> {
  if (body.kind === 'empty') return { kind: 'unreadable', uid: body.uid, reason: 'empty-message' };
  return await receiveWhole(context, { ...body, ...asked });
}

async function takeAlone(context: Context, pass: Pass, { uid, size }: { uid: number; size: number }): Promise<void> {
  await pass.assertRoom();
  const received = await fetchAlone(context, pass, { uid, size });
  const settled = await settleAll(context, pass, received === undefined ? [] : [received]);
  pass.suspects.delete(uid);
  await finish(context, pass, settled);
}

async function fetchAlone(
  context: Context,
  pass: Pass,
  { uid, size }: { uid: number; size: number },
): Promise<Received | undefined> {
  try {
    if (size > intakeLimits.maxMessageBytes) {
      const beginning = await pass.session.fetchBeginning(uid, intakeLimits.beginningBytes);
      if (beginning === undefined) return { kind: 'unreadable', uid, reason: 'empty-message' };
      return { kind: 'message', message: await refuseTooLarge(context, { uid, bytes: size, beginning }, doorOf(pass)) };
    }
    return await receiveStream(context, { uid, size, source: pass.session.streamBody(uid), door: doorOf(pass) });
  } catch (error) {
    if (isLoss(error)) await noteUnreadable(context, pass, { kind: 'unreadable', uid, reason: 'connection-lost' });
    throw error;
  }
}

function doorOf({ mailbox }: Pass): Door {
  return { address: mailbox.address, policy: policyOf(mailbox) };
}

/** The session broke in a way that the message may have caused; a pause that the server asked for is none. */
function isLoss(error: unknown): boolean {
  const isOfSession = error instanceof ImapFailure || error instanceof Pop3Failure;
  return isOfSession && ['closed', 'too-large', 'protocol', 'unavailable'].includes(error.kind);
}

async function settleAll(context: Context, pass: Pass, received: readonly Received[]): Promise<Settled[]> {
  const messages: ReceivedMessage[] = [];
  const settled: Settled[] = [];
  for (const each of received) {
    if (each.kind === 'message') messages.push(each.message);
  }
  settled.push(...(await settle(context, pass, messages)));
  for (const each of received) {
    if (each.kind === 'unreadable') settled.push(...(await noteUnreadable(context, pass, each)));
  }
  return settled;
}

/** Does at the server what is to be done with recorded messages, and records that it was done. */
async function finish(context: Context, pass: Pass, settled: readonly Settled[]): Promise<void> {
  if (pass.mailbox.after_intake === 'keep' || settled.length === 0) return;
  if (pass.session.deletesLater) return await finishAtEnd(context, pass, settled);
  const groups = Map.groupBy(settled, ({ outcome }) => folderFor(pass, outcome));
  for (const [folder, group] of groups) {
    const uids = group.map(({ uid }) => uid);
    pass.lease.assertFresh();
    try {
      if (folder === undefined) await pass.session.remove(uids);
      else await pass.session.move(uids, folder);
    } catch (error) {
      if (!(error instanceof ImapFailure) || error.kind !== 'protocol') throw error;
      pass.onMoveRefused(error);
      continue;
    }
    await markMoved(
      context,
      pass,
      group.map(({ id }) => ({ id, folder: folder ?? 'deleted' })),
    );
  }
}

/** What became jobs is deleted when the session ends; what was refused or failed stays where it is. */
async function finishAtEnd(context: Context, pass: Pass, settled: readonly Settled[]): Promise<void> {
  const isKept = ({ outcome }: Settled): boolean => outcome === 'refused' || outcome === 'failed';
  await pass.session.remove(settled.filter((message) => !isKept(message)).map(({ uid }) => uid));
  await markMoved(
    context,
    pass,
    settled.filter(isKept).map(({ id }) => ({ id, folder: undefined })),
  );
}

export const FOLDERS = ['Platen/Done', 'Platen/Refused', 'Platen/Failed'] as const;

/** Where a message goes; undefined when it is deleted. What was refused or failed is never deleted. */
function folderFor({ mailbox }: Pass, outcome: MessageOutcome): (typeof FOLDERS)[number] | undefined {
  if (outcome === 'refused') return 'Platen/Refused';
  if (outcome === 'failed') return 'Platen/Failed';
  return mailbox.after_intake === 'delete' ? undefined : 'Platen/Done';
}

/** Moves what a crash, or a lost connection, left between commit and move. */
async function finishLeftovers(context: Context, pass: Pass, present: ReadonlySet<number>): Promise<void> {
  const rows = await context.db
    .selectFrom('incoming_messages')
    .select(['id', 'uid', 'outcome', 'place', 'folder', 'uidvalidity'])
    .where('mailbox_id', '=', pass.mailbox.id)
    .where('moved_at', 'is', null)
    .orderBy('id')
    .limit(intakeLimits.maxUidsPerStep)
    .execute();
  const place = placeOf(pass.mailbox);
  const isHere = (row: (typeof rows)[number]): boolean =>
    row.place === place &&
    row.folder === pass.mailbox.folder &&
    row.uidvalidity === pass.uidValidity &&
    present.has(row.uid);
  const gone = rows.filter((row) => !isHere(row));
  await markMoved(
    context,
    pass,
    gone.map(({ id }) => ({ id, folder: undefined })),
  );
  await finish(context, pass, rows.filter(isHere));
}

async function findKnown(context: Context, pass: Pass, uids: readonly number[]): Promise<ReadonlySet<number>> {
  const known = new Set<number>();
  for (let at = 0; at < uids.length; at += intakeLimits.maxUidsPerStep) {
    const rows = await context.db
      .selectFrom('incoming_messages')
      .select('uid')
      .where('mailbox_id', '=', pass.mailbox.id)
      .where('place', '=', placeOf(pass.mailbox))
      .where('folder', '=', pass.mailbox.folder)
      .where('uidvalidity', '=', pass.uidValidity)
      .where('uid', 'in', uids.slice(at, at + intakeLimits.maxUidsPerStep))
      .execute();
    for (const { uid } of rows) known.add(uid);
  }
  return known;
}

/** Unreadable messages whose next try is not due yet. */
async function findResting(context: Context, pass: Pass): Promise<ReadonlyMap<number, Date>> {
  const rows = await context.db
    .selectFrom('unreadable_messages')
    .select(['uid', 'next_try_at'])
    .where('mailbox_id', '=', pass.mailbox.id)
    .where('place', '=', placeOf(pass.mailbox))
    .where('folder', '=', pass.mailbox.folder)
    .where('uidvalidity', '=', pass.uidValidity)
    .where('next_try_at', '>', context.clock.now())
    .execute();
  return new Map(rows.map((row) => [row.uid, row.next_try_at]));
}
