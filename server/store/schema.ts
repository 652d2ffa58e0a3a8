/**
 * Every table on one page. A table is named in queries only by the folder that owns it (`test/rules/tables.test.ts`).
 * Instants are `timestamptz`; addresses are kept in lower case; sealed values open only with the master key.
 */
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

type Json<T> = ColumnType<T, string, string>;
type Instant = ColumnType<Date, Date, Date>;
type InstantOrNone = ColumnType<Date | null, Date | null | undefined, Date | null>;
type JsonWithDefault<T> = ColumnType<T, string | undefined, string>;
type WithDefault<T> = ColumnType<T, T | undefined, T>;

/** A failure as it is kept and shown: the code for the advice, the other side's words, facts for its support. */
export type Problem = {
  readonly code: string;
  readonly detail: string;
  readonly remote?: string;
  readonly facts?: Readonly<Record<string, string | number>>;
  readonly values?: Readonly<Record<string, string | number>>;
  readonly at: string;
};

// ── store ───────────────────────────────────────────────────────────────────────────────────────────────────────
type Leases = {
  name: string;
  holder: string;
  /** Grows by one with each new holder; checked in every update that the holder makes. */
  fence: WithDefault<number>;
  expires_at: Instant;
};

/** One row, number 1: facts about this installation that every node must agree on. */
type StoreFacts = { id: number; key_fingerprint: string | null };

// ── journal ─────────────────────────────────────────────────────────────────────────────────────────────────────
type Journal = {
  /** Transaction id of the writer: readers stop before the oldest transaction that still runs, so nothing is missed. */
  tx: GeneratedAlways<string>;
  id: GeneratedAlways<number>;
  at: Generated<Date>;
  type: string;
  subject_kind: string;
  subject_id: string;
  actor: string | null;
  /** Who may see it besides operators: the owner of the job, for example. */
  owner_id: string | null;
  data: Json<Record<string, unknown>>;
};
/** A view of what can stand in the journal and has a name, as it is called now; what is gone is not in it. */
type NamedThings = { kind: string; id: string; name: string };

// ── spool ───────────────────────────────────────────────────────────────────────────────────────────────────────
type SpoolFiles = {
  id: string;
  bytes: number;
  sha256: Buffer;
  media_type: string;
  created_at: Generated<Date>;
};

// ── users ───────────────────────────────────────────────────────────────────────────────────────────────────────
export type Role = 'administrator' | 'operator' | 'user';
export type Language = 'en' | 'it';
/** How a person came here: added by somebody, registered by a message, or from a file. */
export type Origin = 'administrator' | 'mail' | 'file';
export type Appearance = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';

type Installation = {
  /** Always 1: the table holds one row, inserted by the migration. */
  id: number;
  setup_token_digest: Buffer | null;
  completed_at: InstantOrNone;
  /** Of the company, as its administrator gave it; in lower case. */
  mail_domain: string | null;
};
type Users = {
  id: string;
  email: string;
  name: string;
  role: Role;
  language: Language;
  password_hash: string | null;
  created_at: Generated<Date>;
  disabled_at: InstantOrNone;
  appearance: Generated<Appearance>;
  density: Generated<Density>;
  /** In which language the person sees Microsoft's own pages; none: the same as Platen. */
  portal_language: Language | null;
  origin: Generated<Origin>;
  /** Where the person belongs to, such as a school. */
  group_name: string | null;
  removed_at: InstantOrNone;
  /** Since when no job names a person who was removed. */
  forgotten_at: InstantOrNone;
};
type UserAddresses = { address: string; user_id: string };
type Sessions = {
  digest: Buffer;
  id: string;
  user_id: string;
  created_at: Instant;
  seen_at: Instant;
  expires_at: Instant;
  remote_address: string | null;
  user_agent: string | null;
};
type ApiTokens = {
  id: string;
  name: string;
  role: Role;
  digest: Buffer;
  created_at: Instant;
  used_at: InstantOrNone;
};
type LoginAttempts = { bucket: string; at: Instant };
/** What a link in a message may do, each once; the closed list. */
export type LinkPurpose = 'confirm-sender' | 'print-job' | 'cancel-job';
type Links = {
  id: string;
  /** Of the token; the token itself is kept nowhere. */
  digest: Buffer;
  purpose: LinkPurpose;
  /** The jobs, or the message, that it is about. */
  subject_ids: string[];
  /** On whose behalf it acts; none when it was sent to somebody who is no user yet. */
  user_id: string | null;
  created_at: Instant;
  expires_at: Instant;
  used_at: InstantOrNone;
};

