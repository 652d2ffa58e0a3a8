/** Mailboxes as the screens see them, and how a form becomes what the server takes. */
import { queryOptions } from '@tanstack/react-query';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import type { Connection } from '../connections/connection.ts';
import type { Tone } from '../ui/state.tsx';

export type Mailbox = paths['/mailboxes']['get']['responses'][200]['content']['application/json']['items'][number];
type MailboxBody = paths['/mailboxes']['post']['requestBody']['content']['application/json'];
export type Queue = paths['/queues']['get']['responses'][200]['content']['application/json']['items'][number];

export const OTHER = 'other';
const PORTS = { imap: { tls: 993, other: 143 }, pop3: { tls: 995, other: 110 } } as const;

/** A look at a mailbox is no event. */
export const LOOK_AGAIN_MS = 20_000;

export const mailboxesQuery = queryOptions({
  queryKey: ['mailboxes'],
  queryFn: async () => (await need(api.GET('/mailboxes'))).items as readonly Mailbox[],
});

export const queuesQuery = queryOptions({
  queryKey: ['queues', 'all'],
  queryFn: async () => (await need(api.GET('/queues'))).items as readonly Queue[],
});

/** What a mailbox is shown as: switched off by hand is not a fault. */
export function lookOf({ enabled, state, problem }: Mailbox): { readonly tone: Tone; readonly word: string } {
  if (!enabled) return { tone: 'off', word: 'mailboxes.paused' };
  if (state === 'connected') {
    return problem === null
      ? { tone: 'ok', word: 'mailboxes.watching' }
      : { tone: 'warning', word: 'mailboxes.trouble' };
  }
  if (state === 'failing') return { tone: 'broken', word: 'mailboxes.failing' };
  return { tone: 'waiting', word: 'mailboxes.waiting' };
}

export function serverName(
  mailbox: Pick<Mailbox, 'connectionId' | 'server'>,
  connections: readonly Connection[],
): string {
  if (mailbox.server !== null) return mailbox.server.host;
  return connections.find(({ id }) => id === mailbox.connectionId)?.title ?? '–';
}

export type Values = {
  title: string;
  address: string;
  source: string;
  host: string;
  port: number;
  security: 'tls' | 'starttls' | 'none';
  username: string;
  password: string;
  protocol: 'imap' | 'pop3';
  folder: string;
  pollSeconds: string;
  afterIntake: 'move' | 'delete' | 'keep';
  queueId: string;
  enabled: boolean;
  unknown: 'refuse' | 'register' | 'hold';
  domains: string;
  group: string;
  machines: 'print' | 'refuse';
  unproven: 'accept' | 'hold' | 'refuse';
  hostKind: 'exchange-online' | 'other';
  authservId: string;
  compauth: boolean;
  internal: boolean;
  arcSealers: string;
  kinds: DocumentKind[];
  body: 'without-attachment' | 'always' | 'never';
  maxDocuments: number | string;
  maxMegabytes: number | string;
  maxPages: number | string;
  printed: boolean;
  held: boolean;
  refused: boolean;
  language: 'en' | 'it';
};

export const DOCUMENT_KINDS = ['pdf', 'image', 'office', 'text', 'html'] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];
/** What the server takes at most. */
export const MOST_DOCUMENTS = 50;
export const MOST_MEGABYTES = 50;
export const MOST_PAGES = 500;
const MEGABYTE = 1024 * 1024;

const NEW: Values = {
  title: '',
  address: '',
  source: '',
  host: '',
  port: PORTS.imap.tls,
  security: 'tls',
  username: '',
  password: '',
  protocol: 'imap',
  folder: 'INBOX',
  pollSeconds: '120',
  afterIntake: 'move',
  queueId: '',
  enabled: true,
  unknown: 'refuse',
  domains: '',
  group: '',
  machines: 'print',
  unproven: 'hold',
  hostKind: 'other',
  authservId: '',
  compauth: false,
  internal: false,
  arcSealers: '',
  kinds: [...DOCUMENT_KINDS],
  body: 'without-attachment',
  maxDocuments: MOST_DOCUMENTS,
  maxMegabytes: MOST_MEGABYTES,
  maxPages: MOST_PAGES,
  printed: true,
  held: true,
  refused: true,
  language: 'en',
};

