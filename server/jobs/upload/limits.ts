/** What a person may upload, each with its reason. */
const MIB = 1024 * 1024;

export const uploadLimits = {
  /** A scanned book of 500 pages; twice what comes by mail, because whom a mail is too large for is sent here. */
  maxBytes: 100 * MIB,
  /** Beside the document: the queue, the options and the lines of the form. */
  maxFormBytes: 64 * 1024,
  maxFields: 10,
  maxFieldBytes: 8 * 1024,
  /** Documents that one person sends at the same time; the page sends them one by one. */
  maxAtOncePerPerson: 4,
  /** And everybody together: each holds a connection and waits for the disk. */
  maxAtOnce: 64,
  /** Of the key that makes sending again harmless: long enough that nobody has the same by chance. */
  minKeyChars: 16,
  maxKeyChars: 200,
} as const;