// ── connections ─────────────────────────────────────────────────────────────────────────────────────────────────
export type ConnectionState = 'awaiting-confirmation' | 'connected' | 'degraded' | 'needs-confirmation';
export type LoginState = 'pending' | 'granted' | 'declined' | 'expired' | 'wrong-account' | 'refused' | 'canceled';
export type Use = 'imap' | 'pop3' | 'smtp';

type Connections = {
  id: string;
  kind: 'exchange-online';
  title: string;
  cloud: string;
  client_id: string;
  tenant_id: string;
  /** The GUID that `tenant_id` stands for, once Microsoft has told it. */
  tenant_guid: string | null;
  /** Where this tenant is asked for codes and tokens, as its discovery document told. */
  endpoints: Json<{ issuer: string; deviceAuthorizationEndpoint: string; tokenEndpoint: string }> | null;
  expected_account: string | null;
  uses: Use[];
  /** The scopes that were granted; a renewal never asks for more (exchange-online: AADSTS65001). */
  scopes: WithDefault<string[]>;
  state: ConnectionState;
  state_since: Instant;
  problem: Json<Problem> | null;
  account_oid: string | null;
  account_tid: string | null;
  account_username: string | null;
  account_name: string | null;
  /** Every address of the account that Microsoft has told: user name, mail and, where it may be read, aliases. */
  account_addresses: WithDefault<string[]>;
  confirmed_at: InstantOrNone;
  clock_skew_seconds: number | null;
  checks: Json<unknown> | null;
  created_at: Generated<Date>;
};
type ConnectionLogins = {
  id: string;
  connection_id: string;
  kind: 'device-code' | 'link';
  state: LoginState;
  /** Of a login by code; a login by link has none of these three. */
  user_code: WithDefault<string | null>;
  verification_uri: WithDefault<string | null>;
  sealed_device_code: WithDefault<Buffer | null>;
  /** Of a login by link: its state, verifier and redirect address, while it is pending. */
  sealed_link: WithDefault<Buffer | null>;
  /** What Microsoft granted, until it is decided whether the right account confirmed; then it is gone. */
  sealed_grant: Buffer | null;
  scopes: string[];
  interval_seconds: number;
  next_poll_at: Instant;
  expires_at: Instant;
  problem: Json<Problem> | null;
  created_at: Instant;
  ended_at: WithDefault<Date | null>;
  /** Who ended it: a user or a token; none when it ended by itself. */
  ended_by: WithDefault<string | null>;
};
/** How a hand-over ended; one whose time is over has no end of its own. */
export type HandOverEnd = 'confirmed' | 'withdrawn' | 'unexpected';
/** A link for the owner of a mailbox, good for the sign-in of one connection; at most one of each has no end. */
type HandOvers = {
  id: string;
  connection_id: string;
  /** Of the token; the token itself is kept nowhere. */
  digest: Buffer;
  recipient: string | null;
  language: Language;
  /** The administrator who made it; none when it was a program, or somebody who is gone. */
  asked_by: string | null;
  /** The sign-in that was begun through it last. */
  login_id: WithDefault<string | null>;
  /** Codes and links that were asked of Microsoft since then. */
  codes: WithDefault<number>;
  codes_since: Instant;
  created_at: Instant;
  expires_at: Instant;
  opened_at: InstantOrNone;
  ended_at: InstantOrNone;
  ended_as: WithDefault<HandOverEnd | null>;
};
type ConnectionTokens = {
  connection_id: string;
  sealed_refresh_token: Buffer;
  /** Still valid at Microsoft after a rotation; kept until the new one has been used. */
  sealed_previous_refresh_token: Buffer | null;
  sealed_access_token: Buffer;
  access_expires_at: Instant;
  renewed_at: Instant;
  renew_at: Instant;
  failed_renewals: WithDefault<number>;
};
/** What Microsoft has permitted, one row per confirmation; the one in use has no end. */
type ConnectionPermissions = {
  id: string;
  connection_id: string;
  account_tid: string;
  account_oid: string;
  method: 'device-code' | 'link';
  signed_in_at: Instant;
  ended_at: InstantOrNone;
  /** The number with which Microsoft refused to renew it. */
  end_aadsts: WithDefault<number | null>;
  /** The last step, in days before the expected end, that was told. */
  told_days: WithDefault<number | null>;
};
/** When each use of a connection worked last. */
type ConnectionUses = { connection_id: string; use: Use; used_at: Instant };
type NetworkSettings = {
  /** Always 1. */
  id: number;
  sender_email: string | null;
  sender_name: string | null;
  outgoing_kind: 'connection' | 'classic' | null;
  outgoing_connection_id: string | null;
  classic_server: Json<ClassicServer> | null;
  /** Of the classic server, where it wants one. */
  sealed_password: Buffer | null;
};
/** A submission server that is not reached through a connection; its password is sealed beside it. */
export type ClassicServer = {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
  readonly verifyCertificate: boolean;
  readonly username: string | null;
};
/** Addresses that Platen reads, so that a scan is not sent back into its own intake. */
type ReadAddresses = { mailbox_id: string; address: string };

