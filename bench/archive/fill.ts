/**
 * Fills a database with the jobs of years, each with its message, its document and its journal, so that lists, search
 * and timelines are asked of as much as a large company keeps. Rows are made by the database itself, with the words,
 * names and numbers that people write; they all ended long ago but for a few that wait.
 */
import pg from 'pg';

/** How a large company prints by mail: this many write, to this many queues and printers. */
const PEOPLE = 500;
const QUEUES = 12;
const PRINTERS = 40;
/** Of ten jobs this many are the first of their message. */
const MESSAGES_PER_TEN_JOBS = 8;
const DAYS = 730;

export type Archive = { readonly jobs: number; readonly messages: number; readonly events: number };

/** Adds the rows, then gathers what the planner wants to know. A server may go on working on the database meanwhile. */
export async function fillArchive(options: pg.ClientConfig, jobs: number): Promise<Archive> {
  const client = new pg.Client(options);
  await client.connect();
  try {
    // References are right by how the rows are made; to check each would take longer than to write it.
    await client.query('SET session_replication_role = replica');
    await client.query(`SET maintenance_work_mem = '512MB'`);
    const indexes = await setIndexesAside(client);
    for (const statement of statementsFor(jobs)) await client.query(statement);
    for (const definition of indexes) await client.query(definition);
    await client.query('VACUUM (ANALYZE) journal, jobs, incoming_messages, incoming_documents, users');
    const count = async (table: string) =>
      Number((await client.query<{ count: string }>(`SELECT count(*) FROM ${table}`)).rows[0]?.count);
    return { jobs: await count('jobs'), messages: await count('incoming_messages'), events: await count('journal') };
  } finally {
    await client.end();
  }
}

const FILLED = `'journal', 'jobs', 'incoming_messages', 'incoming_documents'`;

/** An index over a million rows is made sooner at once than row by row. Returns how they are made again. */
async function setIndexesAside(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(`
    SELECT indexname AS name, indexdef AS definition FROM pg_indexes
    WHERE tablename IN (${FILLED})
      AND indexname NOT IN (SELECT conname FROM pg_constraint)`);
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  return rows.map(({ definition }) => definition);
}

const WORDS = `'{Invoice,Fattura,Contract,Contratto,Minutes,Verbale,Report,Relazione,Offer,Offerta,Order,Ordine,Delivery,
  Consegna,Plan,Piano,Drawing,Disegno,Timetable,Orario,Circular,Circolare,Menu,Poster,Manifesto,Certificate,Certificato,
  Form,Modulo,Request,Richiesta,Exam,Verifica,Class,Classe,Budget,Bilancio,Ticket,Biglietto,Label,Etichetta,Receipt,
  Ricevuta,Letter,Lettera,Agenda,Protocol,Protocollo,Appendix,Allegato,Draft,Bozza,Signed,Firmato,Summary,Sommario}'::text[]`;
const PLACES = `'{North,South,East,West,Milano,Torino,Bolzano,Trento,Verona,London,Dublin,Warehouse,Magazzino,Office,
  Ufficio,School,Scuola,Ward,Reparto,Library,Biblioteca,Kitchen,Cucina,Hall,Sala}'::text[]`;
const FIRST_NAMES = `'{Anna,Marco,Giulia,Luca,Sara,Paolo,Elena,Davide,Chiara,Andrea,Emma,James,Olivia,Harry,Sophie,Jack,
  Emily,Thomas,Lucy,Daniel}'::text[]`;
const LAST_NAMES = `'{Rossi,Bianchi,Ferrari,Russo,Romano,Gallo,Costa,Fontana,Conti,Ricci,Smith,Jones,Taylor,Brown,Wilson,
  Evans,Walker,White,Green,Hall,Wood,Clarke,Baker,Turner,Hill}'::text[]`;

/** The same number for the same row and purpose, spread evenly: a hash, so that two runs measure the same rows. */
const dice = (row: string, purpose: number, sides: string | number) =>
  `(abs(hashint8extended(${row}::bigint, ${purpose})) % ${sides})`;
const pick = (list: string, row: string, purpose: number) =>
  `(${list})[1 + ${dice(row, purpose, `cardinality(${list})`)}]`;
