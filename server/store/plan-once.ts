/**
 * Statements that a connection plans only once. A statement that says so in a comment at its beginning becomes a named one
 * of the wire protocol, which the server reads and plans at its first use: for those that run for every few messages,
 * whose planning costs more than what they do. Its text must never differ, so its values are parameters and its lists arrays.
 */
import type pg from 'pg';

const MARK = /^\/\* planned once: ([a-z-]{1,60}) \*\//;

type Query = (text: unknown, values?: unknown, ...rest: unknown[]) => unknown;

/** Makes a connection heed such comments: `planned once: ` and a name of small letters, at the very beginning. */
export function planOnce(client: Pick<pg.Client, 'query'>): void {
  const query = client.query.bind(client) as Query;
  const heeding: Query = (text, values, ...rest) => {
    const name = typeof text === 'string' ? MARK.exec(text)?.[1] : undefined;
    return name === undefined ? query(text, values, ...rest) : query({ name, text, values }, ...rest);
  };
  client.query = heeding as typeof client.query;
}
