/** What Platen accepts from the other side of a wire, protocol by protocol, each with its reason. */

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;

/** IPP (RFC 8010, RFC 8011). */
export const ippLimits = {
  /** A complete answer with every media-col of a large office printer stays below 300 KiB; the rest is room for vendors. */
  maxAnswerBytes: 8 * MIB,
  /** Names at every level. The largest answer seen has about 4,000; beyond this the answer is an attack. */
  maxAttributes: 20_000,
  /** Values at every level, so that one attribute cannot carry millions of empty ones. */
  maxValues: 200_000,
  /** media-col-database nests three deep; the decoder recurses, so the stack must be bounded. */
  maxCollectionDepth: 16,
  /** RFC 8010 section 3.1.4 makes the length a SIGNED-SHORT: a longer value cannot be written. */
  maxValueBytes: 32_767,
  /** RFC 8011 section 5.1.4 bounds keywords, and with them attribute names, at 255 octets. */
  maxNameBytes: 255,
  /** RFC 8011 section 5.1.6 bounds a uri at 1023 octets. */
  maxUriBytes: 1023,
  /** HTTP headers of a printer are a few hundred bytes. */
  maxHttpHeaderBytes: 16 * KIB,
  /** Name, TCP and TLS together; a printer that sleeps answers within a few seconds. */
  connectMs: 10 * SECOND_MS,
  /** An idle connection is kept for the next job, but less long than the 30 s after which printers close it. */
  keepIdleMs: 10 * SECOND_MS,
} as const;

// OAuth, OpenID discovery and Graph

/** A token answer is about 6 kB and a discovery document 2 kB; nothing honest comes near this. */
export const OAUTH_MAX_ANSWER_BYTES = 1024 * 1024;

/** One request from the first byte of DNS to the last of the body; Entra answers within a second. */
export const OAUTH_TIMEOUT_MS = 20_000;

/** Tokens are 1.5 to 3 kB; they travel in one SASL line, so a giant one must not be stored at all. */
export const OAUTH_MAX_TOKEN_CHARACTERS = 16 * 1024;

/** An address that a person pastes: the code of up to 16 K characters, percent-encoded, and the rest of the query. */
export const OAUTH_MAX_PASTE_CHARACTERS = 32 * 1024;

/** The user code is 9 characters at Microsoft; a person has to type it. */
export const OAUTH_MAX_USER_CODE_CHARACTERS = 32;

/** A code that lives longer than Microsoft's quarter of an hour only helps whoever stole it. */
export const OAUTH_MAX_CODE_LIFETIME_SECONDS = 900;

/** RFC 8628 section 3.2: the interval when the server names none. */
export const OAUTH_DEFAULT_INTERVAL_SECONDS = 5;

/** Exchange's longest token (continuous access evaluation) lives 28 hours; a year is not believed. */
export const OAUTH_MAX_TOKEN_LIFETIME_SECONDS = 28 * 60 * 60;

/** Microsoft's shortest token lifetime, taken when `expires_in` is missing (RFC 6749 section 5.1). */
export const OAUTH_ASSUMED_TOKEN_LIFETIME_SECONDS = 60 * 60;

/** Longest wait that a Retry-After may ask for; a renewal has to be tried again before the token dies. */
export const OAUTH_MAX_RETRY_AFTER_SECONDS = 60 * 60;

/** Difference of clocks that an id_token may show, see RFC 7519 section 4.1.5. */
export const OAUTH_CLOCK_TOLERANCE_SECONDS = 600;

/** Text of the other side that is kept and shown. */
export const OAUTH_MAX_WORDS_CHARACTERS = 2000;

/** MIME (RFC 2045 to 2047, RFC 5322). */
export const mimeLimits = {
  /** The raw message. Exchange Online carries at most 150 MB; whoever reads sets a smaller one of their own. */
  maxMessageBytes: 150 * MIB,
  /** Headers of one part. Long chains of Received and ARC reach 60 KiB. */
  maxPartHeaderBytes: 256 * KIB,
  /** Headers of all parts together, because the limit per part times the number of parts is no limit. */
  maxHeaderBytes: 2 * MIB,
  /** Parts of one message, embedded messages included. */
  maxParts: 500,
  /** Multiparts inside multiparts. Ten is already rare. */
  maxDepth: 50,
  /** A message forwarded inside a message, inside a message; what lies deeper is handed out unopened. */
  maxEmbeddedDepth: 3,
  /** RFC 2046 section 5.1.1 allows 70 characters of boundary; the rest is room for transport padding. */
  maxDelimiterLineBytes: 2 * KIB,
  /** A file name is shown, never used as a path. */
  maxFileNameCharacters: 150,
  /** Subject and display name as they are shown. */
  maxHeaderTextCharacters: 1000,
  /** Bytes that are scanned before the event loop gets its turn. */
  maxBytesPerTurn: 256 * KIB,
} as const;