/** Few print much: the square of a dice falls on low numbers more often. */
const person = (row: string) => `(${dice(row, 1, 1000)} * ${dice(row, 2, 1000)} * ${PEOPLE} / 1000000)`;
const ofKind = (kind: string, number: string) =>
  `overlay(overlay(md5('${kind} ' || ${number}) PLACING '4' FROM 13) PLACING '8' FROM 17)::uuid`;
/** An id of version 7 of that moment. */
const idAt = (at: string, kind: string, row: string) =>
  `(lpad(to_hex((extract(epoch FROM ${at}) * 1000)::bigint), 12, '0') || '7' || substr(md5('${kind} ' || ${row}), 1, 3)
    || '8' || substr(md5('${kind} ' || ${row}), 4, 15))::uuid`;

function statementsFor(jobs: number): string[] {
  const messages = Math.ceil((jobs * MESSAGES_PER_TEN_JOBS) / 10);
  return [
    ...thingStatements(),
    draftStatement(jobs),
    messageStatement(messages),
    ...jobStatements(),
    ...storyStatements(),
  ];
}

function thingStatements(): string[] {
  return [
    `INSERT INTO users (id, email, name, role, language)
      SELECT ${ofKind('person', 'n')}, lower(first || '.' || last || n || '@company.example'), first || ' ' || last, 'user', 'it'
      FROM (SELECT n, ${pick(FIRST_NAMES, 'n', 3)} AS first, ${pick(LAST_NAMES, 'n', 4)} AS last
        FROM generate_series(0, ${PEOPLE - 1}) AS n) AS person`,
    `INSERT INTO queues (id, name, mode) SELECT ${ofKind('queue', 'n')}, 'Queue ' || n, 'hold'
      FROM generate_series(0, ${QUEUES - 1}) AS n`,
    `INSERT INTO printers (id, name, uri, state, state_since) SELECT ${ofKind('printer', 'n')}, 'Printer ' || n,
      'ipp://127.0.0.1:9/ipp/print/' || n, 'idle', now() FROM generate_series(0, ${PRINTERS - 1}) AS n`,
    `INSERT INTO mailboxes (id, title, protocol, server, sealed_password, address, folder, poll_seconds, after_intake,
        queue_id, enabled, state_since)
      VALUES (${ofKind('mailbox', `''`)}, 'Years', 'imap', '{"host": "localhost", "port": 9, "security": "none", "username": "x"}',
        '', 'years@company.example', 'INBOX', 60, 'move', ${ofKind('queue', `'0'`)}, false, now())`,
  ];
}

/** What several tables say of the same job. */
function draftStatement(jobs: number): string {
  return `CREATE TEMPORARY TABLE draft AS
    SELECT n, message, at, ${person('message')} AS person, ${idAt('at', 'job', 'n')} AS id,
      ${idAt('message_at', 'message', 'message')} AS message_id, message_at,
      ${pick(WORDS, 'message', 5)} || ' ' || (1000 + ${dice('message', 6, 90_000)}) || ' ' || ${pick(PLACES, 'message', 7)}
        || ' ' || ${pick(WORDS, 'message', 8)} AS subject,
      ${pick(WORDS, 'n', 9)} || '-' || ${pick(PLACES, 'n', 10)} || '-' || n
        || (ARRAY['.pdf', '.pdf', '.pdf', '.docx', '.jpg'])[1 + ${dice('n', 11, 5)}] AS title,
      '<' || md5('mail ' || message) || '@PR0P264MB' || ${dice('message', 12, 9000)} || '.FRAP264.PROD.OUTLOOK.COM>' AS mail_id,
      ${dice('n', 13, 100)} AS luck
    FROM (SELECT n, message, now() - interval '${DAYS} days' * (1 - message::float8 / (${jobs} * 0.8)) AS message_at,
        now() - interval '${DAYS} days' * (1 - n::float8 / ${jobs}) AS at
      FROM (SELECT n, n * ${MESSAGES_PER_TEN_JOBS} / 10 AS message FROM generate_series(1, ${jobs}) AS n) AS numbered) AS dated`;
}

