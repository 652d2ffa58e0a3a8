/**
 * What answers mail by itself: two Platens on one practice tenant, each with a mailbox, a database and a data directory of
 * its own, and machines that stand before the mailboxes of people, some of which keep to RFC 3834 and some to nothing.
 */
import PostalMime, { type Email } from 'postal-mime';
import { stampOf } from '../../simulator/stamp.ts';
import { writePdf } from './mail.ts';
import { openPeers, type Peers } from './peers.ts';
import { fillPace } from './scans.ts';
import { openStage, type Row, type Stage } from './stage.ts';

export const DESK = 'desk@practice.example';
export const LAB = 'lab@practice.example';
/** Has a mailbox and no machine. */
export const ERIK = 'erik@practice.example';

/** How a machine answers; each is met in the wild. */
export type Manner =
  /** RFC 3834 and 5230: silent to machines and lists, once to each sender, and says what it is. */
  | 'polite'
  /** Answers everything with `Re:` and In-Reply-To, in words alone. */
  | 'words'
  /** Answers everything, names what it answers in its subject alone, and attaches a document. */
  | 'subject'
  /** Answers everything under a subject and with an attachment of its own: nothing tells what it answers. */
  | 'blank';

const HOLIDAY = 'I am on holiday until Monday.';

export type Answer = { readonly to: string; readonly automatic: boolean; readonly messageId: string };

