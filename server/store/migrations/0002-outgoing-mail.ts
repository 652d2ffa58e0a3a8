import { type Kysely, sql } from 'kysely';

/** Outgoing mail: the outbox, its pace, devices that relay, notices, and the classic outgoing server. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `ALTER TABLE network_settings
    ADD COLUMN outgoing_kind text CHECK (outgoing_kind IN ('connection', 'classic')),
    ADD COLUMN classic_server jsonb,
    ADD COLUMN sealed_password bytea`,
  `UPDATE network_settings SET outgoing_kind = 'connection' WHERE outgoing_connection_id IS NOT NULL`,
  `ALTER TABLE network_settings
    ADD CHECK ((outgoing_kind IS NOT DISTINCT FROM 'connection') = (outgoing_connection_id IS NOT NULL)),
    ADD CHECK ((outgoing_kind IS NOT DISTINCT FROM 'classic') = (classic_server IS NOT NULL))`,

  `CREATE TABLE devices (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    addresses text[] NOT NULL DEFAULT '{}',
    username text UNIQUE,
    password_hash text,
    allows_plain_auth boolean NOT NULL DEFAULT false,
    limits jsonb NOT NULL,
    allowed_domains text[] NOT NULL DEFAULT '{}',
    sender_map jsonb NOT NULL,
    normalises_bare_lf boolean NOT NULL DEFAULT false,
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE TABLE device_messages (
    device_id uuid NOT NULL REFERENCES devices ON DELETE CASCADE,
    message_id_header text NOT NULL,
    sha256 bytea NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (device_id, message_id_header, sha256)
  )`,
  `CREATE INDEX device_messages_at ON device_messages (at)`,
  `CREATE TABLE device_days (
    device_id uuid NOT NULL REFERENCES devices ON DELETE CASCADE,
    day text NOT NULL,
    messages int NOT NULL,
    PRIMARY KEY (device_id, day)
  )`,

  `CREATE TABLE outbox_messages (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('scan', 'notice', 'test')),
    priority smallint NOT NULL,
    device_id uuid,
    owner_id uuid,
    sender text NOT NULL,
    subject text NOT NULL,
    message_id_header text NOT NULL,
    body bytea,
    spool_id uuid REFERENCES spool_files,
    bytes bigint NOT NULL,
    sha256 bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'active', 'deferred', 'held', 'sent', 'failed', 'uncertain')),
    hold_reason text CHECK (hold_reason IN ('administrator', 'connection', 'mailbox', 'message')),
    problem jsonb,
    possibly_twice boolean NOT NULL DEFAULT false,
    attempts int NOT NULL DEFAULT 0,
    logon_failures int NOT NULL DEFAULT 0,
    recipients_at_once int,
    due_at timestamptz,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    ended_at timestamptz,
    remote_answer text,
    CHECK ((state = 'held') = (hold_reason IS NOT NULL)),
    CHECK (state = 'sent' OR (body IS NULL) <> (spool_id IS NULL))
  )`,
  `CREATE INDEX outbox_messages_due ON outbox_messages (priority, due_at, id) WHERE due_at IS NOT NULL`,
  `CREATE INDEX outbox_messages_state ON outbox_messages (state, id)`,
  `CREATE INDEX outbox_messages_spool ON outbox_messages (spool_id) WHERE spool_id IS NOT NULL`,
  `CREATE TABLE outbox_recipients (
    message_id uuid NOT NULL REFERENCES outbox_messages ON DELETE CASCADE,
    position int NOT NULL,
    address text NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'sent', 'failed', 'uncertain')),
    problem jsonb,
    PRIMARY KEY (message_id, position)
  )`,
  `CREATE TABLE outbox_attempts (
    id uuid PRIMARY KEY,
    message_id uuid NOT NULL REFERENCES outbox_messages ON DELETE CASCADE,
    lease_name text NOT NULL,
    fence bigint NOT NULL,
    phase text NOT NULL CHECK (phase IN ('sending', 'ended')),
    positions int[] NOT NULL,
    verdict text,
    code int,
    enhanced text,
    words text,
    started_at timestamptz NOT NULL,
    ended_at timestamptz
  )`,
  // A message is never in two sessions at the same time.
  `CREATE UNIQUE INDEX outbox_attempts_one_open ON outbox_attempts (message_id) WHERE ended_at IS NULL`,
  `CREATE INDEX outbox_attempts_started ON outbox_attempts (started_at)`,
  `CREATE INDEX outbox_attempts_message ON outbox_attempts (message_id, started_at)`,

  `CREATE TABLE pace_buckets (
    mailbox text PRIMARY KEY,
    tokens numeric NOT NULL,
    counted_at timestamptz NOT NULL,
    parked_until timestamptz,
    pauses int NOT NULL DEFAULT 0,
    is_held boolean NOT NULL DEFAULT false,
    problem jsonb
  )`,
  `CREATE TABLE pace_hours (
    mailbox text NOT NULL,
    hour timestamptz NOT NULL,
    recipients int NOT NULL,
    PRIMARY KEY (mailbox, hour)
  )`,

  `CREATE TABLE notice_settings (
    id int PRIMARY KEY CHECK (id = 1),
    rules jsonb NOT NULL,
    journal_cursor text,
    webhook_url text,
    sealed_webhook_secret bytea,
    alarm_server jsonb,
    sealed_alarm_password bytea
  )`,
  `INSERT INTO notice_settings (id, rules) VALUES (1, '{}')`,
  `CREATE TABLE notices_sent (
    subject_id text NOT NULL,
    event text NOT NULL,
    recipient text NOT NULL,
    is_reply boolean NOT NULL,
    outbox_message_id uuid,
    at timestamptz NOT NULL,
    PRIMARY KEY (subject_id, event, recipient)
  )`,
  `CREATE INDEX notices_sent_recipient ON notices_sent (recipient, at)`,
  `CREATE INDEX notices_sent_at ON notices_sent (at)`,
  `CREATE TABLE alarms (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('connection', 'outbox')),
    subject_id text NOT NULL,
    facts jsonb NOT NULL,
    raised_at timestamptz NOT NULL,
    solved_at timestamptz
  )`,
  // One alarm per incident: what lasts is not raised again.
  `CREATE UNIQUE INDEX alarms_one_open ON alarms (kind, subject_id) WHERE solved_at IS NULL`,
  `CREATE TABLE alarm_calls (
    id uuid PRIMARY KEY,
    alarm_id uuid NOT NULL REFERENCES alarms ON DELETE CASCADE,
    way text NOT NULL CHECK (way IN ('webhook', 'server')),
    phase text NOT NULL CHECK (phase IN ('raised', 'reminder', 'solved')),
    round int NOT NULL,
    state text NOT NULL CHECK (state IN ('due', 'delivered', 'given-up')),
    attempts int NOT NULL DEFAULT 0,
    problem jsonb,
    due_at timestamptz NOT NULL,
    ended_at timestamptz,
    UNIQUE (alarm_id, way, phase, round)
  )`,
  `CREATE INDEX alarm_calls_due ON alarm_calls (due_at) WHERE state = 'due'`,
];
