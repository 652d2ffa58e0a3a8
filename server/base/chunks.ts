/** Bytes that come in pieces: their beginning is looked at before it is known what to do with all of them. */

export type Peeked = {
  /** At least so many bytes as were asked for, or all that there are. */
  readonly beginning: Buffer;
  /** Everything, the beginning included; to be read once. */
  readonly whole: AsyncGenerator<Buffer>;
};

/** Reads `bytes` bytes ahead. Throws what the source throws. */
export async function peek(source: AsyncIterable<Buffer>, bytes: number): Promise<Peeked> {
  const chunks = source[Symbol.asyncIterator]();
  const pieces: Buffer[] = [];
  let length = 0;
  while (length < bytes) {
    const next = await chunks.next();
    if (next.done) break;
    pieces.push(next.value);
    length += next.value.length;
  }
  const beginning = Buffer.concat(pieces);
  return { beginning, whole: chain(beginning, chunks) };
}

async function* chain(beginning: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (beginning.length > 0) yield beginning;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
