/** What the routes of mailboxes take and give of their policy. */
import { z } from 'zod';
import { DOCUMENT_KINDS } from '../documents/rules.ts';
import { intakeLimits } from '../limits.ts';
import type { MailboxPolicy } from './policy.ts';

const domain = z
  .string()
  .trim()
  .toLowerCase()
  .max(253)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/, 'must be a domain');
const domains = z.array(domain).max(100);

const senderPolicy = z.strictObject({
  unknown: z.enum(['refuse', 'register', 'hold']),
  domains,
  group: z
    .string()
    .trim()
    .min(1)
    .max(intakeLimits.maxGroupChars)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line without control characters')
    .nullable(),
  machines: z.enum(['print', 'refuse']),
});
const proofPolicy = z.strictObject({
  unproven: z.enum(['accept', 'hold', 'refuse']),
  compauth: z.boolean(),
  internal: z.boolean(),
  arcSealers: domains,
});
const kinds = z.array(z.enum(DOCUMENT_KINDS)).max(DOCUMENT_KINDS.length);
const documentPolicy = z.strictObject({
  kinds,
  body: z.enum(['without-attachment', 'always', 'never']),
  maxDocuments: z.number().int().min(1).max(intakeLimits.maxDocuments),
  maxBytes: z.number().int().min(1024).max(intakeLimits.maxMessageBytes),
  maxPages: z.number().int().min(1).max(intakeLimits.maxPages),
});
const replyPolicy = z.strictObject({ printed: z.boolean(), held: z.boolean(), refused: z.boolean() });
const hostKind = z.enum(['exchange-online', 'other']);
const language = z.enum(['en', 'it']);

/** Each may be left out, and each field of each too. */
export const policyBody = {
  hostKind: hostKind.optional(),
  authservId: domain.nullable().optional(),
  senderPolicy: senderPolicy.partial().optional(),
  proofPolicy: proofPolicy.partial().optional(),
  documentPolicy: documentPolicy.partial().optional(),
  replyPolicy: replyPolicy.partial().optional(),
  language: language.nullable().optional(),
};

export const policyAnswer = {
  hostKind,
  authservId: z.string().nullable(),
  senderPolicy: senderPolicy.extend({ domains: z.array(z.string()) }),
  proofPolicy: proofPolicy.extend({ arcSealers: z.array(z.string()) }),
  documentPolicy,
  replyPolicy,
  language: language.nullable(),
};

export function showPolicy(policy: MailboxPolicy) {
  const { senderPolicy, proofPolicy, documentPolicy } = policy;
  return {
    ...policy,
    authservId: policy.authservId ?? null,
    senderPolicy: { ...senderPolicy, domains: [...senderPolicy.domains] },
    proofPolicy: { ...proofPolicy, arcSealers: [...proofPolicy.arcSealers] },
    documentPolicy: { ...documentPolicy, kinds: [...documentPolicy.kinds] },
    language: policy.language ?? null,
  };
}
