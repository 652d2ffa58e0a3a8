/**
 * The mail that the practice tenant keeps: mailboxes with folders with messages, in memory, and on disk when a directory
 * is given. A message keeps its UID as long as it stays in its folder; a move gives it a new one, as Exchange does.
 */
import type { Persistence, StoredFolder } from './persistence.ts';

/** Exchange stores no keywords of a client's own: PERMANENTFLAGS has no `\*`. */
export const STORABLE_FLAGS = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft', '$MDNSent'] as const;

const DEFAULT_FOLDERS = ['INBOX', 'Archive', 'Deleted Items', 'Drafts', 'Junk Email', 'Outbox', 'Sent Items'];
// Not 1, so that a client which mixes up sequence numbers and UIDs is found out.
const FIRST_UID = 101;
const FIRST_UID_VALIDITY = 14;

export type Message = {
  readonly uid: number;
  readonly bytes: Buffer;
  readonly receivedAt: Date;
  flags: ReadonlySet<string>;
  /** The folder's revision when the flags were last changed. */
  flagsRevision: number;
  expunged: boolean;
};

export type Folder = {
  readonly name: string;
  uidValidity: number;
  uidNext: number;
  subscribed: boolean;
  /** Ascending by UID. */
  messages: Message[];
  revision: number;
  expungeRevision: number;
  flagsRevision: number;
  /** Grows when the UIDs lose their meaning: every session that has the folder open must go. */
  generation: number;
  readonly watchers: Set<() => void>;
};

export type Mailbox = { readonly address: string; nextUidValidity: number; readonly folders: Map<string, Folder> };

export type MailboxCounters = { delivered: number; appended: number; copied: number; moved: number; expunged: number };

type MailboxesOptions = {
  readonly now: () => Date;
  /** Gives the one name of a mailbox that has several addresses. */
  readonly canonicalAddress?: ((address: string) => string) | undefined;
  readonly persistence?: Persistence | undefined;
};

type NewMessage = { readonly bytes: Buffer; readonly receivedAt?: Date; readonly flags?: Iterable<string> };

export class Mailboxes {
  readonly counters: MailboxCounters = { delivered: 0, appended: 0, copied: 0, moved: 0, expunged: 0 };
  readonly #options: MailboxesOptions;
  readonly #mailboxes = new Map<string, Mailbox>();

  constructor(options: MailboxesOptions) {
    this.#options = options;
    for (const stored of options.persistence?.load() ?? []) {
      const mailbox: Mailbox = { address: stored.address, nextUidValidity: stored.nextUidValidity, folders: new Map() };
      for (const folder of stored.folders) mailbox.folders.set(folder.name.toLowerCase(), restoreFolder(folder));
      this.#mailboxes.set(mailbox.address, mailbox);
    }
  }