/** Stands before a mailbox of the practice tenant, reads what comes, and answers it. */
export class Machine implements Disposable {
  readonly address: string;
  readonly answers: Answer[] = [];
  readonly #manner: Manner;
  readonly #peers: Peers;
  readonly #deliver: (to: string, message: Buffer) => Promise<void>;
  readonly #answered = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #seen = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(
    peers: Peers,
    { address, manner }: { readonly address: string; readonly manner: Manner },
    deliver: (to: string, message: Buffer) => Promise<void>,
  ) {
    this.address = address;
    this.#manner = manner;
    this.#peers = peers;
    this.#deliver = deliver;
    this.#timer = setInterval(() => {
      this.#work = this.#work.then(() => this.#look());
    }, 20);
  }

  get received(): readonly { readonly bytes: Buffer }[] {
    return this.#peers.practice.imap.mailboxes.findFolder(this.address, 'INBOX')?.messages ?? [];
  }

  async #look(): Promise<void> {
    for (const { bytes } of this.received.slice(this.#seen)) {
      this.#seen += 1;
      await this.#answer(await PostalMime.parse(bytes));
    }
  }

  async #answer(mail: Email): Promise<void> {
    const to = mail.from?.address ?? '';
    if (to === '' || to === this.address) return;
    if (this.#manner === 'polite' && (isMachines(mail) || this.#answered.has(to))) return;
    this.#answered.add(to);
    const messageId = `<holiday-${this.address.split('@')[0]}-${this.answers.length}@practice.example>`;
    this.answers.push({ to, automatic: isMachines(mail), messageId });
    await this.#deliver(to, write(this.address, to, this.#wordsOf(mail, messageId)));
  }

  #wordsOf(mail: Email, messageId: string): Words {
    const { subject = '', messageId: answered = '', text = '' } = mail;
    const document = { name: 'notes.pdf', bytes: writePdf(`notes ${messageId}`, 2_000) };
    const thread = [`In-Reply-To: ${answered}`, `References: ${answered}`];
    switch (this.#manner) {
      case 'polite': {
        const headers = ['Auto-Submitted: auto-replied (vacation)', ...thread];
        return { messageId, subject: `Auto: ${subject}`, text: HOLIDAY, headers };
      }
      case 'words':
        return { messageId, subject: `Re: ${subject}`, text: `${HOLIDAY}\r\n\r\n> ${text}`, headers: thread };
      case 'subject':
        return { messageId, subject: `Out of office: ${subject}`, text: HOLIDAY, document };
      case 'blank':
        return { messageId, subject: 'On holiday', text: HOLIDAY, document };
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** What RFC 3834 section 2 tells a machine not to answer. */
function isMachines({ headers }: Email): boolean {
  const fieldOf = (name: string) => headers.find(({ key }) => key === name)?.value.toLowerCase() ?? '';
  if (!['', 'no'].includes(fieldOf('auto-submitted'))) return true;
  return /^(bulk|list|junk)/.test(fieldOf('precedence')) || headers.some(({ key }) => key.startsWith('list-'));
}

type Words = {
  readonly messageId: string;
  readonly subject: string;
  readonly text: string;
  readonly headers?: readonly string[];
  readonly document?: { readonly name: string; readonly bytes: Buffer };
};

/** A mail between people of the practice tenant, proven as Exchange proves them. */
export function write(from: string, to: string, { messageId, subject, text, headers = [], document }: Words): Buffer {
  const attached =
    document === undefined
      ? ''
      : `--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="${document.name}"\r\n` +
        `Content-Transfer-Encoding: base64\r\n\r\n${document.bytes.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`;
  const lines = [
    `${stampOf({ domain: from.split('@')[1] ?? '' })}From: <${from}>`,
    `To: <${to}>`,
    // A subject in other than ASCII is written as RFC 2047 wants it.
    `Subject: =?utf-8?B?${Buffer.from(subject).toString('base64')}?=`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: ${messageId}`,
    ...headers,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="b"',
    '',
    '--b\r\nContent-Type: text/plain; charset=utf-8\r\n',
    text,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n${attached}--b--\r\n`);
}

export type Letter = {
  readonly from: string;
  readonly to: string;
  readonly messageId: string;
  readonly answers: string | undefined;
  readonly header: (name: string) => string | undefined;
};

/** Two Platens that print each other's mail, and people with machines who mail documents to the first. */
export class AnsweringWorld {
  readonly peers: Peers;
  readonly stages: readonly Stage[];
  readonly machines: readonly Machine[];
  /** Message-IDs of the documents that were mailed, each with the instance that is to print it. */
  readonly mailed = new Map<string, Stage>();

  constructor(peers: Peers, stages: readonly Stage[], machines: readonly Machine[]) {
    this.peers = peers;
    this.stages = stages;
    this.machines = machines;
  }

  /** A document by mail, as a person sends it. */
  async mail(from: string, to: string): Promise<string> {
    const number = this.mailed.size + 1;
    const messageId = `<document-${number}@practice.example>`;
    const stage = this.stages[to === DESK ? 0 : 1];
    if (stage === undefined) throw new Error(`no instance reads ${to}`);
    this.mailed.set(messageId, stage);
    const document = { name: `document-${number}.pdf`, bytes: writePdf(`document ${number}`, 2_000) };
    const words = { messageId, subject: `Document ${number}`, text: 'Please.', document };
    await this.peers.deliver(to, write(from, to, words));
    return messageId;
  }

  /** What the instances have written and the practice tenant has accepted. */
  async letters(): Promise<Letter[]> {
    const { smtp } = this.peers.practice;
    return await Promise.all(
      smtp.accepted().map(async ({ id, sender, recipients }) => {
        const { headers, messageId = '', inReplyTo } = await PostalMime.parse(smtp.findContent(id) ?? Buffer.alloc(0));
        const header = (name: string) => headers.find(({ key }) => key === name.toLowerCase())?.value;
        return { from: sender, to: recipients.join(), messageId, answers: inReplyTo, header };
      }),
    );
  }

  /** Whether nothing is left to be done by an instance. */
  async isQuiet(): Promise<boolean> {
    for (const stage of this.stages) {
      const address = addressOf(stage, this);
      if (this.peers.listFolder(address, 'INBOX').length > 0) return false;
      const [row] = await stage.sql(`SELECT
        (SELECT count(*) FROM incoming_messages WHERE finish_by IS NOT NULL OR moved_at IS NULL)::int AS messages,
        (SELECT count(*) FROM jobs WHERE state NOT IN ('completed', 'aborted', 'canceled'))::int AS jobs,
        (SELECT count(*) FROM outbox_messages WHERE state <> 'sent')::int AS outgoing`);
      if (Number(row?.messages) + Number(row?.jobs) + Number(row?.outgoing) > 0) return false;
    }
    return true;
  }

  /** Grows with everything that moves. */
  moved(): number {
    const { mailboxes } = this.peers.practice.imap;
    return this.peers.practice.smtp.accepted().length + mailboxes.counters.delivered + this.peers.paper().length;
  }
}

function addressOf(stage: Stage, { stages }: AnsweringWorld): string {
  return stage === stages[0] ? DESK : LAB;
}

export const PEOPLE: readonly { readonly address: string; readonly manner: Manner }[] = [
  { address: 'anna@practice.example', manner: 'polite' },
  { address: 'bruno@practice.example', manner: 'words' },
  { address: 'carla@practice.example', manner: 'subject' },
  { address: 'dora@practice.example', manner: 'blank' },
];

export type OpenedWorld = AnsweringWorld & AsyncDisposable;

export type WorldOptions = {
  /** Other limits of replies than the usual ones. */
  readonly limits?: Row | undefined;
  /** Letters leave at once, instead of 30 a minute. */
  readonly isUnpaced?: boolean | undefined;
};

/** Opens both instances, with replies on and unknown senders registered, and the machines of `PEOPLE`. */
export async function openAnsweringWorld(options: WorldOptions = {}): Promise<OpenedWorld> {
  await using undo = new AsyncDisposableStack();
  const peers = undo.use(await openPeers('practice'));
  for (const address of [DESK, LAB, ERIK, 'dora@practice.example']) peers.practice.tenant.addAccount({ upn: address });
  const stages = await Promise.all([DESK, LAB].map((address) => openInstance(peers, address, options)));
  for (const stage of stages) undo.use(stage);
  const machines = PEOPLE.map((person) =>
    undo.use(new Machine(peers, person, (to, message) => peers.deliver(to, message))),
  );
  const world = new AnsweringWorld(peers, stages, machines);
  const opened = undo.move();
  return Object.assign(world, { [Symbol.asyncDispose]: () => opened.disposeAsync() });
}

async function openInstance(peers: Peers, address: string, { limits, isUnpaced }: WorldOptions): Promise<Stage> {
  const stage = await openStage({ peers, database: 'external', until: 'administrator' });
  const connectionId = await stage.connect(address, { uses: ['imap', 'smtp'] });
  const network = { outgoingServer: { connectionId }, senderEmail: address, senderName: address.split('@')[0] };
  await stage.api('PUT', '/settings/network', network);
  if (isUnpaced === true) await fillPace(stage);
  if (limits !== undefined) await stage.api('PUT', '/notices', { limits });
  const printer = { name: 'Hall', uri: peers.printerUri };
  stage.printerId = String((await stage.api('POST', '/printers', printer)).id);
  const queue = { name: 'Office', mode: 'direct', printerIds: [stage.printerId] };
  stage.queueId = String((await stage.api('POST', '/queues', queue)).id);
  await stage.watchMailbox(connectionId, {
    address,
    senderPolicy: { unknown: 'register' },
    proofPolicy: { unproven: 'hold', internal: true },
    documentPolicy: {},
  });
  return stage;
}
