/**
 * Keeps the mailboxes in a directory, so that a restarted simulator still has its mail: one file per distinct message,
 * named by its hash, and an index that is replaced as a whole. Changes that come while a save runs share the next one.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export type StoredMessage = {
  readonly uid: number;
  readonly bytes: Buffer;
  readonly receivedAt: Date;
  readonly flags: Iterable<string>;
};

export type StoredFolder = {
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly subscribed: boolean;
  readonly messages: readonly StoredMessage[];
};

export type StoredMailbox = {
  readonly address: string;
  readonly nextUidValidity: number;
  readonly folders: Iterable<StoredFolder>;
};

type LiveMailbox = Omit<StoredMailbox, 'folders'> & { readonly folders: ReadonlyMap<string, StoredFolder> };

type IndexMessage = { uid: number; file: string; receivedAt: string; flags: string[] };
type IndexFolder = Omit<StoredFolder, 'messages'> & { messages: IndexMessage[] };
type Index = { address: string; nextUidValidity: number; folders: IndexFolder[] }[];

export class Persistence {
  readonly #directory: string;
  readonly #names = new WeakMap<Buffer, string>();
  readonly #written = new Set<string>();
  #pending: Iterable<LiveMailbox> | undefined;
  #saving: Promise<void> | undefined;
  #failure: unknown;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(join(directory, 'messages'), { recursive: true });
  }

  load(): StoredMailbox[] {
    const path = join(this.#directory, 'index.json');
    const index: Index = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
    const mailboxes = index.map((mailbox) => ({
      ...mailbox,
      folders: mailbox.folders.map((folder) => ({
        ...folder,
        messages: folder.messages.map((message) => ({
          ...message,
          bytes: this.#read(message.file),
          receivedAt: new Date(message.receivedAt),
        })),
      })),
    }));
    for (const file of readdirSync(join(this.#directory, 'messages'))) {
      if (!this.#written.has(file)) rmSync(join(this.#directory, 'messages', file));
    }
    return mailboxes;
  }

  save(mailboxes: Iterable<LiveMailbox>): void {
    // A map's iterator can be walked once only; the copy is of references and cheap.
    this.#pending = [...mailboxes];
    this.#saving ??= this.#run()
      .catch((error: unknown) => {
        this.#failure = error; // for whoever asks next whether all is settled
      })
      .finally(() => {
        this.#saving = undefined;
      });
  }

  async settled(): Promise<void> {
    await this.#saving;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  async #run(): Promise<void> {
    while (this.#pending) {
      // One turn of the event loop lets a burst of deliveries share one index.
      await new Promise((resolve) => setImmediate(resolve));
      const mailboxes = this.#pending;
      this.#pending = undefined;
      const bodies = new Map<string, Buffer>();
      const index = [...mailboxes].map((mailbox) => this.#describe(mailbox, bodies));
      for (const [file, bytes] of bodies) {
        await writeFile(join(this.#directory, 'messages', file), bytes);
        this.#written.add(file);
      }
      const path = join(this.#directory, 'index.json');
      await writeFile(`${path}.new`, JSON.stringify(index));
      await rename(`${path}.new`, path);
    }
  }

  #describe(mailbox: LiveMailbox, bodies: Map<string, Buffer>): Index[number] {
    const folders = [...mailbox.folders.values()].map((folder) => ({
      name: folder.name,
      uidValidity: folder.uidValidity,
      uidNext: folder.uidNext,
      subscribed: folder.subscribed,
      messages: folder.messages.map((message) => {
        const file = this.#fileName(message.bytes);
        if (!this.#written.has(file)) bodies.set(file, message.bytes);
        return { uid: message.uid, file, receivedAt: message.receivedAt.toISOString(), flags: [...message.flags] };
      }),
    }));
    return { address: mailbox.address, nextUidValidity: mailbox.nextUidValidity, folders };
  }

  #fileName(bytes: Buffer): string {
    const known = this.#names.get(bytes);
    if (known) return known;
    const name = `${createHash('sha256').update(bytes).digest('hex')}.eml`;
    this.#names.set(bytes, name);
    return name;
  }

  #read(file: string): Buffer {
    const bytes = readFileSync(join(this.#directory, 'messages', file));
    this.#names.set(bytes, file);
    this.#written.add(file);
    return bytes;
  }
}