function messageStatement(messages: number): string {
  return `INSERT INTO incoming_messages (id, mailbox_id, folder, uidvalidity, uid, place, content_hash, message_id, subject,
      sender, sender_user_id, sent_at, received_at, bytes, outcome, moved_at, job_count, proof, may_reply)
    SELECT message_id, ${ofKind('mailbox', `''`)}, 'INBOX', 1, message, 'years', sha256(message::text::bytea), mail_id, subject,
      email, users.id, message_at, message_at, 120000, 'done', message_at, jobs,
      '{"verdict": "proven", "reason": "dmarc-pass"}', true
    FROM (SELECT DISTINCT ON (message) *, count(*) OVER (PARTITION BY message) AS jobs FROM draft
      WHERE message BETWEEN 0 AND ${messages}) AS first_of_message
    JOIN users ON users.id = ${ofKind('person', 'person')}`;
}

/** Of a hundred jobs 94 are completed, 4 were canceled and 2 aborted; of the last thousand a third waits. */
const STATE = `CASE WHEN n > (SELECT max(n) - 1000 FROM draft) AND luck < 33 THEN 'pending-held'
  WHEN luck < 94 THEN 'completed' WHEN luck < 98 THEN 'canceled' ELSE 'aborted' END`;

function jobStatements(): string[] {
  return [
    `INSERT INTO jobs (id, owner_id, owner_name, queue_id, printer_id, title, search, state, reasons, options,
        document_format, document_bytes, original_format, preparation, pages, is_color, media, message_id, created_at,
        processing_at, ended_at, held_until)
      SELECT id, owner_id, name, ${ofKind('queue', dice('n', 14, QUEUES))},
        CASE WHEN state IN ('completed', 'aborted') THEN ${ofKind('printer', dice('n', 15, PRINTERS))} END, title,
        lower(concat_ws(E'\\n', title, name, email, subject, mail_id)), state,
        CASE state WHEN 'completed' THEN '{job-completed-successfully}' WHEN 'pending-held' THEN '{job-hold-until-specified}'
          WHEN 'canceled' THEN '{job-canceled-by-user}' ELSE '{document-unprintable-error}' END::text[],
        '{"sides": "two-sided-long-edge"}', 'application/pdf', 90000 + n % 60000, 'application/pdf', 'done',
        1 + (n % 7)::int, n % 3 = 0, 'iso_a4_210x297mm', message_id, at,
        CASE WHEN state = 'completed' THEN at + interval '2 seconds' END,
        CASE WHEN state <> 'pending-held' THEN at + interval '9 seconds' END,
        CASE WHEN state = 'pending-held' THEN now() + interval '2 days' END
      FROM (SELECT draft.*, users.id AS owner_id, name, email, ${STATE} AS state
        FROM draft JOIN users ON users.id = ${ofKind('person', 'person')}) AS job ORDER BY n`,
    `INSERT INTO incoming_documents (message_id, position, name, format, bytes, job_id)
      SELECT message_id, n - first, title, 'application/pdf', 90000, id
      FROM (SELECT draft.*, min(n) OVER (PARTITION BY message) AS first FROM draft) AS document`,
  ];
}

/** What the journal tells of a message and of a job from mail to paper. */
function storyStatements(): string[] {
  const event = (type: string, kind: 'job' | 'message', after: string, data: string) =>
    `SELECT '${type}', '${kind}', ${kind === 'job' ? 'id' : 'message_id'}::text, ${ofKind('person', 'person')},
      at + interval '${after}', ${data}::jsonb FROM draft`;
  const told = [
    event('message-received', 'message', '0 s', `json_build_object('sender', person, 'subject', subject)`),
    event(
      'job-created',
      'job',
      '0 s',
      `json_build_object('title', title, 'state', 'pending', 'bytes', 90000, 'messageId', message_id)`,
    ),
    event('job-prepared', 'job', '1 s', `json_build_object('pages', 1 + n % 7, 'media', 'iso_a4_210x297mm')`),
    event(
      'job-attempt-started',
      'job',
      '2 s',
      `json_build_object('printerId', ${ofKind('printer', dice('n', 15, PRINTERS))})`,
    ),
    event('job-state-changed', 'job', '2 s', `json_build_object('from', 'pending', 'to', 'processing')`),
    event('job-attempt-ended', 'job', '9 s', `json_build_object('outcome', 'completed')`),
    event('job-state-changed', 'job', '9 s', `json_build_object('from', 'processing', 'to', 'completed')`),
  ];
  return told.map((rows) => `INSERT INTO journal (type, subject_kind, subject_id, owner_id, at, data) ${rows}`);
}
