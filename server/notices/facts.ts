/**
 * What a notice needs to know beyond its own event: the journal tells of jobs and messages, the rooms of people and
 * connections. What is gone by now is left out, not an error.
 */
import { PlatenError } from '../base/errors.ts';
import { findReadMailbox, getConnection, getNetworkSettings } from '../connections/connections.ts';
import { type JournalEvent, readJournal } from '../journal/journal.ts';
import { getMessage } from '../outbox/outbox.ts';
import type { Context } from '../store/database.ts';
import type { Language, Problem } from '../store/schema.ts';
import { findUserByAddress, getUser, listUsersWithRole } from '../users/users.ts';
import type { Refused } from './letters/blocks.ts';
import { type Reply, readReply } from './letters/reply.ts';
import type { NoticeRule, Receiver } from './notice.ts';
import { chooseReceivers, type Occurrence, REPLY } from './rules.ts';

/** The message that a document came with. */
export type Received = {
  readonly id: string;
  readonly sender: string;
  readonly subject: string;
  readonly messageIdHeader: string | undefined;
  /** The ids of what it answers itself. */
  readonly answered: readonly string[];
  readonly mayBeAnswered: boolean;
  /** What its mailbox answers; none for a message of an older version, which gets no reply. */
  readonly replies: Replies | undefined;
};

type Replies = { readonly printed: boolean; readonly held: boolean; readonly refused: boolean };

/** An occurrence with everything that its notices say, and who gets them. */
export type Story = {
  readonly occurrence: Occurrence;
  /** What there is at most one notice about, for each event and receiver. */
  readonly subjectId: string;
  /** What is told together: the documents of one message. */
  readonly groupId: string;
  /** Its name as the owner knows it: the title of the document or the subject of the message. */
  readonly title: string;
  readonly ownerName: string | undefined;
  readonly received: Received | undefined;
  /** Of a message: the key of the reason why it was not taken. */
  readonly reason?: string;
  /** Of a message: its documents that were refused, each with its reason. */
  readonly refused?: readonly Refused[];
  /** What the reply to a message tells. */
  readonly reply?: Reply;
  readonly problem?: Problem;
  readonly account?: string;
  /** Of a permission: when it is expected to end, and from what that is inferred. */
  readonly expiry?: { readonly at: Date; readonly reason: string; readonly values: Readonly<Record<string, number>> };
  readonly receivers: readonly Receiver[];
};

/** Reads stories one after the other and remembers what many of them have in common. */
export class Facts {
  readonly #context: Context;
  readonly #rules: Readonly<Record<string, NoticeRule>>;
  readonly #received = new Map<string, Promise<Received | undefined>>();
  readonly #isOurs = new Map<string, boolean>();
  #staff: Promise<{ operators: Receiver[]; administrators: Receiver[] }> | undefined;

  constructor(context: Context, rules: Readonly<Record<string, NoticeRule>>) {
    this.#context = context;
    this.#rules = rules;
  }

  /** Everything about an occurrence, and who gets it by mail; `undefined` when nobody is to be told of it. */
  async findStory(occurrence: Occurrence): Promise<Story | undefined> {
    const told = await this.#tell(occurrence);
    if (told === undefined) return undefined;
    return { ...told.story, receivers: await this.#receivers(occurrence, told) };
  }

  async #tell(occurrence: Occurrence): Promise<Told | undefined> {
    switch (occurrence.kind) {
      case 'job':
        return await this.#tellJob(occurrence);
      case 'message':
        return await this.#tellMessage(occurrence);
      case 'printer': {
        const { printerId, cursor, name } = occurrence;
        const subjectId = `${printerId}/${cursor}`;
        const story = { occurrence, subjectId, groupId: subjectId, title: name, ...NOBODYS };
        return { story, owner: undefined };
      }
      case 'thing':
        return await this.#tellThing(occurrence);
      case 'connection':
        return await this.#tellConnection(occurrence);
      case 'reply':
        return await this.#tellReply(occurrence);
      case 'welcome':
        return await this.#tellWelcome(occurrence);
    }
  }

