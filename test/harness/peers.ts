/**
 * The other parties of a stage: a Microsoft 365, a mailbox server and a printer. `practice` is the simulator alone;
 * `real` keeps its identity, but the mail is Dovecot's and the paper comes out of `ippeveprinter`.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningPracticeTenant, startPracticeTenant } from '../../simulator/main.ts';
import { clientOf } from '../../simulator/testing.ts';
import { startDovecot } from './dovecot.ts';
import { startIppEvePrinter } from './ippeveprinter.ts';

export type Paper = { readonly sha256: string; readonly file: string };

export type Peers = AsyncDisposable & {
  readonly kind: 'practice' | 'real';
  readonly practice: RunningPracticeTenant;
  readonly cloudsFile: string;
  readonly printerUri: string;
  /** Into the INBOX, or into another folder, which has to be there; only the practice tenant has others. */
  deliver(address: string, message: Buffer, folder?: string): Promise<void>;
  /** The Message-IDs, without their brackets, of what lies in a folder; a message that lies there twice is named twice. */
  listFolder(address: string, folder: string): string[];
  paper(): readonly Paper[];
  log(): string;
};

export async function openPeers(kind: Peers['kind']): Promise<Peers> {
  return kind === 'practice' ? await openPracticePeers() : await openRealPeers();
}

/** Starts the practice tenant with a short pause between polls of a code, so that no test waits for it. */
async function startPractice(): Promise<RunningPracticeTenant> {
  const practice = await startPracticeTenant();
  practice.tenant.settings.intervalSeconds = 1;
  return practice;
}

async function openPracticePeers(): Promise<Peers> {
  const practice = await startPractice();
  const printer = practice.printers[0];
  if (printer === undefined) throw new Error('the practice tenant has no printer');
  return {
    kind: 'practice',
    practice,
    cloudsFile: practice.cloudsFile,
    printerUri: printer.uri,
    async deliver(address, message, folder = 'INBOX') {
      practice.imap.mailboxes.deliver(address, message, { folder });
      await practice.imap.mailboxes.settled();
    },
    listFolder: (address, folder) =>
      (practice.imap.mailboxes.findFolder(address, folder)?.messages ?? []).map((message) => idIn(message.bytes)),
    paper: () => printer.printed(),
    log: () =>
      printer.control
        .requests()
        .slice(-60)
        .map(({ at, operation, status, jobName }) => `${at} ${operation} ${status} ${jobName ?? ''}`)
        .join('\n'),
    [Symbol.asyncDispose]: () => practice.close(),
  };
}

async function openRealPeers(): Promise<Peers> {
  await using undo = new AsyncDisposableStack();
  const practice = await startPractice();
  undo.defer(() => practice.close());
  const { cert, key, ca } = practice.certificates;
  const introspection = { url: `${practice.authority}/introspect`, ca };
  const dovecot = await startDovecot({ tls: { cert, key }, introspection });
  undo.defer(() => dovecot.close());
  const printer = await startIppEvePrinter();
  undo.defer(() => printer.close());
  const cloudsFile = join(practice.dir, 'clouds-of-real-peers.json');
  const { practice: cloud } = JSON.parse(readFileSync(practice.cloudsFile, 'utf8')) as { practice: object };
  const imap = { host: 'localhost', port: dovecot.ports.imaps, security: 'tls' };
  writeFileSync(cloudsFile, JSON.stringify({ practice: { ...cloud, imap } }));
  const running = undo.move();
  return {
    kind: 'real',
    practice,
    cloudsFile,
    printerUri: printer.uri,
    deliver: (address, message) => dovecot.deliver(address, message),
    listFolder: (address, folder) => listMaildir(dovecot.maildirOf(address), folder),
    paper: () => printer.printed(),
    log: () => `${dovecot.log().slice(-4_000)}\n${printer.log()}`,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Maildir++: a folder within another one is `.Parent.Child` beside the INBOX. */
function listMaildir(maildir: string, folder: string): string[] {
  const place = folder === 'INBOX' ? maildir : join(maildir, `.${folder.replaceAll('/', '.')}`);
  return ['new', 'cur'].flatMap((part) => {
    const directory = join(place, part);
    const names = existsSync(directory) ? readdirSync(directory) : [];
    return names.map((name) => idIn(readFileSync(join(directory, name))));
  });
}

function idIn(message: Buffer): string {
  const head = message.subarray(0, 16_384).toString('latin1');
  return /^message-id:\s*<([^>]+)>/im.exec(head)?.[1] ?? '(none)';
}

/** Does what a person does on the page of the code. */
export async function answerCode(
  practice: RunningPracticeTenant,
  answer: { readonly userCode: string; readonly account: string; readonly action?: 'confirm' | 'decline' },
): Promise<Record<string, unknown>> {
  const { json } = await clientOf(practice).control('/device-login', { action: 'confirm', ...answer });
  return json;
}
