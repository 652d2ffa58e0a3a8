/** The relay on a real socket with a real database, and conversations with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { getNetworkSettings, setNetworkSettings } from '../../server/connections/connections.ts';
import { addDevice, type Device, type NewDevice } from '../../server/relay/relay.ts';
import { type RelayOptions, type RunningRelay, startRelayWorker } from '../../server/relay/worker.ts';
import { openSpoolFile } from '../../server/spool/spool.ts';
import { Conversation, openConversation } from './conversation.ts';
import { openTestContext, type TestContext, type TestContextOptions } from './database.ts';
import { getProgram } from './processes.ts';

export const SENDER = 'print@contoso.example';
export const RECIPIENT = 'ada@contoso.example';

export type Kept = {
  readonly id: string;
  readonly deviceId: string | null;
  readonly sender: string;
  readonly subject: string;
  readonly messageIdHeader: string;
  readonly recipients: readonly string[];
  readonly isSpooled: boolean;
  readonly raw: Buffer;
  /** One character per byte. */
  readonly text: string;
  /** The header fields, unfolded, by their names in lower case. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
};

export type TestRelay = AsyncDisposable & {
  readonly test: TestContext;
  readonly relay: RunningRelay;
  readonly port: number;
  /** Opens a connection, past the greeting and EHLO. */
  greet(more?: { readonly helo?: string; readonly localAddress?: string }): Promise<Conversation>;
  open(): Promise<Conversation>;
  addDevice(device?: Partial<NewDevice>): Promise<{ readonly device: Device; readonly password: string | undefined }>;
  /** What stands in the outbox, oldest first. */
  kept(): Promise<Kept[]>;
  /** Sends one message on a connection of its own and returns the last answer. */
  send(message: string | Buffer, more?: { readonly from?: string; readonly to?: string }): Promise<string>;
};

export type TestRelayOptions = TestContextOptions & { readonly relay?: RelayOptions };

export async function openRelay(options: TestRelayOptions = {}): Promise<TestRelay> {
  await using undo = new AsyncDisposableStack();
  const settings = { relayPort: 0, ...options.settings };
  const test = undo.use(await openTestContext({ ...options, settings }));
  if (options.besides === undefined) await setSender(test, SENDER);
  const relay = undo.use(await startRelayWorker(test.context, options.relay));
  const opened = undo.move();
  const open = () => openConversation({ port: relay.port });
  const greet: TestRelay['greet'] = async ({ helo = 'copier.local', localAddress = '127.0.0.1' } = {}) => {
    const socket = connect({ port: relay.port, host: '127.0.0.1', localAddress });
    await once(socket, 'connect');
    const conversation = new Conversation('C', socket);
    await conversation.play(`
      S: 220 {/.*/}
      C: EHLO ${helo}
      S: ...
      S: 250 {/.*/}`);
    return conversation;
  };
  return {
    test,
    relay,
    port: relay.port,
    open,
    greet,
    addDevice: (device) => addDevice(test.context, { name: 'Copier', addresses: ['127.0.0.1'], ...device }, 'test'),
    kept: () => readKept(test),
    async send(message, { from = 'scanner@copier.local', to = RECIPIENT } = {}) {
      await using conversation = await greet();
      await begin(conversation, { from, to });
      return await finish(conversation, message);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

export async function setSender(test: TestContext, senderEmail: string): Promise<void> {
  await setNetworkSettings(test.context, { ...(await getNetworkSettings(test.context)), senderEmail }, 'test');
}

/** Goes up to the message itself. */
export async function begin(
  conversation: Conversation,
  { from = 'scanner@copier.local', to = RECIPIENT }: { readonly from?: string; readonly to?: string } = {},
): Promise<void> {
  await conversation.play(`
    C: MAIL FROM:<${from}>
    S: 250 {/.*/}
    C: RCPT TO:<${to}>
    S: 250 {/.*/}
    C: DATA
    S: 354 {/.*/}`);
}

/** Sends a message as it is, with the dots that the protocol wants, and hears the answer. */
export async function finish(conversation: Conversation, message: string | Buffer): Promise<string> {
  const bytes = Buffer.isBuffer(message) ? message : Buffer.from(message, 'latin1');
  conversation.sayBytes(Buffer.from(bytes.toString('latin1').replace(/(^|\r\n)\./g, '$1..'), 'latin1'));
  if (bytes.length > 0 && !bytes.subarray(-2).equals(Buffer.from('\r\n'))) conversation.say('');
  conversation.say('.');
  return await conversation.hear();
}

export async function readKept({ context }: TestContext): Promise<Kept[]> {
  const rows = await context.db.selectFrom('outbox_messages').selectAll().orderBy('created_at').orderBy('id').execute();
  const recipients = await context.db.selectFrom('outbox_recipients').selectAll().orderBy('position').execute();
  return await Promise.all(
    rows.map(async (row) => {
      const raw = row.body ?? (await readAll(await openSpoolFile(context, row.spool_id ?? '')));
      const text = raw.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      return {
        id: row.id,
        deviceId: row.device_id,
        sender: row.sender,
        subject: row.subject,
        messageIdHeader: row.message_id_header,
        recipients: recipients.filter((one) => one.message_id === row.id).map(({ address }) => address),
        isSpooled: row.body === null,
        raw,
        text,
        fields: readFields(text.slice(0, end + 2)),
        body: text.slice(end + 4),
      };
    }),
  );
}

async function readAll(stream: Readable): Promise<Buffer> {
  return Buffer.concat((await stream.toArray()) as Buffer[]);
}

// Not the relay's own reader, so that a mistake of it shows.
function readFields(header: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of header.replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
    if (name !== '') fields.set(name.toLowerCase(), [...(fields.get(name.toLowerCase()) ?? []), value]);
  }
  return fields;
}

const DEBIAN_PACKAGES: Readonly<Record<string, string>> = {
  swaks: 'swaks',
  'smtp-source': 'postfix',
  openssl: 'openssl',
};

/** Runs a program beside this process, which is the server it talks to, and returns all that it said. */
export async function runProgram(name: string, options: readonly string[], timeoutMs = 60_000): Promise<string> {
  const child = spawn(getProgram(name, DEBIAN_PACKAGES[name] ?? name), options, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (words += String(chunk)));
  const [code] = await new Promise<[number | null]>((resolve) => child.once('close', (code) => resolve([code])));
  return `${words}\n(ended with ${code})`;
}
