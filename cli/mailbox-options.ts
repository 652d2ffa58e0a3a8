/** What may be said of a mailbox on the command line, and how it becomes what the API takes. */
import type { Client } from './client.ts';
import { type Call, type Command, given, readList, readNumber } from './command.ts';
import { findId, pathOf } from './find.ts';
import { UsageError } from './problem.ts';
import { readPassword } from './prompt.ts';
import { type Mailbox, mailbox } from './shapes.ts';

export const AFTER_INTAKE = ['move', 'delete', 'keep'] as const;
export const BODIES = ['without-attachment', 'always', 'never'] as const;
const PROTOCOLS = ['imap', 'pop3'] as const;
const SECURITIES = ['tls', 'starttls', 'none'] as const;
const KINDS = ['pdf', 'image', 'office', 'text', 'html'] as const;
const UNKNOWN = ['refuse', 'register', 'hold'] as const;
const AUTOMATIC = ['print', 'refuse'] as const;
const UNPROVEN = ['accept', 'hold', 'refuse'] as const;
const REPLIES = ['printed', 'held', 'refused'] as const;
/** That of whoever wrote, which the API calls null. */
const OF_SENDER = 'sender';

/** RFC 8314 section 3.2 and 3.3; RFC 3501 section 2.1; RFC 1939 section 3. */
const PORTS: Readonly<Record<string, { readonly tls: number; readonly other: number }>> = {
  imap: { tls: 993, other: 143 },
  pop3: { tls: 995, other: 110 },
};
const MAX_PORT = 65_535;
const MEGABYTE = 1024 * 1024;

const SERVER_OPTIONS = {
  host: { value: 'name', about: 'mailbox-host' },
  port: { value: 'number', about: 'mailbox-port' },
  security: { value: 'text', choices: SECURITIES, about: 'mailbox-security' },
  username: { value: 'text', about: 'mailbox-username' },
  password: { value: 'secret', about: 'mailbox-password' },
} as const;

export const MAILBOX_OPTIONS: NonNullable<Command['options']> = {
  connection: { value: 'id', about: 'mailbox-connection' },
  ...SERVER_OPTIONS,
  address: { value: 'address', about: 'mailbox-address' },
  title: { value: 'text', about: 'mailbox-title' },
  queue: { value: 'id', about: 'mailbox-queue' },
  protocol: { value: 'text', choices: PROTOCOLS },
  folder: { value: 'text' },
  'after-intake': { value: 'text', choices: AFTER_INTAKE },
  'poll-seconds': { value: 'number' },
  kind: { value: 'text', choices: KINDS, isMultiple: true, about: 'document-kind' },
  body: { value: 'text', choices: BODIES, about: 'message-body' },
  'max-documents': { value: 'number', about: 'max-documents' },
  'max-document-megabytes': { value: 'number', about: 'max-document-megabytes' },
  'max-document-pages': { value: 'number', about: 'max-document-pages' },
  unknown: { value: 'text', choices: UNKNOWN, about: 'mailbox-unknown' },
  domain: { value: 'text', isMultiple: true, about: 'mailbox-domain' },
  group: { value: 'text', about: 'mailbox-group' },
  'no-group': { about: 'mailbox-no-group' },
  'automatic-mail': { value: 'text', choices: AUTOMATIC, about: 'automatic-mail' },
  unproven: { value: 'text', choices: UNPROVEN, about: 'mailbox-unproven' },
  reply: { value: 'list', isMultiple: true, about: 'mailbox-reply' },
  'reply-language': { value: 'text', choices: ['en', 'it', OF_SENDER], about: 'mailbox-reply-language' },
};

export function namesServer(call: Call): boolean {
  return Object.keys(SERVER_OPTIONS).some(call.has);
}

