/**
 * All rows as lines of JSON and back, for backups: needs no program of PostgreSQL and works with every server.
 *
 * Left out is what means nothing elsewhere: leases, and the list of migrations, which the new database has itself. A
 * column of transaction ids (`xid8`) is filled anew, because ids of another server would order wrongly.
 */
import { sql } from 'kysely';
import type { Context } from '../store/database.ts';
import { readTogether } from '../store/transaction.ts';

const LEFT_OUT: ReadonlySet<string> = new Set(['kysely_migration', 'kysely_migration_lock', 'leases']);
// A row holds at most a message of 64 KB: a batch stays below about 30 MB of text.
const ROWS_PER_BATCH = 100;

export type TakeRows = (table: string, rows: readonly string[]) => Promise<void>;

/**
 * Gives the rows of all tables to `take`, as of one moment, and calls `read` at that moment too. Tables come in an order
 * in which they can be filled again; a table without rows comes once, with none.
 */
export async function dumpRows(
  context: Context,
  { take, read }: { take: TakeRows; read: (context: Context) => Promise<void> },
): Promise<void> {
  await readTogether(context, async (context) => {
    for (const table of await listTables(context)) {
      await sql`DECLARE backup NO SCROLL CURSOR FOR SELECT row_to_json(t)::text AS line FROM ${sql.table(table)} AS t`.execute(
        context.db,
      );
      for (;;) {
        const batch = await sql<{ line: string }>`FETCH ${sql.lit(ROWS_PER_BATCH)} FROM backup`.execute(context.db);
        const lines = batch.rows.map((row) => row.line);
        await take(table, lines);
        if (lines.length < ROWS_PER_BATCH) break;
      }
      await sql`CLOSE backup`.execute(context.db);
    }
    await read(context);
  });
}

/** Empties every table, for a database that nobody has used yet. */
export async function emptyTables(context: Context): Promise<void> {
  const tables = (await listTables(context)).map((table) => sql.table(table));
  await sql`TRUNCATE ${sql.join(tables)}`.execute(context.db);
}

/** Fills a table. Columns that the lines do not have keep their default. */
export async function fillTable(context: Context, table: string, lines: readonly string[]): Promise<void> {
  const first = lines[0];
  if (first === undefined) return;
  const given = new Set(Object.keys(JSON.parse(first) as Record<string, unknown>));
  const names = (await listColumns(context, table)).filter((name) => given.has(name)).map((name) => sql.ref(name));
  await sql`INSERT INTO ${sql.table(table)} (${sql.join(names)}) OVERRIDING SYSTEM VALUE
    SELECT ${sql.join(names)} FROM json_populate_recordset(NULL::${sql.table(table)}, ${`[${lines.join(',')}]`}::json)`.execute(
    context.db,
  );
}

/** Lets the counters of numbered tables go on after the highest number that was filled in. */
export async function moveCounters(context: Context): Promise<void> {
  const counted = await sql<{ table: string; column: string; sequence: string }>`
    SELECT c.relname AS "table", a.attname AS "column",
           pg_get_serial_sequence(quote_ident(c.relname), a.attname) AS sequence
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
      AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL`.execute(context.db);
  for (const { table, column, sequence } of counted.rows) {
    await sql`SELECT setval(${sequence}::regclass, COALESCE(max(${sql.ref(column)}), 0) + 1, false)
      FROM ${sql.table(table)}`.execute(context.db);
  }
}

/** Every table that is backed up; one that others refer to comes before them. */
export async function listTables(context: Context): Promise<string[]> {
  const tables = await sql<{ name: string; needs: string[] }>`
    SELECT c.relname AS name,
           COALESCE(array_agg(r.relname::text) FILTER (WHERE r.relname IS NOT NULL AND r.oid <> c.oid), '{}') AS needs
    FROM pg_class c
    LEFT JOIN pg_constraint f ON f.conrelid = c.oid AND f.contype = 'f'
    LEFT JOIN pg_class r ON r.oid = f.confrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
    GROUP BY c.relname ORDER BY c.relname`.execute(context.db);
  const left = new Map(tables.rows.filter((row) => !LEFT_OUT.has(row.name)).map((row) => [row.name, row.needs]));
  const ordered: string[] = [];
  while (left.size > 0) {
    const ready = [...left].filter(([, needs]) => needs.every((name) => !left.has(name))).map(([name]) => name);
    if (ready.length === 0)
      throw new Error(`the tables ${[...left.keys()].join(', ')} refer to each other in a circle`);
    for (const name of ready) left.delete(name);
    ordered.push(...ready);
  }
  return ordered;
}

async function listColumns(context: Context, table: string): Promise<string[]> {
  const columns = await sql<{ name: string }>`
    SELECT attname AS name FROM pg_attribute
    WHERE attrelid = ${table}::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
      AND atttypid <> 'xid8'::regtype
    ORDER BY attnum`.execute(context.db);
  return columns.rows.map((row) => row.name);
}