  /** Every address has a mailbox with Exchange's usual folders; it is made when first asked for. */
  open(address: string): Mailbox {
    const canonical = (this.#options.canonicalAddress?.(address) ?? address).toLowerCase();
    const known = this.#mailboxes.get(canonical);
    if (known) return known;
    const mailbox: Mailbox = { address: canonical, nextUidValidity: FIRST_UID_VALIDITY, folders: new Map() };
    this.#mailboxes.set(canonical, mailbox);
    for (const name of DEFAULT_FOLDERS) this.createFolder(mailbox, name);
    return mailbox;
  }

  addresses(): string[] {
    return [...this.#mailboxes.keys()];
  }

  findFolder(address: string, name: string): Folder | undefined {
    return this.open(address).folders.get(name.toLowerCase());
  }

  getFolder(address: string, name: string): Folder {
    const folder = this.findFolder(address, name);
    if (!folder) throw new Error(`mailbox ${address} has no folder ${name}`);
    return folder;
  }

  findMessage(address: string, folderName: string, uid: number): Message | undefined {
    const folder = this.findFolder(address, folderName);
    return folder?.messages[indexOfUid(folder.messages, uid)];
  }

  deliver(address: string, bytes: Buffer, options: { readonly folder?: string } = {}): Message {
    const message = this.append(this.getFolder(address, options.folder ?? 'INBOX'), { bytes });
    this.counters.delivered += 1;
    return message;
  }

  /** The same message once more in the same folder, under a new UID. */
  duplicate(address: string, folderName: string, uid: number): Message {
    const message = this.findMessage(address, folderName, uid);
    if (!message) throw new Error(`folder ${folderName} of ${address} has no message ${uid}`);
    return this.append(this.getFolder(address, folderName), message);
  }

  append(folder: Folder, message: NewMessage): Message {
    const added: Message = {
      uid: folder.uidNext,
      bytes: message.bytes,
      receivedAt: message.receivedAt ?? this.#options.now(),
      flags: storable(message.flags ?? []),
      flagsRevision: 0,
      expunged: false,
    };
    folder.uidNext += 1;
    folder.messages.push(added);
    this.#changed(folder);
    return added;
  }

  setFlags(folder: Folder, message: Message, flags: Iterable<string>): void {
    const next = storable(flags);
    if (next.size === message.flags.size && [...next].every((flag) => message.flags.has(flag))) return;
    message.flags = next;
    message.flagsRevision = folder.flagsRevision = folder.revision + 1;
    this.#changed(folder);
  }

  remove(folder: Folder, messages: readonly Message[]): void {
    if (messages.length === 0) return;
    for (const message of messages) message.expunged = true;
    const [only] = messages;
    if (messages.length === 1 && only) {
      const index = indexOfUid(folder.messages, only.uid);
      if (index >= 0) folder.messages.splice(index, 1);
    } else {
      folder.messages = folder.messages.filter((message) => !message.expunged);
    }
    folder.expungeRevision = folder.revision + 1;
    this.#changed(folder);
  }

  /** Makes a folder and the folders above it. */
  createFolder(mailbox: Mailbox, name: string): Folder {
    const parent = name.slice(0, Math.max(0, name.lastIndexOf('/')));
    if (parent !== '' && !mailbox.folders.has(parent.toLowerCase())) this.createFolder(mailbox, parent);
    const folder = emptyFolder(name, mailbox.nextUidValidity);
    mailbox.nextUidValidity += 1;
    mailbox.folders.set(name.toLowerCase(), folder);
    this.#changed(folder);
    return folder;
  }

  deleteFolder(mailbox: Mailbox, folder: Folder): void {
    mailbox.folders.delete(folder.name.toLowerCase());
    for (const message of folder.messages) message.expunged = true;
    folder.generation += 1;
    this.#changed(folder);
  }

  setSubscribed(folder: Folder, subscribed: Folder['subscribed']): void {
    folder.subscribed = subscribed;
    this.#changed(folder);
  }

  /** What a mailbox move does: the same messages under new UIDs and a new UIDVALIDITY; open sessions are ended. */
  resetUidValidity(address: string, folderName?: string): void {
    const mailbox = this.open(address);
    const folders = folderName === undefined ? [...mailbox.folders.values()] : [this.getFolder(address, folderName)];
    for (const folder of folders) {
      folder.uidValidity = mailbox.nextUidValidity;
      mailbox.nextUidValidity += 1;
      folder.messages = folder.messages.map((message, index) => ({ ...message, uid: index + 1, flagsRevision: 0 }));
      folder.uidNext = folder.messages.length + 1;
      folder.generation += 1;
      this.#changed(folder);
    }
  }

  /** Resolves when everything so far is on disk (at once without a directory). */
  async settled(): Promise<void> {
    await this.#options.persistence?.settled();
  }

  #changed(folder: Folder): void {
    folder.revision += 1;
    this.#options.persistence?.save(this.#mailboxes.values());
    for (const watcher of [...folder.watchers]) watcher();
  }
}

/** The index of the first message whose UID is at least this. */
export function lowerBound(messages: readonly Message[], uid: number): number {
  let [low, high] = [0, messages.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((messages[middle] as Message).uid < uid) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function indexOfUid(messages: readonly Message[], uid: number): number {
  const index = lowerBound(messages, uid);
  return messages[index]?.uid === uid ? index : -1;
}

/** The flags that the store keeps, in their canonical spelling; all others are silently dropped. */
export function storable(flags: Iterable<string>): ReadonlySet<string> {
  const wanted = new Set([...flags].map((flag) => flag.toLowerCase()));
  return new Set(STORABLE_FLAGS.filter((flag) => wanted.has(flag.toLowerCase())));
}

function emptyFolder(name: string, uidValidity: number): Folder {
  return {
    name,
    uidValidity,
    uidNext: FIRST_UID,
    subscribed: true,
    messages: [],
    revision: 0,
    expungeRevision: 0,
    flagsRevision: 0,
    generation: 0,
    watchers: new Set(),
  };
}

function restoreFolder(stored: StoredFolder): Folder {
  const folder = emptyFolder(stored.name, stored.uidValidity);
  folder.uidNext = stored.uidNext;
  folder.subscribed = stored.subscribed;
  folder.messages = stored.messages.map(({ uid, bytes, receivedAt, flags }) => {
    return { uid, bytes, receivedAt, flags: storable(flags), flagsRevision: 0, expunged: false };
  });
  return folder;
}
