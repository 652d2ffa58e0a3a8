/** The table of printers. */
import type { Selectable } from 'kysely';
import { PlatenError } from '../base/errors.ts';
import type { Context } from '../store/database.ts';
import type { Schema } from '../store/schema.ts';
import type { Printer, PrinterCapabilities } from './printer.ts';
import type { Supply } from './supplies/supplies.ts';

/** Reads one printer; `undefined` when there is none of this id. */
export async function findPrinter(context: Context, id: string): Promise<Printer | undefined> {
  const row = await context.db.selectFrom('printers').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : printerOf(row);
}

/** Reads printers in the order in which they were added, after an id. */
export async function selectPrinters(
  context: Context,
  page: { readonly limit: number; readonly afterId?: string | undefined },
): Promise<Printer[]> {
  let query = context.db.selectFrom('printers').selectAll().orderBy('id').limit(page.limit);
  if (page.afterId !== undefined) query = query.where('id', '>', page.afterId);
  return (await query.execute()).map(printerOf);
}

/** All ids, for the worker that watches each. */
export async function selectPrinterIds(context: Context): Promise<string[]> {
  const rows = await context.db.selectFrom('printers').select('id').execute();
  return rows.map((row) => row.id);
}

/** All addresses, for telling which printers are there already. */
export async function selectPrinterUris(context: Context): Promise<string[]> {
  const rows = await context.db.selectFrom('printers').select('uri').execute();
  return rows.map((row) => row.uri);
}

export function noSuchPrinter(): PlatenError {
  return new PlatenError('not-found', 'there is no such printer');
}

function printerOf(row: Selectable<Schema['printers']>): Printer {
  return {
    id: row.id,
    name: row.name,
    uri: row.uri,
    state: row.state,
    reasons: row.reasons,
    message: row.message,
    stateSince: row.state_since,
    seenAt: row.seen_at,
    // Written by keepObservation alone, and always whole.
    capabilities: row.capabilities as PrinterCapabilities | null,
    supplies: row.supplies as readonly Supply[],
    certificatePin: row.certificate_pin,
    problem: row.problem,
  };
}

/** Adds a printer that nothing is known of yet. */
export async function insertPrinter(context: Context, draft: Pick<Printer, 'id' | 'name' | 'uri'>): Promise<Printer> {
  const row = await context.db
    .insertInto('printers')
    .values({ ...draft, state: 'unknown', state_since: context.clock.now() })
    .returningAll()
    .executeTakeFirstOrThrow();
  return printerOf(row);
}

export async function deletePrinter(context: Context, id: string): Promise<Printer | undefined> {
  const row = await context.db.deleteFrom('printers').where('id', '=', id).returningAll().executeTakeFirst();
  return row === undefined ? undefined : printerOf(row);
}
