/** What the commands read of the server's answers. Only what they show; a newer server may send more. */
import { z } from 'zod';
import { keptProblem } from './problem.ts';

const instant = z.string().nullish();
const text = z.string().nullish();

export const checkReport = z.looseObject({
  tests: z.array(z.looseObject({ test: z.string(), outcome: z.string(), problem: keptProblem })),
});

export const connection = z.looseObject({
  id: z.string(),
  title: z.string(),
  cloud: z.string(),
  clientId: z.string(),
  tenantId: z.string(),
  expectedAccount: text,
  uses: z.array(z.string()),
  grantedUses: z.array(z.string()).default([]),
  state: z.string(),
  stateSince: instant,
  problem: keptProblem,
  account: z.looseObject({ username: z.string(), name: z.string(), objectId: text, tenantId: text }).nullish(),
  login: z.looseObject({ kind: z.string(), state: z.string(), expiresAt: z.string(), problem: keptProblem }).nullish(),
  checks: checkReport.nullish(),
  expiry: z.looseObject({ signedInAt: instant, renewedAt: instant, accessExpiresAt: instant }).nullish(),
  clockSkewSeconds: z.number().nullish(),
});
export type Connection = z.infer<typeof connection>;

export const deviceCode = z.looseObject({
  userCode: z.string(),
  verificationUri: z.string(),
  expiresAt: z.string(),
  intervalSeconds: z.number(),
});
export type DeviceCode = z.infer<typeof deviceCode>;

export const network = z.looseObject({
  senderEmail: text,
  senderName: text,
  outgoingServer: z.looseObject({ connectionId: text }).nullish(),
  problem: keptProblem,
});

export const mailbox = z.looseObject({
  id: z.string(),
  title: z.string(),
  protocol: z.string(),
  address: z.string(),
  connectionId: text,
  folder: text,
  pollSeconds: z.number().nullish(),
  afterIntake: text,
  queueId: text,
  enabled: z.boolean().nullish(),
  state: z.string(),
  stateSince: instant,
  problem: keptProblem,
});

export type Mailbox = z.infer<typeof mailbox>;

export const message = z.looseObject({
  id: z.string(),
  mailboxId: text,
  sender: text,
  subject: text,
  outcome: z.string(),
  reason: text,
  messageId: text,
  sentAt: instant,
  receivedAt: instant,
  movedAt: instant,
  bytes: z.number().nullish(),
  jobCount: z.number().nullish(),
});

export const queue = z.looseObject({
  id: z.string(),
  name: z.string(),
  mode: z.string(),
  printerIds: z.array(z.string()),
  isDefault: z.boolean(),
  createdAt: instant,
});
export type Queue = z.infer<typeof queue>;

export const printer = z.looseObject({
  id: z.string(),
  name: z.string(),
  uri: z.string(),
  state: z.string(),
  reasons: z.array(z.string()),
  message: text,
  stateSince: instant,
  seenAt: instant,
  certificate: text,
  problem: keptProblem,
  capabilities: z
    .looseObject({
      model: text,
      location: text,
      formats: z.array(z.string()).default([]),
      media: z.looseObject({ ready: z.array(z.string()).default([]), default: text }).nullish(),
      sides: z.array(z.string()).default([]),
      colorModes: z.array(z.string()).default([]),
      copies: z.looseObject({ min: z.number(), max: z.number() }).nullish(),
    })
    .nullish(),
});
export type Printer = z.infer<typeof printer>;

export const job = z.looseObject({
  id: z.string(),
  ownerId: text,
  ownerName: z.string(),
  queueId: text,
  printerId: text,
  title: z.string(),
  state: z.string(),
  reasons: z.array(z.string()),
  problem: keptProblem,
  options: z.record(z.string(), z.unknown()).default({}),
  documentFormat: text,
  documentBytes: z.number().nullish(),
  pages: z.number().nullish(),
  messageId: text,
  cancelAskedAt: instant,
  createdAt: instant,
  processingAt: instant,
  endedAt: instant,
});
export type Job = z.infer<typeof job>;

export const timelineEvent = z.looseObject({
  at: z.string(),
  type: z.string(),
  subjectKind: text,
  actor: text,
  data: z.record(z.string(), z.unknown()).default({}),
});
export type TimelineEvent = z.infer<typeof timelineEvent>;

export const user = z.looseObject({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: z.string(),
  language: z.string(),
  addresses: z.array(z.string()),
  hasPassword: z.boolean(),
  createdAt: instant,
  disabledAt: instant,
});
export type User = z.infer<typeof user>;

export const token = z.looseObject({
  id: z.string(),
  name: z.string(),
  role: z.string(),
  createdAt: instant,
  usedAt: instant,
});

export const newToken = z.looseObject({ id: z.string(), token: z.string() });

/** For answers of which nothing is read. */
export const anything = z.unknown();