// ── intake ──────────────────────────────────────────────────────────────────────────────────────────────────────
type Mailboxes = {
  id: string;
  title: string;
  protocol: 'imap' | 'pop3';
  connection_id: string | null;
  /** A classic server: `{host, port, security, username}`; its password is sealed beside it. */
  server: Json<{ host: string; port: number; security: 'tls' | 'starttls' | 'none'; username: string }> | null;
  sealed_password: Buffer | null;
  address: string;
  folder: string;
  poll_seconds: number;
  after_intake: 'move' | 'delete' | 'keep';
  queue_id: string;
  enabled: WithDefault<boolean>;
  /** Who may print and what is believed, as far as it differs from the defaults. */
  policy: JsonWithDefault<Record<string, unknown>>;
  state: WithDefault<'waiting' | 'connected' | 'failing'>;
  state_since: Instant;
  /** When it was seen to the end last. */
  looked_at: InstantOrNone;
  problem: Json<Problem> | null;
  created_at: Generated<Date>;
};
/** `held`: its sender has to confirm first. */
export type MessageOutcome = 'done' | 'refused' | 'failed' | 'ignored' | 'held';
type IncomingMessages = {
  id: string;
  mailbox_id: string;
  folder: string;
  uidvalidity: number;
  uid: number;
  /** The server or connection, and the mailbox there, for which the numbers hold. */
  place: string;
  /** sha256 over the decoded documents and the body, with Message-ID and Date: a second net against doubles. */
  content_hash: Buffer | null;
  message_id: string | null;
  subject: string;
  sender: string;
  sender_user_id: string | null;
  sent_at: InstantOrNone;
  received_at: Instant;
  bytes: number;
  outcome: MessageOutcome;
  reason: string | null;
  /** When it was moved on the server; none while that is still to be done. */
  moved_at: InstantOrNone;
  job_count: WithDefault<number>;
  /** What the header proves of its sender: verdict, reason and, sometimes, a hint. */
  proof: Json<{ verdict: string; reason: string; hint?: string }> | null;
  /** Whether anybody may be written to because of it: not by a machine, and from whom it says it is. */
  may_reply: WithDefault<boolean>;
  /** While its sender is not told yet what became of it: when that is done at the latest. */
  finish_by: InstantOrNone;
  /** Options that its sender asked for, and words of it that were not understood; none when nothing was asked. */
  wishes: Json<{
    options: Record<string, unknown>;
    ignored: readonly { readonly word: string; readonly reason: string }[];
  }> | null;
};
/** The documents of a message in their order, each with what became of it. */
type IncomingDocuments = {
  message_id: string;
  position: number;
  /** For display only. */
  name: string;
  format: string;
  bytes: number;
  /** `left-out`: it is no document, such as the picture of a signature. */
  outcome: WithDefault<'accepted' | 'refused' | 'left-out'>;
  /** The job that it became, or … */
  job_id: string | null;
  /** … why it became none. */
  reason: string | null;
  /** Its bytes, while it waits for the confirmation of somebody who is no user yet. */
  spool_id: string | null;
};
/** Which number stands for a message of POP3: its UIDL, or a digest of its header where the server has none. */
type Pop3Numbers = {
  mailbox_id: string;
  place: string;
  uidl: string;
  uid: GeneratedAlways<number>;
  /** The sha256 of what was read, where the server has no UIDL. */
  content: Buffer | null;
};
/** Messages that could not be read: counted, so that the third failure settles them. */
type UnreadableMessages = {
  mailbox_id: string;
  place: string;
  folder: string;
  uidvalidity: number;
  uid: number;
  tries: number;
  problem: string;
  next_try_at: Instant;
};