/** What was said beside the place of the mailbox and its queue; only that. Throws `UsageError`. */
export function readRules(call: Call): Readonly<Record<string, unknown>> {
  const { find } = call;
  const language = find('reply-language');
  return given({
    title: find('title'),
    protocol: find('protocol'),
    address: find('address'),
    folder: find('folder'),
    pollSeconds: readNumber(call, 'poll-seconds', { min: 30, max: 3600 }),
    afterIntake: find('after-intake'),
    documentPolicy: readDocumentPolicy(call),
    senderPolicy: readSenderPolicy(call),
    proofPolicy: unlessEmpty({ unproven: find('unproven') }),
    replyPolicy: readReplyPolicy(call),
    language: language === OF_SENDER ? null : language,
  });
}

function readDocumentPolicy(call: Call): object | undefined {
  const megabytes = readNumber(call, 'max-document-megabytes', { min: 1, max: 50 });
  return unlessEmpty({
    kinds: call.all('kind').length === 0 ? undefined : [...call.all('kind')],
    body: call.find('body'),
    maxDocuments: readNumber(call, 'max-documents', { min: 1, max: 50 }),
    maxBytes: megabytes === undefined ? undefined : megabytes * MEGABYTE,
    maxPages: readNumber(call, 'max-document-pages', { min: 1, max: 500 }),
  });
}

function readSenderPolicy(call: Call): object | undefined {
  const { find, has } = call;
  if (has('group') && has('no-group')) throw new UsageError('either', { first: 'group', second: 'no-group' });
  return unlessEmpty({
    unknown: find('unknown'),
    domains: readList(call, 'domain'),
    group: has('no-group') ? null : find('group'),
    machines: find('automatic-mail'),
  });
}

/** Those that are named are answered, the others are not; `none` names nobody. */
function readReplyPolicy(call: Call): object | undefined {
  const named = readList(call, 'reply');
  if (named === undefined) return undefined;
  const strange = named.find((word) => word !== 'none' && !REPLIES.some((reply) => reply === word));
  if (strange !== undefined) {
    throw new UsageError('choice', { name: 'reply', value: strange, choices: [...REPLIES, 'none'].join(', ') });
  }
  return Object.fromEntries(REPLIES.map((reply) => [reply, named.includes(reply)]));
}

function unlessEmpty(values: Readonly<Record<string, unknown>>): object | undefined {
  const said = given(values);
  return Object.keys(said).length === 0 ? undefined : said;
}

/** The mail server of a mailbox, from what was said and what the mailbox `old` already has. Throws `UsageError`. */
export async function readServer(call: Call, old: Mailbox | undefined): Promise<Readonly<Record<string, unknown>>> {
  const { find, has } = call;
  // Another host is another server: nothing of the old one is kept.
  const present = has('host') ? undefined : (old?.server ?? undefined);
  const host = find('host') ?? present?.host;
  const username = find('username') ?? present?.username ?? find('address') ?? old?.address;
  if (host === undefined) throw new UsageError('missing-option', { name: 'host' });
  if (username === undefined) throw new UsageError('missing-option', { name: 'address' });
  const security = find('security') ?? present?.security ?? 'tls';
  const protocol = find('protocol') ?? old?.protocol ?? 'imap';
  const usual = PORTS[protocol]?.[security === 'tls' ? 'tls' : 'other'];
  const keepsPort = !has('security') && !has('protocol');
  const port = readNumber(call, 'port', { min: 1, max: MAX_PORT }) ?? (keepsPort ? present?.port : undefined) ?? usual;
  const password = find('password');
  if (password === undefined && present === undefined) throw new UsageError('missing-option', { name: 'password' });
  const secret = password === undefined ? {} : { password: await readPassword(password) };
  return { host, port, security, username, ...secret };
}

/** The mailbox as it is, found by what was written after the words of the command. */
export async function readMailbox(call: Call, client: Client): Promise<Mailbox> {
  const id = await findId(client, call.screen, { kind: 'mailbox', text: call.operands[0] ?? '' });
  return await client.get(mailbox, pathOf('mailbox', id));
}