/** IMAP (RFC 3501, RFC 2177, RFC 6851). */
export const imapLimits = {
  /** Bodies held in memory at one time; a larger message is read piece by piece. */
  maxChunkBytes: 16 * MIB,
  /** One piece of a large message. */
  pieceBytes: 1 * MIB,
  /** One literal. RFC822.SIZE of Exchange is an estimate, so a body may be larger than announced. */
  maxLiteralBytes: 32 * MIB,
  /** A line without a literal: SEARCH lists every UID of the folder in one. */
  maxLineBytes: 8 * MIB,
  /** Messages named in one command; Exchange on premises ends commands at about 10 kB. */
  maxMessagesPerCommand: 200,
  /** RFC 2177 allows 29 minutes, load balancers in front of Exchange do not. */
  maxIdleMs: 10 * 60 * SECOND_MS,
  /** TCP, TLS, greeting and login. */
  connectTimeoutMs: 30 * SECOND_MS,
  /** One command that carries no message. */
  commandTimeoutMs: 60 * SECOND_MS,
  /** One command that carries up to a chunk of messages. */
  fetchTimeoutMs: 5 * 60 * SECOND_MS,
  /** Longest pause that a throttling server may ask for. */
  maxBackoffMs: 30 * 60 * SECOND_MS,
} as const;

/** POP3 as a client (RFC 1939). */
export const pop3Limits = {
  /** What has arrived and is not read yet; then the socket waits. */
  maxUnreadBytes: 1 * MIB,
  /** RFC 1939 section 3 allows 512; servers say more, and a token that came back would be about 4 KiB. */
  maxLineBytes: 16 * KIB,
  /** Of an answer as it is kept and shown. */
  maxWords: 500,
  /** A header, and the list of capabilities: as many bytes as a header of MIME may have. */
  maxHeaderBytes: 2 * MIB,
  /** LIST or UIDL of 100,000 messages. */
  maxListBytes: 8 * MIB,
  /** TCP; TLS; the greeting. */
  connectTimeoutMs: 30 * SECOND_MS,
  /** One command up to the first line of its answer. */
  commandTimeoutMs: 60 * SECOND_MS,
  /** One piece of a message or list. */
  pieceTimeoutMs: 60 * SECOND_MS,
} as const;

/** SMTP submission (RFC 6409) as a client; the times are those of RFC 5321 section 4.5.3.2. */
export const smtpLimits = {
  /** One reply. The longest of Exchange, with its diagnostic block, stays below 4 KiB. */
  maxReplyBytes: 64 * KIB,
  /** Of a reply as it is kept and shown. */
  maxReplyCharacters: 1500,
  /** Name and TCP. */
  connectTimeoutMs: 30 * SECOND_MS,
  /** Greeting, EHLO, STARTTLS and EHLO again. */
  helloTimeoutMs: 60 * SECOND_MS,
  /** One sign-in. */
  signInTimeoutMs: 60 * SECOND_MS,
  /** MAIL, all RCPT and DATA, which leave together. */
  envelopeTimeoutMs: 5 * 60 * SECOND_MS,
  /** One piece of the message. */
  pieceTimeoutMs: 3 * 60 * SECOND_MS,
  /** After the final dot; a server that is left earlier may still send the message. */
  finalTimeoutMs: 10 * 60 * SECOND_MS,
  /** RSET and QUIT. */
  shortTimeoutMs: 5 * SECOND_MS,
  /** A command with its CR LF (RFC 5321 section 4.5.3.1.4): servers may refuse a longer one. */
  maxCommandBytes: 512,
  /** Pieces in which a message is handed over. */
  pieceBytes: 64 * KIB,
} as const;

/** A webhook that an administrator has chosen. */
export const webhookLimits = {
  maxUrlBytes: 2000,
  /** Only the status of the answer is wanted. */
  maxHeaderBytes: 16 * KIB,
  /** Name, TCP, TLS and the answer together. */
  timeoutMs: 20 * SECOND_MS,
} as const;