// ── jobs ────────────────────────────────────────────────────────────────────────────────────────────────────────
export type JobState =
  | 'pending'
  | 'pending-held'
  | 'processing'
  | 'processing-stopped'
  | 'canceled'
  | 'aborted'
  | 'completed';
/** `none`: printed as it is. `printable`: can be printed, and its looks are still missing. */
export type Preparation = 'none' | 'due' | 'printable' | 'done' | 'failed';
export type PrepareLane = 'quick' | 'slow' | 'look';
/** The key under which a document was uploaded, so that sending it again is no second job. */
type JobUploads = { owner_id: string; key: string; job_id: string; sha256: Buffer };
type JobPreviews = { job_id: string; page: number; file_id: string };
type Queues = {
  id: string;
  name: string;
  mode: 'hold' | 'direct';
  printer_ids: WithDefault<string[]>;
  is_default: WithDefault<boolean>;
  /** Options of jobs for which nobody has asked for another one. */
  defaults: ColumnType<Record<string, unknown>, string | undefined, string>;
  keep_held_hours: WithDefault<number>;
  /** After a job has ended; 0 removes its document at once. */
  keep_documents_days: WithDefault<number>;
  /** While it is set no job of the queue starts. */
  pause_reason: string | null;
  created_at: Generated<Date>;
};
type Jobs = {
  id: string;
  /** What people call it by. */
  number: Generated<number>;
  owner_id: string;
  owner_name: string; // job-originating-user-name
  queue_id: string;
  printer_id: string | null;
  title: string; // job-name
  /** Small letters: title, owner, and of its message sender, subject and Message-ID. */
  search: WithDefault<string>;
  state: JobState; // job-state
  reasons: WithDefault<string[]>; // job-state-reasons
  problem: Json<Problem> | null;
  options: Json<Record<string, unknown>>; // job template attributes
  /** Attributes that were asked for and that the printer could not do. */
  ignored_options: WithDefault<string[]>;
  /** What is printed: the document as it came until it is prepared; none once it was removed. */
  document_id: string | null;
  document_format: string; // document-format
  document_bytes: number;
  /** The document as it came. */
  original_id: string | null;
  original_format: string | null;
  preparation: WithDefault<Preparation>;
  /** Which workers prepare it; `look` when only its looks are missing. */
  prepare_lane: PrepareLane | null;
  /** When it may be claimed for preparing, by the database's clock; none when nothing is to be done. */
  prepare_due_at: InstantOrNone;
  /** Grows with each claim; checked in the update that ends a claim. */
  prepare_fence: WithDefault<number>;
  /** Claims that did not end, with the one that runs. */
  prepare_tries: WithDefault<number>;
  /** How many documents of its owner were waiting when it came. */
  prepare_turn: WithDefault<number>;
  pages: number | null; // job-impressions
  /** As far as its printer has told; all copies are counted. */
  pages_printed: number | null; // job-impressions-completed
  /** Only while they are drawn for a printer that takes no PDF. */
  pages_drawn: number | null;
  is_color: boolean | null;
  media: string | null; // media of the document's first page
  message_id: string | null;
  /** Of the mailbox that it came by. */
  max_pages: number | null;
  cancel_asked_at: InstantOrNone;
  /** A held job is given up then; none when it is not held. */
  held_until: InstantOrNone;
  /** What is kept of the PIN that releases it (signed with the master key); none when it is not held. */
  release_pin: string | null;
  /** When the worker should look again; none when nothing is due. */
  due_at: InstantOrNone;
  created_at: Generated<Date>; // time-at-creation
  processing_at: InstantOrNone; // time-at-processing
  ended_at: InstantOrNone; // time-at-completed
};
/** What was about to be done at the printer is written before it is done. */
export type AttemptPhase = 'creating' | 'created' | 'sending' | 'sent' | 'ended' | 'unknown';
type PrintAttempts = {
  id: string;
  job_id: string;
  printer_id: string;
  fence: number;
  phase: AttemptPhase;
  printer_job_name: string;
  printer_job_id: number | null;
  /** For a document whose pages are jobs of their own at the printer: the one that it is at, and how many there are. */
  part: WithDefault<number>;
  parts: WithDefault<number>;
  outcome: string | null;
  words: string | null;
  started_at: Instant;
  ended_at: InstantOrNone;
};

