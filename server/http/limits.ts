/** The limits of the HTTP listener, each with its reason. */
import { MINUTE_MS, SECOND_MS } from '../base/clock.ts';

/** A route that takes documents says its own; everything else is a form. */
export const MAX_BODY_BYTES = 256 * 1024;
export const MAX_HEADER_BYTES = 16 * 1024;
export const MAX_HEADERS = 100;
/** Ids are 36 characters; page numbers are shorter. */
export const MAX_PARAM_CHARS = 100;

/** Who has not sent the headers by then is not in a hurry (slow-loris). */
export const HEADERS_TIMEOUT_MS = 20 * SECOND_MS;
/** A document of 50 MB over a slow line. */
export const REQUEST_TIMEOUT_MS = 5 * MINUTE_MS;
export const KEEP_ALIVE_TIMEOUT_MS = 15 * SECOND_MS;
/** How often Node looks for connections that are past the limits above. */
const CONNECTIONS_CHECK_MS = 5 * SECOND_MS;
/** A connection on which nothing has moved for so long: also one whose answer nobody reads. Live screens have a heartbeat. */
const SILENCE_TIMEOUT_MS = 5 * MINUTE_MS;
/** Browsers open six each; beyond this the file descriptors of the mailboxes and printers would be at risk. */
export const MAX_CONNECTIONS = 1000;
/** One address, also that of a proxy, leaves room for others. */
const MAX_CONNECTIONS_PER_ADDRESS = 500;

/** How long a client may take, and how many connections it may have. */
export const patience = {
  /** For the handshake of TLS, and then for the headers. */
  headersMs: HEADERS_TIMEOUT_MS,
  requestMs: REQUEST_TIMEOUT_MS,
  keepAliveMs: KEEP_ALIVE_TIMEOUT_MS,
  silenceMs: SILENCE_TIMEOUT_MS,
  checkMs: CONNECTIONS_CHECK_MS,
  connectionsPerAddress: MAX_CONNECTIONS_PER_ADDRESS,
} as const;
export type Patience = Readonly<Record<keyof typeof patience, number>>;

/** Of one address: far above what people and scripts do, far below what a flood does. */
export const MAX_REQUESTS_PER_MINUTE = 6000;

/** Each stream reads the journal when something has happened. */
export const MAX_STREAMS = 200;
/** A browser with several windows. */
export const MAX_STREAMS_PER_PRINCIPAL = 10;
/** Proxies end what is silent for a minute. */
export const HEARTBEAT_MS = 15 * SECOND_MS;
/** How long a stream outlives its session at most. */
export const STREAM_CHECK_MS = 5 * SECOND_MS;

/** Whoever asks whether we are ready does not wait longer. */
export const READY_TIMEOUT_MS = 3 * SECOND_MS;
