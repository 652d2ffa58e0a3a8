import { type Kysely, sql } from 'kysely';

/** The first schema: leases, journal, spool, users, connections, intake, jobs and printers. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `CREATE TABLE leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    fence bigint NOT NULL DEFAULT 1,
    expires_at timestamptz NOT NULL
  )`,

  `CREATE TABLE store_facts (id int PRIMARY KEY CHECK (id = 1), key_fingerprint text)`,
  `INSERT INTO store_facts (id) VALUES (1)`,

  `CREATE TABLE journal (
    tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    type text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    actor text,
    owner_id uuid,
    data jsonb NOT NULL,
    PRIMARY KEY (tx, id)
  )`,
  `CREATE INDEX journal_subject ON journal (subject_id, tx, id)`,
  `CREATE INDEX journal_type ON journal (type, tx, id)`,

  `CREATE TABLE spool_files (
    id uuid PRIMARY KEY,
    bytes bigint NOT NULL,
    sha256 bytea NOT NULL,
    media_type text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,

  `CREATE TABLE installation (
    id int PRIMARY KEY CHECK (id = 1),
    setup_token_digest bytea,
    completed_at timestamptz
  )`,
  `INSERT INTO installation (id) VALUES (1)`,
  `CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('administrator', 'operator', 'user')),
    language text NOT NULL CHECK (language IN ('en', 'it')),
    password_hash text,
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz
  )`,
  `CREATE TABLE user_addresses (
    address text PRIMARY KEY CHECK (address = lower(address)),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE
  )`,
  `CREATE INDEX user_addresses_user ON user_addresses (user_id)`,
  `CREATE TABLE sessions (
    digest bytea PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    remote_address text,
    user_agent text
  )`,
  `CREATE INDEX sessions_user ON sessions (user_id)`,
  `CREATE TABLE api_tokens (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('administrator', 'operator', 'user')),
    digest bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    used_at timestamptz
  )`,
  `CREATE TABLE login_attempts (bucket text NOT NULL, at timestamptz NOT NULL)`,
  `CREATE INDEX login_attempts_bucket ON login_attempts (bucket, at)`,
  `CREATE INDEX login_attempts_at ON login_attempts (at)`,

  `CREATE TABLE connections (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind = 'exchange-online'),
    title text NOT NULL,
    cloud text NOT NULL,
    client_id text NOT NULL,
    tenant_id text NOT NULL,
    tenant_guid text,
    endpoints jsonb,
    expected_account text,
    uses text[] NOT NULL,
    scopes text[] NOT NULL DEFAULT '{}',
    state text NOT NULL CHECK (state IN ('awaiting-confirmation', 'connected', 'degraded', 'needs-confirmation')),
    state_since timestamptz NOT NULL,
    problem jsonb,
    account_oid text,
    account_tid text,
    account_username text,
    account_name text,
    account_addresses text[] NOT NULL DEFAULT '{}',
    confirmed_at timestamptz,
    clock_skew_seconds int,
    checks jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE TABLE connection_logins (
    id uuid PRIMARY KEY,
    connection_id uuid NOT NULL REFERENCES connections ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('device-code', 'link')),
    state text NOT NULL
      CHECK (state IN ('pending', 'granted', 'declined', 'expired', 'wrong-account', 'refused', 'canceled')),
    user_code text NOT NULL,
    verification_uri text NOT NULL,
    sealed_device_code bytea,
    sealed_grant bytea,
    scopes text[] NOT NULL,
    interval_seconds int NOT NULL,
    next_poll_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    problem jsonb,
    created_at timestamptz NOT NULL
  )`,
  // Of one connection at most one login is open: a new code ends the old one first.
  `CREATE UNIQUE INDEX connection_logins_one_pending ON connection_logins (connection_id) WHERE state = 'pending'`,
  `CREATE INDEX connection_logins_connection ON connection_logins (connection_id, created_at)`,
  `CREATE TABLE connection_tokens (
    connection_id uuid PRIMARY KEY REFERENCES connections ON DELETE CASCADE,
    sealed_refresh_token bytea NOT NULL,
    sealed_previous_refresh_token bytea,
    sealed_access_token bytea NOT NULL,
    access_expires_at timestamptz NOT NULL,
    renewed_at timestamptz NOT NULL,
    renew_at timestamptz NOT NULL,
    failed_renewals int NOT NULL DEFAULT 0
  )`,
  `CREATE TABLE network_settings (
    id int PRIMARY KEY CHECK (id = 1),
    sender_email text,
    sender_name text,
    outgoing_connection_id uuid REFERENCES connections
  )`,
  `INSERT INTO network_settings (id) VALUES (1)`,
  `CREATE TABLE read_addresses (
    mailbox_id uuid NOT NULL,
    address text NOT NULL CHECK (address = lower(address)),
    PRIMARY KEY (mailbox_id, address)
  )`,

  `CREATE TABLE printers (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    uri text NOT NULL UNIQUE,
    state text NOT NULL CHECK (state IN ('idle', 'processing', 'stopped', 'unreachable', 'unknown')),
    reasons text[] NOT NULL DEFAULT '{}',
    message text,
    state_since timestamptz NOT NULL,
    seen_at timestamptz,
    capabilities jsonb,
    certificate_pin text,
    problem jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,

  `CREATE TABLE queues (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    mode text NOT NULL CHECK (mode IN ('hold', 'direct')),
    printer_ids uuid[] NOT NULL DEFAULT '{}',
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE UNIQUE INDEX queues_one_default ON queues (is_default) WHERE is_default`,

  `CREATE TABLE mailboxes (
    id uuid PRIMARY KEY,
    title text NOT NULL,
    protocol text NOT NULL CHECK (protocol IN ('imap', 'pop3')),
    connection_id uuid REFERENCES connections,
    server jsonb,
    sealed_password bytea,
    address text NOT NULL,
    folder text NOT NULL,
    poll_seconds int NOT NULL CHECK (poll_seconds > 0),
    after_intake text NOT NULL CHECK (after_intake IN ('move', 'delete', 'keep')),
    queue_id uuid NOT NULL REFERENCES queues,
    enabled boolean NOT NULL DEFAULT true,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'connected', 'failing')),
    state_since timestamptz NOT NULL,
    problem jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((connection_id IS NULL) <> (server IS NULL))
  )`,
  `CREATE TABLE incoming_messages (
    id uuid PRIMARY KEY,
    mailbox_id uuid NOT NULL REFERENCES mailboxes ON DELETE CASCADE,
    folder text NOT NULL,
    uidvalidity bigint NOT NULL,
    uid bigint NOT NULL,
    content_hash bytea,
    message_id text,
    subject text NOT NULL,
    sender text NOT NULL,
    sender_user_id uuid,
    sent_at timestamptz,
    received_at timestamptz NOT NULL,
    bytes bigint NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('done', 'refused', 'failed', 'ignored')),
    reason text,
    moved_at timestamptz,
    job_count int NOT NULL DEFAULT 0,
    UNIQUE (mailbox_id, folder, uidvalidity, uid)
  )`,
  `CREATE INDEX incoming_messages_unmoved ON incoming_messages (mailbox_id) WHERE moved_at IS NULL`,
  `CREATE INDEX incoming_messages_hash ON incoming_messages (mailbox_id, content_hash)`,
  `CREATE INDEX incoming_messages_received ON incoming_messages (received_at, id)`,
  `CREATE TABLE unreadable_messages (
    mailbox_id uuid NOT NULL REFERENCES mailboxes ON DELETE CASCADE,
    uidvalidity bigint NOT NULL,
    uid bigint NOT NULL,
    tries int NOT NULL,
    problem text NOT NULL,
    next_try_at timestamptz NOT NULL,
    PRIMARY KEY (mailbox_id, uidvalidity, uid)
  )`,

  `CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES users,
    owner_name text NOT NULL,
    queue_id uuid NOT NULL REFERENCES queues,
    printer_id uuid REFERENCES printers ON DELETE SET NULL,
    title text NOT NULL,
    state text NOT NULL CHECK (state IN
      ('pending', 'pending-held', 'processing', 'processing-stopped', 'canceled', 'aborted', 'completed')),
    reasons text[] NOT NULL DEFAULT '{}',
    problem jsonb,
    options jsonb NOT NULL,
    document_id uuid REFERENCES spool_files,
    document_format text NOT NULL,
    document_bytes bigint NOT NULL,
    pages int,
    message_id uuid REFERENCES incoming_messages ON DELETE SET NULL,
    cancel_asked_at timestamptz,
    due_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    processing_at timestamptz,
    ended_at timestamptz
  )`,
  `CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL`,
  `CREATE INDEX jobs_owner ON jobs (owner_id, id)`,
  `CREATE INDEX jobs_state ON jobs (state, id)`,
  `CREATE INDEX jobs_message ON jobs (message_id)`,
  `CREATE TABLE print_attempts (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    printer_id uuid NOT NULL,
    fence bigint NOT NULL,
    phase text NOT NULL CHECK (phase IN ('creating', 'created', 'sending', 'sent', 'ended', 'unknown')),
    printer_job_name text NOT NULL,
    printer_job_id int,
    outcome text,
    words text,
    started_at timestamptz NOT NULL,
    ended_at timestamptz
  )`,
  // A job is never at two printers, or twice at one, at the same time.
  `CREATE UNIQUE INDEX print_attempts_one_open ON print_attempts (job_id) WHERE ended_at IS NULL`,
  `CREATE INDEX print_attempts_job ON print_attempts (job_id, started_at)`,
];