// ── printers ────────────────────────────────────────────────────────────────────────────────────────────────────
export type PrinterState = 'idle' | 'processing' | 'stopped' | 'unreachable' | 'unknown';
type Printers = {
  id: string;
  name: string;
  uri: string;
  state: PrinterState; // printer-state, and two of ours for when it does not answer
  reasons: WithDefault<string[]>; // printer-state-reasons
  message: string | null; // printer-state-message
  state_since: Instant;
  seen_at: InstantOrNone;
  capabilities: Json<unknown> | null;
  supplies: JsonWithDefault<unknown>;
  /** On an ipps address: `authorities` where a known one signed the certificate, else the sha256 of the first one seen. */
  certificate_pin: string | null;
  problem: Json<Problem> | null;
  created_at: Generated<Date>;
};

// ── outbox ──────────────────────────────────────────────────────────────────────────────────────────────────────
export type MessageKind = 'scan' | 'notice' | 'test';
export type OutboxState = 'queued' | 'active' | 'deferred' | 'held' | 'sent' | 'failed' | 'uncertain';
export type RecipientState = 'queued' | 'sent' | 'failed' | 'uncertain';
/** Who or what a held message waits for. */
export type HoldReason = 'administrator' | 'connection' | 'mailbox' | 'message';

type OutboxMessages = {
  id: string;
  kind: MessageKind;
  /** Smaller leaves first: an administrator's test, then scans, then notices. */
  priority: number;
  device_id: string | null;
  owner_id: string | null;
  /** MAIL FROM of the envelope; empty for the null reverse-path. */
  sender: string;
  subject: string;
  message_id_header: string;
  /** The message up to 64 KB, else it is in the spool; neither once it is sent. */
  body: Buffer | null;
  spool_id: string | null;
  bytes: number;
  sha256: Buffer;
  state: OutboxState;
  hold_reason: HoldReason | null;
  problem: Json<Problem> | null;
  /** A try was cut off after the final dot: when the copy is accepted, the first one may have been too. */
  possibly_twice: WithDefault<boolean>;
  attempts: WithDefault<number>;
  /** How often the server took the sign-in and then refused the mailbox (430 4.2.0). */
  logon_failures: WithDefault<number>;
  /** What the server takes in one transaction, once it has refused more. */
  recipients_at_once: number | null;
  /** When the worker should look again; none when nothing is due. */
  due_at: InstantOrNone;
  expires_at: Instant;
  created_at: Instant;
  sent_at: InstantOrNone;
  ended_at: InstantOrNone;
  /** The last words of the server about this message. */
  remote_answer: string | null;
};
type OutboxRecipients = {
  message_id: string;
  position: number;
  address: string;
  state: RecipientState;
  problem: Json<Problem> | null;
};
/** Written before the message is sent; open until its verdict is written. */
type OutboxAttempts = {
  id: string;
  message_id: string;
  lease_name: string;
  fence: number;
  phase: 'sending' | 'ended';
  /** Which recipients this try is for. */
  positions: number[];
  verdict: string | null;
  code: number | null;
  enhanced: string | null;
  words: string | null;
  /** None for a try of a Platen that did not keep it. */
  session: Json<SendingSession> | null;
  started_at: Instant;
  ended_at: InstantOrNone;
};
/** The session that a message was tried over. */
export type SendingSession = {
  readonly host: string;
  /** As `TLS 1.3`; none where the connection is not encrypted. */
  readonly tls?: string;
  readonly isSignedIn: boolean;
};
/** What may be sent through a mailbox now, shared by all nodes and counted by the database's clock. */
type PaceBuckets = {
  /** The user name of the mailbox, or `server:<host>:<port>`. */
  mailbox: string;
  tokens: ColumnType<string, number, number>;
  counted_at: Instant;
  parked_until: InstantOrNone;
  /** Pauses in a row: each one is longer. */
  pauses: WithDefault<number>;
  /** Parked for a reason that only a person cures; the end of the pause is when one message tries again. */
  is_held: WithDefault<boolean>;
  problem: Json<Problem> | null;
  /** Set while mail to recipients outside waits for the limit of the tenant: when one message tries again. */
  outside_until: InstantOrNone;
  outside_problem: Json<Problem> | null;
};
/** Recipients per mailbox and hour, for the limit of 24 hours. */
type PaceHours = { mailbox: string; hour: Instant; recipients: number };