  /** Goes to the registered address of the user and never to the one that the message claims to come from. */
  async #tellHeld({ source }: Occurrence & { kind: 'message' }): Promise<Receiver | undefined> {
    const { newcomer, language, isAutomatic } = source.data;
    if (isAutomatic !== false) return undefined;
    if (source.ownerId !== null) return await this.#findPerson(source.ownerId, undefined);
    // Held are only those strangers who are proven to send from this address.
    const address = textOf(newcomer);
    if (address === undefined) return undefined;
    return { address, name: undefined, language: language === 'it' ? 'it' : 'en', isOwner: true };
  }

  async #tellWelcome(occurrence: Occurrence & { kind: 'welcome' }): Promise<Told | undefined> {
    const { source } = occurrence;
    const subjectId = `${source.subjectId}/welcome`;
    const story = { occurrence, subjectId, groupId: subjectId, title: textOf(source.data.address) ?? '', ...NOBODYS };
    return { story, owner: await this.#findPerson(source.subjectId, undefined) };
  }

  async #tellReply(occurrence: Occurrence & { kind: 'reply' }): Promise<Told | undefined> {
    const { source } = occurrence;
    const received = await this.#findReceived(source.subjectId);
    const reply = readReply(source.data);
    const person = await this.#findPerson(source.ownerId, received?.sender);
    if (received?.mayBeAnswered !== true || reply === undefined) return undefined;
    const story = { occurrence, subjectId: received.id, groupId: received.id, title: received.subject, reply };
    return { owner: person, story: { ...story, ownerName: person?.name, received } };
  }

  /**
   * What happens to a job before its message is answered stands in the reply, if anywhere; after that it is told by itself
   * where it is news.
   */
  async #isForReply({ event, jobId }: Occurrence & { kind: 'job' }, { id, replies }: Received): Promise<boolean> {
    const outcomes = TOLD_BY_REPLY[event];
    if (replies === undefined || outcomes === undefined) return false;
    const [finished] = await readJournal(this.#context, { subjectId: id, type: 'message-finished', limit: 1 });
    const told = finished === undefined ? undefined : readReply(finished.data);
    const job = told?.jobs.find((one) => one.jobId === jobId);
    return job === undefined || outcomes.includes(job.outcome);
  }

  async #tellJob(occurrence: Occurrence & { kind: 'job' }): Promise<Told | undefined> {
    const { jobId, problem } = occurrence;
    const [created] = await readJournal(this.#context, { subjectId: jobId, type: 'job-created', limit: 1 });
    if (created === undefined) return undefined;
    const messageId = textOf(created.data.messageId);
    const received = messageId === undefined ? undefined : await this.#findReceived(messageId);
    const person = await this.#findPerson(created.ownerId, received?.sender);
    const mayBeTold =
      received === undefined
        ? messageId === undefined
        : received.mayBeAnswered && !(await this.#isForReply(occurrence, received));
    return {
      owner: mayBeTold ? person : undefined,
      story: {
        occurrence,
        subjectId: jobId,
        groupId: messageId ?? jobId,
        title: textOf(created.data.title) ?? '',
        ownerName: person?.name,
        received,
        ...(problem === undefined ? {} : { problem }),
      },
    };
  }

  async #tellMessage(occurrence: Occurrence & { kind: 'message' }): Promise<Told | undefined> {
    const { source, event } = occurrence;
    const received = receivedOf(source);
    const reason = textOf(source.data.reason) ?? '';
    const isHeld = event === 'sender-confirmation';
    const person = isHeld ? await this.#tellHeld(occurrence) : await this.#findPerson(source.ownerId, received.sender);
    // A stranger is not answered, and nobody is told of each piece of junk that strangers send.
    if ((isHeld || event === 'job-refused') && person === undefined) return undefined;
    const isWanted = received.replies?.refused !== false;
    const refused = refusedOf(source.data.refused);
    return {
      owner: isHeld || (received.mayBeAnswered && isWanted) ? person : undefined,
      story: {
        occurrence,
        subjectId: received.id,
        groupId: received.id,
        title: received.subject,
        ownerName: person?.name ?? received.sender,
        received,
        reason,
        ...(refused.length === 0 ? {} : { refused }),
      },
    };
  }

  /** A notice that could not be sent is not told by another notice, which would not leave either. */
  async #tellThing(occurrence: Occurrence & { kind: 'thing' }): Promise<Told | undefined> {
    const { thingId, cursor, event } = occurrence;
    const message = event === 'message-not-sent' ? await orNone(getMessage(this.#context, thingId)) : undefined;
    if (event === 'message-not-sent' && (message === undefined || message.kind === 'notice')) return undefined;
    const problem = message === undefined ? occurrence.problem : (message.problem ?? undefined);
    const subjectId = `${thingId}/${cursor}`;
    const title = message?.subject ?? occurrence.title ?? '';
    const story = { occurrence, subjectId, groupId: subjectId, title, ...NOBODYS };
    return { owner: undefined, story: problem === undefined ? story : { ...story, problem } };
  }

  async #tellConnection(occurrence: Occurrence & { kind: 'connection' }): Promise<Told | undefined> {
    const { connectionId, cursor } = occurrence;
    if (occurrence.event === 'connection-may-end') return await this.#tellExpiry(occurrence);
    const connection = await orNone(getConnection(this.#context, connectionId));
    if (connection === undefined || connection.state !== 'needs-confirmation') return undefined;
    const { outgoing } = await getNetworkSettings(this.#context);
    // A message that says that nothing leaves would leave when everything is well again. That is what alarms are for.
    if (outgoing?.kind === 'connection' && outgoing.connectionId === connectionId) return undefined;
    const subjectId = `${connectionId}/${cursor}`;
    const { title, problem, account } = connection;
    return {
      owner: undefined,
      story: {
        ...{ occurrence, subjectId, groupId: subjectId, title },
        ...NOBODYS,
        ...(problem === undefined ? {} : { problem }),
        ...(account === undefined ? {} : { account: account.username }),
      },
    };
  }

  /** Mail still leaves: this one is written before anything has ended. */
  async #tellExpiry(occurrence: Occurrence & { kind: 'connection' }): Promise<Told | undefined> {
    const { connectionId, cursor } = occurrence;
    const connection = await orNone(getConnection(this.#context, connectionId));
    if (connection?.expiry.at === undefined) return undefined;
    const { title, account, expiry } = connection;
    const { reason, values, at = occurrence.at } = expiry;
    const subjectId = `${connectionId}/${cursor}`;
    return {
      owner: undefined,
      story: {
        ...{ occurrence, subjectId, groupId: subjectId, title, expiry: { at, reason, values } },
        ...NOBODYS,
        ...(account === undefined ? {} : { account: account.username }),
      },
    };
  }

  #findReceived(messageId: string): Promise<Received | undefined> {
    const known = this.#received.get(messageId);
    if (known !== undefined) return known;
    const asked = this.#readReceived(messageId);
    this.#received.set(messageId, asked);
    return asked;
  }

  /** A message that was held may be answered once its sender has confirmed it. */
  async #readReceived(messageId: string): Promise<Received | undefined> {
    const of = async (type: 'message-received' | 'message-held' | 'message-confirmed') =>
      (await readJournal(this.#context, { subjectId: messageId, type, limit: 1 }))[0];
    const event = await of('message-received');
    if (event !== undefined) return receivedOf(event);
    const held = await of('message-held');
    if (held === undefined) return undefined;
    const confirmed = await of('message-confirmed');
    const mayBeAnswered = confirmed !== undefined && held.data.isAutomatic === false;
    return { ...receivedOf(held), mayBeAnswered, replies: repliesOf(confirmed?.data.replies) };
  }

  /** The owner under the address that the message came from, if it is still one of theirs. */
  async #findPerson(ownerId: string | null, sender: string | undefined): Promise<Receiver | undefined> {
    const user = ownerId === null ? undefined : await orNone(getUser(this.#context, ownerId));
    if (user === undefined || user.disabledAt !== undefined) return undefined;
    const from = sender?.toLowerCase() ?? '';
    const address = user.addresses.includes(from) ? from : user.email;
    return { address, name: user.name, language: user.language, isOwner: true };
  }

  /** None of the addresses that Platen itself writes or reads under gets a notice: it would come back. */
  async #receivers({ event }: Occurrence, { owner }: Told): Promise<Receiver[]> {
    // With a reply go the keys of held documents: it is for nobody else.
    const rule = event === REPLY ? TO_OWNER : this.#rules[event];
    if (rule === undefined || !rule.enabled) return [];
    this.#staff ??= this.#readStaff();
    const addresses = await Promise.all(rule.addresses.map((address) => this.#describeAddress(address)));
    const people = { ...(await this.#staff), owner, addresses };
    const chosen = chooseReceivers(rule, people);
    for (const { address } of chosen) await this.#learnWhetherOurs(address);
    return chosen.filter(({ address }) => this.#isOurs.get(address) === false);
  }

  async #learnWhetherOurs(address: string): Promise<void> {
    if (this.#isOurs.has(address)) return;
    const { senderEmail } = await getNetworkSettings(this.#context);
    const isRead = (await findReadMailbox(this.#context, address)) !== undefined;
    this.#isOurs.set(address, isRead || address === senderEmail?.toLowerCase());
  }

  async #readStaff(): Promise<{ operators: Receiver[]; administrators: Receiver[] }> {
    const [operators, administrators] = await Promise.all([
      listUsersWithRole(this.#context, 'operator'),
      listUsersWithRole(this.#context, 'administrator'),
    ]);
    return { operators: operators.map(asStaff), administrators: administrators.map(asStaff) };
  }

  async #describeAddress(address: string): Promise<Receiver> {
    const user = await findUserByAddress(this.#context, address);
    if (user !== undefined) return { ...asStaff(user), address };
    return { address, name: undefined, language: 'en', isOwner: false };
  }
}

const NOBODYS = { ownerName: undefined, received: undefined } as const;

type Told = { readonly story: Omit<Story, 'receivers'>; readonly owner: Receiver | undefined };

const TO_OWNER: NoticeRule = {
  enabled: true,
  owner: true,
  operators: false,
  administrators: false,
  addresses: [],
  ways: [],
};

const TOLD_BY_REPLY: Readonly<Partial<Record<Occurrence['event'], readonly Reply['jobs'][number]['outcome'][]>>> = {
  'job-held': ['held'],
  'job-printed': ['printed'],
  'job-failed': ['failed', 'uncertain'],
};

function receivedOf({ subjectId, data }: JournalEvent): Received {
  return {
    id: subjectId,
    sender: textOf(data.sender) ?? '',
    subject: textOf(data.subject) ?? '',
    messageIdHeader: textOf(data.messageIdHeader),
    answered: Array.isArray(data.answered) ? data.answered.map(String) : [],
    // An event of an older version does not say it: then nobody is answered.
    mayBeAnswered: data.isAutomatic === false && data.mayReply !== false,
    replies: repliesOf(data.replies),
  };
}

function repliesOf(value: unknown): Replies | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { printed, held, refused } = value as Readonly<Record<string, unknown>>;
  return { printed: printed !== false, held: held !== false, refused: refused !== false };
}

function refusedOf(value: unknown): readonly Refused[] {
  return (Array.isArray(value) ? value : []).flatMap((one: { title?: unknown; reason?: unknown } | null) => {
    const [title, reason] = [textOf(one?.title), textOf(one?.reason)];
    return reason === undefined ? [] : [{ title: title ?? '', reason }];
  });
}

function asStaff(user: { readonly email: string; readonly name: string; readonly language: Language }): Receiver {
  return { address: user.email, name: user.name, language: user.language, isOwner: false };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

async function orNone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof PlatenError && error.code === 'not-found') return undefined;
    throw error;
  }
}
