/** What intake takes, and how often it looks, each with its reason. */

import { DAY_MS, MINUTE_MS, SECOND_MS } from '../base/clock.ts';

const MIB = 1024 * 1024;

export const intakeLimits = {
  /** Exchange delivers up to 36 MB by default; larger messages are refused before they are fetched. */
  maxMessageBytes: 50 * MIB,
  /** Bodies fetched together: one such chunk is stored while the next one arrives, so twice this is in memory. */
  chunkBytes: 4 * MIB,
  /** Sizes asked for, and rows compared, at one time. */
  maxUidsPerStep: 1000,
  /** Enough for the header of a message that is refused unfetched. */
  beginningBytes: 64 * 1024,
  /** Documents in one message; more is an accident or an attack. */
  maxDocuments: 50,
  /** Of one document: no longer one is prepared at all. */
  maxPages: 500,
  /** A logo in a signature stays below; a page that was photographed does not. */
  decorationBytes: 256 * 1024,
  /** A nameless picture of this size is a mark or a line, not something that anybody sends to print. */
  markBytes: 4 * 1024,
  /** Pictures of a message that are shown within its printed text, all together. */
  maxShownBytes: 4 * MIB,
  /** Text of the message itself that is printed; more is more than 500 pages. */
  maxBodyBytes: 4 * MIB,
  /** Text of the body that counts for recognising a message again. */
  maxHashedTextBytes: 1 * MIB,
  /** Of the name of a group, as for users. */
  maxGroupChars: 64,
  /** Received fields; each hop adds one, and mail that goes round in a circle collects them. */
  maxHops: 25,
  /** Messages whose documents are written to the disk at the same time: what waits is the disk, and syncs are shared. */
  parallelMessages: 64,
  /** Tries for a message of which the server gives nothing, or a substitute. */
  maxTries: 3,
  /** Tries for a message during which the connection is lost each time: more, because a bad line is not its fault. */
  maxTriesOverLostConnections: 8,
  /** How long a message waits for its sender to confirm it: a holiday is longer, a forgotten mail is not worth more. */
  confirmationMs: 7 * DAY_MS,
  /** How long a sender waits for the answer while a printer does not go on; then it says what still waits. */
  replyPatienceMs: 10 * MINUTE_MS,
  /** Messages that are looked at together for whether all of their jobs have come to something. */
  maxFinishedTogether: 200,
  /** Of a subject that is looked through for wishes: RFC 5322 lines are shorter, and what is longer was not typed. */
  maxWishChars: 1000,
  maxAddressFieldChars: 8000,
  /** Wishes in one message; more is no wish. */
  maxWishWords: 20,
  /** Of a word that is told back. */
  maxShownWishChars: 60,
  /** Copies by mail: a slip of the finger must not empty the paper trays. The web interface takes more. */
  maxMailedCopies: 100,
  maxPageRanges: 20,
  maxPageNumber: 100_000,
  /** Pauses between the tries for one message. */
  retryPausesMs: [1 * MINUTE_MS, 5 * MINUTE_MS],
} as const;

export const intakeTimes = {
  /** How often the list of mailboxes is compared with what is being watched. */
  lookEveryMs: 2 * SECOND_MS,
  /** How often it is looked for messages that nobody has confirmed in time. */
  expireEveryMs: 1 * MINUTE_MS,
  /** How often it is looked for messages whose jobs have come to something. */
  finishEveryMs: 1 * SECOND_MS,
  /** How often a node asks for a mailbox that another node is watching. */
  leaseRetryMs: 5 * SECOND_MS,
  /** How often a mailbox that waits for its connection looks whether it has been confirmed. */
  waitingRetryMs: 5 * SECOND_MS,
  /** First and longest pause after a failure. */
  firstPauseMs: 2 * SECOND_MS,
  longestPauseMs: 5 * MINUTE_MS,
  /** A full disk is looked at again: what makes room, like jobs that end, tells nobody. */
  fullDiskRetryMs: 20 * SECOND_MS,
  /** A database that is away is asked again soon: mail waits at the server meanwhile. */
  databasePauseMs: 5 * SECOND_MS,
  /** A session is replaced this long before its token ends, so that no command meets the end. */
  beforeTokenEndMs: 5 * MINUTE_MS,
} as const;