type Around = {
  readonly connections: readonly Connection[];
  readonly queues: readonly Queue[];
  readonly title: string;
  readonly language: 'en' | 'it';
};

/** A new mailbox begins with what most want: the connection that was confirmed, its mailbox, the default queue. */
export function newValues({ connections, queues, title, language }: Around): Values {
  const only = connections.find(({ account }) => account !== null) ?? connections[0];
  const queue = queues.find(({ isDefault }) => isDefault) ?? queues[0];
  return {
    ...NEW,
    title,
    language,
    queueId: queue?.id ?? '',
    ...(only === undefined ? {} : { source: only.id, address: only.account?.username ?? only.expectedAccount ?? '' }),
  };
}

export function valuesOf(mailbox: Mailbox): Values {
  const { server, senderPolicy, proofPolicy, documentPolicy, replyPolicy } = mailbox;
  return {
    ...NEW,
    ...(server ?? {}),
    title: mailbox.title,
    address: mailbox.address,
    source: mailbox.connectionId ?? OTHER,
    protocol: mailbox.protocol,
    folder: mailbox.folder,
    pollSeconds: String(mailbox.pollSeconds),
    afterIntake: mailbox.afterIntake,
    queueId: mailbox.queueId,
    enabled: mailbox.enabled,
    hostKind: mailbox.hostKind,
    authservId: mailbox.authservId ?? '',
    ...senderPolicy,
    ...proofPolicy,
    ...replyPolicy,
    kinds: [...documentPolicy.kinds],
    body: documentPolicy.body,
    maxDocuments: documentPolicy.maxDocuments,
    maxMegabytes: Math.max(1, Math.round(documentPolicy.maxBytes / MEGABYTE)),
    maxPages: documentPolicy.maxPages,
    group: senderPolicy.group ?? '',
    domains: senderPolicy.domains.join('\n'),
    arcSealers: proofPolicy.arcSealers.join('\n'),
    language: mailbox.language ?? 'en',
  };
}

export function wordsIn(text: string): string[] {
  return text.split(/[\s,;]+/).filter((word) => word !== '');
}

/** Where the mailbox is: all that a test needs. */
export function placeOf(values: Values) {
  const { source, protocol, folder } = values;
  const server = {
    host: values.host.trim(),
    port: values.port,
    security: values.security,
    username: values.username.trim(),
    // An empty field keeps the password that the server has; a new mailbox without one is refused by the form.
    ...(values.password === '' ? {} : { password: values.password }),
  } as NonNullable<MailboxBody['server']>;
  return {
    protocol,
    address: values.address.trim(),
    folder: protocol === 'pop3' || folder.trim() === '' ? 'INBOX' : folder.trim(),
    afterIntake: values.afterIntake,
    ...(source === OTHER ? { server } : { connectionId: source }),
  };
}

export function bodyOf(values: Values): MailboxBody {
  const isOther = values.source === OTHER;
  return {
    title: values.title.trim(),
    ...placeOf(values),
    pollSeconds: Number(values.pollSeconds),
    queueId: values.queueId,
    enabled: values.enabled,
    hostKind: isOther ? values.hostKind : 'exchange-online',
    authservId: isOther && values.authservId.trim() !== '' ? values.authservId.trim() : null,
    senderPolicy: {
      unknown: values.unknown,
      domains: wordsIn(values.domains),
      group: values.group.trim() === '' ? null : values.group.trim(),
      machines: values.machines,
    },
    proofPolicy: {
      unproven: values.unproven,
      compauth: values.compauth,
      internal: values.internal,
      arcSealers: wordsIn(values.arcSealers),
    },
    documentPolicy: {
      kinds: values.kinds,
      body: values.body,
      maxDocuments: Number(values.maxDocuments),
      maxBytes: Number(values.maxMegabytes) * MEGABYTE,
      maxPages: Number(values.maxPages),
    },
    replyPolicy: { printed: values.printed, held: values.held, refused: values.refused },
    language: values.language,
  };
}

export function usualPort(protocol: Values['protocol'], security: Values['security']): number {
  return security === 'tls' ? PORTS[protocol].tls : PORTS[protocol].other;
}