// ── relay ───────────────────────────────────────────────────────────────────────────────────────────────────────
type Devices = {
  id: string;
  name: string;
  /** Addresses and ranges (CIDR) under which it is known. */
  addresses: WithDefault<string[]>;
  username: string | null;
  password_hash: string | null;
  allows_plain_auth: WithDefault<boolean>;
  limits: Json<Record<string, unknown>>;
  allowed_domains: WithDefault<string[]>;
  sender_map: Json<Record<string, unknown>>;
  normalises_bare_lf: WithDefault<boolean>;
  enabled: WithDefault<boolean>;
  created_at: Generated<Date>;
};
/** Message-IDs that a device has used, so that one that comes again with other content is told apart. */
type DeviceMessages = { device_id: string; message_id_header: string; sha256: Buffer; at: Instant };
/** Messages per device and day (UTC), for its daily limit. */
type DeviceDays = {
  device_id: string;
  day: string;
  messages: number;
  recipients: Generated<number>;
  last_at: Date | null;
};
/** What a device may still send this minute, shared by all nodes and counted by the database's clock. */
type DeviceRates = {
  device_id: string;
  tokens: number;
  /** How many of them the last node that asked was given. */
  given: number;
  counted_at: Instant;
};
/** What goes wrong between devices and the relay. */
type DeviceFaults = {
  id: string;
  /** The device, or the address of one that is not known. */
  subject: string;
  device_id: string | null;
  /** From where it was tried last. */
  address: string;
  reason: string;
  /** What the device said. */
  words: string;
  repairs: string[];
  first_at: Instant;
  last_at: Instant;
  count: number;
  is_dismissed: WithDefault<boolean>;
};

// ── notices ─────────────────────────────────────────────────────────────────────────────────────────────────────
type NoticeSettings = {
  /** Always 1. */
  id: number;
  rules: Json<Record<string, unknown>>;
  /** How far the journal has been read. */
  journal_cursor: string | null;
  webhook_url: string | null;
  sealed_webhook_secret: Buffer | null;
  alarm_server: Json<AlarmServer> | null;
  sealed_alarm_password: Buffer | null;
  /** When an alarm or a test last arrived over each way as it is set up now. */
  ways_proved: JsonWithDefault<{ readonly webhook?: string; readonly server?: string }>;
};
/** Used for alarms alone. */
export type AlarmServer = ClassicServer & { readonly sender: string; readonly recipients: readonly string[] };
/** At most one notice per subject, event and recipient. */
type NoticesSent = {
  subject_id: string;
  event: string;
  recipient: string;
  /** An answer to whoever sent the message, as against a notice to whoever looks after Platen. */
  is_reply: boolean;
  /** None where a limit kept it from being written. */
  outbox_message_id: string | null;
  at: Instant;
};
/** What an alarm tells, as it was when it was raised. */
export type AlarmFacts = {
  readonly title?: string;
  readonly account?: string;
  readonly uses?: readonly string[];
  readonly held?: number;
  readonly problem?: Problem;
  /** When a permission is expected to end. */
  readonly endsAt?: string;
  /** Of a notice: its event, the page where the cure begins, and its words as they were then. */
  readonly event?: string;
  readonly path?: string;
  readonly words?: Readonly<Record<Language, { readonly subject: string; readonly text: string }>>;
};
/** Something that mail cannot tell of, because mail is what fails; open until it is solved. */
type Alarms = {
  id: string;
  kind: 'connection' | 'outbox' | 'expiry' | 'notice';
  subject_id: string;
  facts: Json<AlarmFacts>;
  raised_at: Instant;
  solved_at: InstantOrNone;
};
/** One telling of an alarm over one way. */
type AlarmCalls = {
  id: string;
  alarm_id: string;
  way: 'webhook' | 'server';
  phase: 'raised' | 'reminder' | 'solved';
  /** Which reminder it is; 0 for the others. */
  round: number;
  state: 'due' | 'delivered' | 'given-up';
  attempts: WithDefault<number>;
  problem: Json<Problem> | null;
  due_at: Instant;
  ended_at: InstantOrNone;
};

