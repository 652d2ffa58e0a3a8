/** The limits of a message, named as they are reported. */
export type MimeLimit = 'message-bytes' | 'part-header-bytes' | 'header-bytes' | 'parts' | 'depth';

/** A message that goes beyond a limit. Nothing of it may be used: what was read so far may be half of a document. */
export class MimeRefused extends Error {
  readonly limit: MimeLimit;
  readonly max: number;

  constructor(limit: MimeLimit, max: number) {
    super(`the message exceeds the limit of ${max} for ${limit}`);
    this.name = 'MimeRefused';
    this.limit = limit;
    this.max = max;
  }
}
