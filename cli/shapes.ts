/** What the commands read of the server's answers. Only what they show; a newer server may send more. */
import { z } from 'zod';
import { keptProblem } from './problem.ts';

const instant = z.string().nullish();
const text = z.string().nullish();

export const checkReport = z.looseObject({
  tests: z.array(
    z.looseObject({ test: z.string(), title: text, outcome: z.string(), becauseText: text, problem: keptProblem }),
  ),
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
  login: z
    .looseObject({
      kind: z.string(),
      state: z.string(),
      expiresAt: z.string(),
      problem: keptProblem,
      offersLink: z.boolean().nullish(),
    })
    .nullish(),
  checks: checkReport.nullish(),
  expiry: z
    .looseObject({
      signedInAt: instant,
      renewedAt: instant,
      accessExpiresAt: instant,
      at: instant,
      reasonText: z.string().nullish(),
      risks: z.array(z.looseObject({ text: z.string() })).nullish(),
    })
    .nullish(),
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

const classicServer = z.looseObject({
  host: z.string(),
  port: z.number(),
  security: z.string(),
  verifyCertificate: z.boolean(),
  username: text,
  hasPassword: z.boolean().default(false),
});
export type ClassicServer = z.infer<typeof classicServer>;

export const network = z.looseObject({
  senderEmail: text,
  senderName: text,
  outgoingServer: z.union([classicServer, z.looseObject({ connectionId: z.string() })]).nullish(),
  problem: keptProblem,
});
export type Network = z.infer<typeof network>;

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
  documentPolicy: z
    .looseObject({
      kinds: z.array(z.string()),
      body: z.string(),
      maxDocuments: z.number(),
      maxBytes: z.number(),
      maxPages: z.number().optional(),
    })
    .nullish(),
  server: z.looseObject({ host: z.string(), port: z.number(), security: z.string(), username: z.string() }).nullish(),
  senderPolicy: z
    .looseObject({ unknown: z.string(), domains: z.array(z.string()), group: text, machines: text })
    .optional(),
  proofPolicy: z.looseObject({ unproven: z.string() }).optional(),
  replyPolicy: z.record(z.string(), z.unknown()).optional(),
  language: text,
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
  wishes: z
    .looseObject({
      options: z.record(z.string(), z.unknown()),
      ignored: z.array(z.looseObject({ word: z.string(), reason: z.string() })),
    })
    .nullish(),
  documents: z
    .array(z.looseObject({ name: z.string(), outcome: z.string(), reasonText: text, advice: text, jobId: text }))
    .nullish(),
});

export const queue = z.looseObject({
  id: z.string(),
  name: z.string(),
  mode: z.string(),
  printerIds: z.array(z.string()),
  isDefault: z.boolean(),
  defaults: z.record(z.string(), z.unknown()).default({}),
  keepHeldHours: z.number().nullish(),
  keepDocumentsDays: z.number().nullish(),
  pauseReason: text,
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
  supplies: z
    .array(
      z.looseObject({
        name: z.string(),
        level: z.number().nullable(),
        measure: z.string(),
        isWaste: z.boolean(),
        isDue: z.boolean(),
      }),
    )
    .optional(),
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

export const discovery = z.looseObject({
  items: z.array(
    z.looseObject({ name: z.string(), makeModel: text, location: text, uri: z.string(), isAdded: z.boolean() }),
  ),
  networks: z.array(z.string()),
  isCut: z.boolean().default(false),
});

export const job = z.looseObject({
  id: z.string(),
  number: z.number().nullish(),
  ownerId: text,
  ownerName: z.string(),
  queueId: text,
  printerId: text,
  title: z.string(),
  state: z.string(),
  reasons: z.array(z.string()),
  problem: keptProblem,
  options: z.record(z.string(), z.unknown()).default({}),
  ignoredOptions: z.array(z.string()).default([]),
  heldUntil: instant,
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
  group: text,
  createdAt: instant,
  disabledAt: instant,
});
export type User = z.infer<typeof user>;

export const peopleInFile = z.looseObject({
  items: z.array(
    z.looseObject({
      line: z.number(),
      email: z.string(),
      name: z.string(),
      role: z.enum(['administrator', 'operator', 'user']),
      outcome: z.enum(['new', 'added', 'known', 'refused']),
      words: z.string().nullable(),
    }),
  ),
});

export const token = z.looseObject({
  id: z.string(),
  name: z.string(),
  role: z.string(),
  createdAt: instant,
  usedAt: instant,
});

export const newToken = z.looseObject({ id: z.string(), token: z.string() });

export const outgoing = z.looseObject({
  id: z.string(),
  kind: z.string(),
  sender: z.string(),
  subject: text,
  messageIdHeader: text,
  bytes: z.number().nullish(),
  state: z.string(),
  holdReason: text,
  problem: keptProblem,
  possiblyTwice: z.boolean().default(false),
  attempts: z.number().nullish(),
  dueAt: instant,
  createdAt: instant,
  sentAt: instant,
  endedAt: instant,
  remoteAnswer: text,
  recipients: z.array(z.looseObject({ address: z.string(), state: z.string(), problem: keptProblem })).default([]),
});
export type Outgoing = z.infer<typeof outgoing>;

export const attempt = z.looseObject({
  verdict: text,
  code: z.number().nullish(),
  enhanced: text,
  words: text,
  startedAt: instant,
  endedAt: instant,
});
export type Attempt = z.infer<typeof attempt>;

export const outboxSummary = z.looseObject({
  states: z.record(z.string(), z.number()),
  oldestWaitingSeconds: z.number(),
  headroom: z
    .looseObject({
      mailbox: z.string(),
      messagesNow: z.number().nullish(),
      messagesPerMinute: z.number().nullish(),
      recipientsLeftToday: z.number().nullish(),
      pausedForSeconds: z.number().nullish(),
      problem: keptProblem,
      outside: z.looseObject({ nextAt: z.string(), problem: keptProblem }).nullish(),
    })
    .nullish(),
});

export const device = z.looseObject({
  id: z.string(),
  name: z.string(),
  addresses: z.array(z.string()),
  username: text,
  allowsPlainAuth: z.boolean(),
  limits: z.record(z.string(), z.number()).default({}),
  messagesToday: z.number().nullish(),
  recipientsToday: z.number().nullish(),
  allowedDomains: z.array(z.string()),
  senderMap: z.looseObject({ sender: text, displayName: text, ownAddress: z.string() }),
  normalisesBareLf: z.boolean(),
  enabled: z.boolean(),
  createdAt: instant,
  /** Only in the answer to the request that made it. */
  password: text,
});
export type Device = z.infer<typeof device>;

export const relay = z.looseObject({ address: z.looseObject({ host: z.string(), port: z.number() }).nullish() });

const noticeRule = z.looseObject({
  enabled: z.boolean(),
  owner: z.boolean(),
  operators: z.boolean(),
  administrators: z.boolean(),
  addresses: z.array(z.string()),
  /** None where the event is told by mail alone. */
  ways: z.array(z.string()).nullish(),
  lastSentAt: instant,
});
export type NoticeRule = z.infer<typeof noticeRule>;

export const notices = z.looseObject({
  rules: z.record(z.string(), noticeRule),
  limits: z.looseObject({
    repliesPerPersonAndDay: z.number(),
    noticesPerPersonAndDay: z.number(),
    perHour: z.number(),
  }),
});
export type Notices = z.infer<typeof notices>;

/** For answers of which nothing is read. */
export const anything = z.unknown();
