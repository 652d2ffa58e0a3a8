/** What holds for one mailbox: who may print, what is believed, what is answered. Kept as JSON, with defaults for the rest. */
import type { Language } from '../../store/schema.ts';
import { DOCUMENT_KINDS, type DocumentPolicy } from '../documents/rules.ts';
import { intakeLimits } from '../limits.ts';
import type { MailboxRow } from '../mailbox.ts';
import type { ProofRules } from '../proof/proof.ts';

/** What happens to mail of somebody who is no user; all but `refuse` only where the sender is proven. */
export type SenderPolicy = {
  readonly unknown: 'refuse' | 'register' | 'hold';
  /** Of these domains senders are registered; none: of the mailbox's own. */
  readonly domains: readonly string[];
  /** To which group those belong who become users; none: to no group. */
  readonly group: string | null;
  /** What happens to attachments of newsletters, automatic replies and other mail of machines that users are the sender of. */
  readonly machines: 'print' | 'refuse';
};

export type ProofPolicy = {
  /** What happens to mail of a user whose sender is not proven. What is proven false is never accepted. */
  readonly unproven: 'accept' | 'hold' | 'refuse';
  readonly compauth: boolean;
  readonly internal: boolean;
  readonly arcSealers: readonly string[];
};

/** Which answers senders get. */
export type ReplyPolicy = { readonly printed: boolean; readonly held: boolean; readonly refused: boolean };

export type MailboxPolicy = {
  readonly hostKind: 'exchange-online' | 'other';
  /** Under which name another host writes its verdicts. */
  readonly authservId: string | undefined;
  readonly senderPolicy: SenderPolicy;
  readonly proofPolicy: ProofPolicy;
  readonly documentPolicy: DocumentPolicy;
  readonly replyPolicy: ReplyPolicy;
  /** Of answers to people who are no users; undefined is English. */
  readonly language: Language | undefined;
};

type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined };

export type PolicyChange = {
  readonly hostKind?: MailboxPolicy['hostKind'] | undefined;
  readonly authservId?: string | null | undefined;
  readonly senderPolicy?: Loose<SenderPolicy> | undefined;
  readonly proofPolicy?: Loose<ProofPolicy> | undefined;
  readonly documentPolicy?: Loose<DocumentPolicy> | undefined;
  readonly replyPolicy?: Loose<ReplyPolicy> | undefined;
  readonly language?: Language | null | undefined;
};

const DEFAULTS = {
  senderPolicy: { unknown: 'refuse', domains: [], group: null, machines: 'print' },
  // A known address that anybody can write is no permission to print.
  proofPolicy: { unproven: 'hold', compauth: false, internal: false, arcSealers: [] },
  documentPolicy: {
    kinds: DOCUMENT_KINDS,
    body: 'without-attachment',
    maxDocuments: intakeLimits.maxDocuments,
    maxBytes: intakeLimits.maxMessageBytes,
    maxPages: intakeLimits.maxPages,
  },
  replyPolicy: { printed: true, held: true, refused: true },
} as const satisfies Partial<MailboxPolicy>;

type KeptPolicy = {
  readonly hostKind?: MailboxPolicy['hostKind'];
  readonly authservId?: string;
  readonly senderPolicy?: Partial<SenderPolicy>;
  readonly proofPolicy?: Partial<ProofPolicy>;
  readonly documentPolicy?: Partial<DocumentPolicy>;
  readonly replyPolicy?: Partial<ReplyPolicy>;
  readonly language?: Language;
};

/** The policy of a mailbox, complete. */
export function policyOf({ policy, connection_id }: Pick<MailboxRow, 'policy' | 'connection_id'>): MailboxPolicy {
  const kept = policy as KeptPolicy;
  return {
    hostKind: kept.hostKind ?? (connection_id === null ? 'other' : 'exchange-online'),
    authservId: kept.authservId,
    senderPolicy: { ...DEFAULTS.senderPolicy, ...kept.senderPolicy },
    proofPolicy: { ...DEFAULTS.proofPolicy, ...kept.proofPolicy },
    documentPolicy: { ...DEFAULTS.documentPolicy, ...kept.documentPolicy },
    replyPolicy: { ...DEFAULTS.replyPolicy, ...kept.replyPolicy },
    language: kept.language,
  };
}

/** What is to be kept after a change; `null` takes a value away. */
export function changedPolicy(kept: unknown, change: PolicyChange): string {
  const before = kept as KeptPolicy;
  const merge = (one: object | undefined, other: object = {}) => ({
    ...one,
    ...Object.fromEntries(Object.entries(other).filter(([, value]) => value !== undefined)),
  });
  return JSON.stringify({
    hostKind: change.hostKind ?? before.hostKind,
    authservId: change.authservId === undefined ? before.authservId : (change.authservId ?? undefined),
    senderPolicy: merge(before.senderPolicy, change.senderPolicy),
    proofPolicy: merge(before.proofPolicy, change.proofPolicy),
    documentPolicy: merge(before.documentPolicy, change.documentPolicy),
    replyPolicy: merge(before.replyPolicy, change.replyPolicy),
    language: change.language === undefined ? before.language : (change.language ?? undefined),
  });
}

export function proofRulesOf({ hostKind, authservId, proofPolicy }: MailboxPolicy): ProofRules {
  return {
    host: hostKind,
    authservId,
    acceptsCompauth: proofPolicy.compauth,
    acceptsInternal: proofPolicy.internal,
    arcSealers: proofPolicy.arcSealers,
  };
}
