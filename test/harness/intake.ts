/** A practice mailbox that Platen watches, and the eyes to see what became of its mail. */
import { readFileSync } from 'node:fs';
import { addMailbox, type IncomingMessage, listMessages, type NewMailbox } from '../../server/intake/intake.ts';
import { startIntakeWorker } from '../../server/intake/worker.ts';
import { addQueue, type Job, listJobs } from '../../server/jobs/jobs.ts';
import { readJournal } from '../../server/journal/journal.ts';
import type { Context } from '../../server/store/database.ts';
import { addUser, type User } from '../../server/users/users.ts';
import type { TestContext } from './database.ts';
import {
  connectPractice,
  openPractice,
  openPracticeContext,
  PRINT_ROOM,
  type Practice,
} from './practice-connection.ts';
import { eventually } from './time.ts';

const corpus = new URL('../corpus/mime/own/', import.meta.url);

export const TWO_PAGES: Buffer = readFileSync(new URL('two-pages.pdf', corpus));

/** A message of the corpus. */
export const corpusMessage = (name: string): Buffer => readFileSync(new URL(`${name}.eml`, corpus));

export type MessageParts = {
  readonly from?: string;
  readonly subject?: string;
  readonly document?: Buffer | undefined;
  readonly headers?: string;
};

let written = 0;

/** Writes a message with a PDF, each one with an id of its own. */
export function writeMessage({ from, subject, document = TWO_PAGES, headers = '' }: MessageParts = {}): Buffer {
  written += 1;
  const encoded = document.toString('base64').replace(/.{76}/g, '$&\r\n');
  return Buffer.from(
    `From: Anna <${from ?? 'anna@practice.example'}>\r\nTo: ${PRINT_ROOM}\r\nSubject: ${subject ?? 'Two pages'}\r\n` +
      `Date: Sun, 22 Nov 2026 10:00:00 +0100\r\nMessage-ID: <${process.pid}.${written}@practice.example>\r\n${headers}` +
      'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n' +
      `--b\r\nContent-Type: application/pdf; name="two-pages.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n${encoded}\r\n--b--\r\n`,
  );
}

export type WatchedMailbox = AsyncDisposable & {
  readonly practice: Practice;
  readonly test: TestContext;
  readonly context: Context;
  readonly anna: User;
  readonly queueId: string;
  readonly connectionId: string;
  readonly mailboxId: string;
  deliver(raw: Buffer): number;
  /** UIDs in a folder. */
  uidsIn(folder: string): number[];
  messages(): Promise<IncomingMessage[]>;
  jobs(): Promise<Job[]>;
  eventTypes(): Promise<string[]>;
  /** Waits until so many messages are settled and moved, or need no move. */
  settled(count: number): Promise<IncomingMessage[]>;
  startWorker(): Promise<AsyncDisposable>;
};

/** Opens a practice tenant with a confirmed connection, a user, a queue and a mailbox; nothing watches it yet. */
export async function openWatchedMailbox(more: Partial<NewMailbox> = {}): Promise<WatchedMailbox> {
  await using undo = new AsyncDisposableStack();
  const practice = undo.use(await openPractice());
  const test = undo.use(await openPracticeContext(practice));
  const { context } = test;
  const connectionId = await connectPractice(test, practice, { uses: ['imap', 'pop3', 'smtp'] });
  const anna = await addUser(
    context,
    { email: 'anna@practice.example', name: 'Anna', role: 'user', addresses: ['anna@practice.example'] },
    'test',
  );
  const queue = await addQueue(context, { name: 'Front desk', mode: 'hold' }, 'test');
  const asked = {
    title: 'Print room',
    protocol: 'imap',
    address: PRINT_ROOM,
    afterIntake: 'move',
    queueId: queue.id,
    // Most tests are not about the proof of senders: their messages have none.
    proofPolicy: { unproven: 'accept' },
  } as const;
  const mailbox = await addMailbox(context, { ...asked, connectionId, ...more }, 'test');
  const messages = (): Promise<IncomingMessage[]> => listMessages(context, { mailboxId: mailbox.id, limit: 500 });
  const opened = undo.move();
  return {
    practice,
    test,
    context,
    anna,
    queueId: queue.id,
    connectionId,
    mailboxId: mailbox.id,
    deliver: (raw) => practice.imap.mailboxes.deliver(PRINT_ROOM, raw).uid,
    uidsIn: (folder) =>
      practice.imap.mailboxes.findFolder(PRINT_ROOM, folder)?.messages.map((message) => message.uid) ?? [],
    messages,
    jobs: () => listJobs(context, { limit: 500 }),
    eventTypes: async () => (await readJournal(context, { limit: 1000 })).map((event) => event.type),
    settled: (count) =>
      eventually(
        async () => {
          const found = await messages();
          return found.length === count && found.every((message) => message.movedAt !== undefined) ? found : undefined;
        },
        { what: `${count} messages settled and moved` },
      ),
    startWorker: () => startIntakeWorker(context),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** How much faster than real time a test moves the clock in long steps, while a mail server has to answer. */
const FASTER = 100;
const LONG_STEP_MS = 10_000;

/** Moves the clock in steps that leave time for the lease to be renewed, until a claim holds. */
export async function moveUntil(
  watched: WatchedMailbox,
  claim: () => boolean | Promise<boolean>,
  stepMs = 3000,
): Promise<void> {
  const step = async () => {
    if (await claim()) return true;
    watched.test.clock.advance(stepMs);
    // Real servers answer in real time: a clock that ran away from them would end their sessions by its limits.
    if (stepMs >= LONG_STEP_MS) await new Promise((resolve) => setTimeout(resolve, stepMs / FASTER));
    return false;
  };
  await eventually(step, { timeoutMs: 60_000 });
}
