/** What was accepted, and how much of it in the last minute and the last day: the memory behind limits and tests. */

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** How long Exchange remembers a message in order not to deliver it twice. */
const DUPLICATE_MEMORY_MS = 7 * DAY_MS;

export type Accepted = {
  readonly id: number;
  readonly at: Date;
  readonly session: number;
  readonly mailbox: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly bytes: number;
  readonly sha256: string;
  /** As it was sent; the delivered one differs when Message-IDs are rewritten. */
  readonly messageId: string | undefined;
  readonly deliveredMessageId: string;
  readonly date: string | undefined;
  /** The earlier message that this one repeats, when duplicates are suppressed. */
  readonly duplicateOf: number | undefined;
};

export type Counters = {
  connections: number;
  tlsHandshakes: number;
  /** Plain text that came behind STARTTLS and was thrown away. */
  discardedBytes: number;
  logins: number;
  refusedLogins: number;
  accepted: number;
  /** Messages that came whole and were refused. */
  refused: number;
  lost: number;
  bounced: number;
  commands: Record<string, number>;
  /** The most sessions that each mailbox ever had open at once. */
  mostSessions: Record<string, number>;
};

export function newCounters(): Counters {
  const none = { connections: 0, tlsHandshakes: 0, discardedBytes: 0, logins: 0, refusedLogins: 0 };
  return { ...none, accepted: 0, refused: 0, lost: 0, bounced: 0, commands: {}, mostSessions: {} };
}

/** A sum over the last so many milliseconds. */
class SlidingSum {
  readonly #spanMs: number;
  #entries: { readonly atMs: number; readonly amount: number }[] = [];
  #sum = 0;

  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  add(now: Date, amount: number): void {
    this.#entries.push({ atMs: now.getTime(), amount });
    this.#sum += amount;
  }

  sum(now: Date): number {
    const from = now.getTime() - this.#spanMs;
    const kept = this.#entries.findIndex((entry) => entry.atMs > from);
    for (const entry of this.#entries.splice(0, kept < 0 ? this.#entries.length : kept)) this.#sum -= entry.amount;
    return this.#sum;
  }
}

type Usage = { readonly messages: SlidingSum; readonly recipients: SlidingSum };

export class Ledger {
  readonly #accepted: Accepted[] = [];
  readonly #contents = new Map<number, Buffer>();
  readonly #usage = new Map<string, Usage>();
  readonly #known = new Map<string, { readonly id: number; readonly at: Date }>();
  #external = new SlidingSum(DAY_MS);
  #nextId = 1;

  list(): readonly Accepted[] {
    return this.#accepted;
  }

  findContent(id: number): Buffer | undefined {
    return this.#contents.get(id);
  }

  clear(): void {
    this.#accepted.length = 0;
    for (const map of [this.#contents, this.#usage, this.#known]) map.clear();
    this.#external = new SlidingSum(DAY_MS);
  }

  messagesInLastMinute(mailbox: string, now: Date): number {
    return this.#usageOf(mailbox).messages.sum(now);
  }

  recipientsInLastDay(mailbox: string, now: Date): number {
    return this.#usageOf(mailbox).recipients.sum(now);
  }

  externalRecipientsInLastDay(now: Date): number {
    return this.#external.sum(now);
  }

  /** The earlier message of this mailbox with the same Message-ID and Date. */
  findDuplicate(message: Pick<Accepted, 'mailbox' | 'messageId' | 'date' | 'at'>): number | undefined {
    const known = this.#known.get(identityOf(message));
    if (message.messageId === undefined || !known) return undefined;
    return message.at.getTime() - known.at.getTime() < DUPLICATE_MEMORY_MS ? known.id : undefined;
  }

  add(message: Omit<Accepted, 'id'>, { content, external }: { content: Buffer; external: number }): Accepted {
    const added = { id: this.#nextId, ...message };
    this.#nextId += 1;
    this.#accepted.push(added);
    this.#contents.set(added.id, content);
    const usage = this.#usageOf(message.mailbox);
    usage.messages.add(message.at, 1);
    usage.recipients.add(message.at, message.recipients.length);
    this.#external.add(message.at, external);
    if (this.findDuplicate(message) === undefined) this.#known.set(identityOf(message), added);
    return added;
  }

  #usageOf(mailbox: string): Usage {
    const known = this.#usage.get(mailbox);
    if (known) return known;
    const usage = { messages: new SlidingSum(MINUTE_MS), recipients: new SlidingSum(DAY_MS) };
    this.#usage.set(mailbox, usage);
    return usage;
  }
}

function identityOf(message: Pick<Accepted, 'mailbox' | 'messageId' | 'date'>): string {
  return JSON.stringify([message.mailbox, message.messageId, message.date]);
}
