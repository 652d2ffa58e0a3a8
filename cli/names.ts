/** Names for the ids that an answer holds. */
import { z } from 'zod';
import type { Client } from './client.ts';

/** Names of connections, printers and queues by their ids. */
export type Names = ReadonlyMap<string, string>;

const named = z.looseObject({ id: z.string(), name: z.string().optional(), title: z.string().optional() });

/** Reads the names in some lists; somebody who may not see one of them gets the rest. */
export async function readNames(
  client: Client,
  paths: readonly ('/connections' | '/printers' | '/queues')[],
): Promise<Names> {
  const names = new Map<string, string>();
  for (const path of paths) {
    const items = await client.list(named, path).catch(() => []);
    for (const { id, name, title } of items) names.set(id, name ?? title ?? id);
  }
  return names;
}