export type Schema = {
  leases: Leases;
  store_facts: StoreFacts;
  journal: Journal;
  named_things: NamedThings;
  spool_files: SpoolFiles;
  installation: Installation;
  users: Users;
  user_addresses: UserAddresses;
  sessions: Sessions;
  api_tokens: ApiTokens;
  login_attempts: LoginAttempts;
  links: Links;
  connections: Connections;
  connection_logins: ConnectionLogins;
  hand_overs: HandOvers;
  connection_tokens: ConnectionTokens;
  connection_permissions: ConnectionPermissions;
  connection_uses: ConnectionUses;
  network_settings: NetworkSettings;
  read_addresses: ReadAddresses;
  mailboxes: Mailboxes;
  incoming_messages: IncomingMessages;
  incoming_documents: IncomingDocuments;
  pop3_numbers: Pop3Numbers;
  unreadable_messages: UnreadableMessages;
  queues: Queues;
  jobs: Jobs;
  job_previews: JobPreviews;
  job_uploads: JobUploads;
  print_attempts: PrintAttempts;
  printers: Printers;
  outbox_messages: OutboxMessages;
  outbox_recipients: OutboxRecipients;
  outbox_attempts: OutboxAttempts;
  pace_buckets: PaceBuckets;
  pace_hours: PaceHours;
  devices: Devices;
  device_messages: DeviceMessages;
  device_days: DeviceDays;
  device_rates: DeviceRates;
  device_faults: DeviceFaults;
  notice_settings: NoticeSettings;
  notices_sent: NoticesSent;
  alarms: Alarms;
  alarm_calls: AlarmCalls;
};

/** Who may name which table in a query. */
export const TABLE_OWNERS: Readonly<Record<keyof Schema, string>> = {
  leases: 'store',
  store_facts: 'store',
  journal: 'journal',
  named_things: 'journal',
  spool_files: 'spool',
  installation: 'users',
  users: 'users',
  user_addresses: 'users',
  sessions: 'users',
  api_tokens: 'users',
  login_attempts: 'users',
  links: 'users',
  connections: 'connections',
  connection_logins: 'connections',
  hand_overs: 'connections',
  connection_tokens: 'connections',
  connection_permissions: 'connections',
  connection_uses: 'connections',
  network_settings: 'connections',
  read_addresses: 'connections',
  mailboxes: 'intake',
  incoming_messages: 'intake',
  incoming_documents: 'intake',
  pop3_numbers: 'intake',
  unreadable_messages: 'intake',
  queues: 'jobs',
  jobs: 'jobs',
  job_previews: 'jobs',
  job_uploads: 'jobs',
  print_attempts: 'jobs',
  printers: 'printers',
  outbox_messages: 'outbox',
  outbox_recipients: 'outbox',
  outbox_attempts: 'outbox',
  pace_buckets: 'outbox',
  pace_hours: 'outbox',
  devices: 'relay',
  device_messages: 'relay',
  device_days: 'relay',
  device_rates: 'relay',
  device_faults: 'relay',
  notice_settings: 'notices',
  notices_sent: 'notices',
  alarms: 'notices',
  alarm_calls: 'notices',
};
