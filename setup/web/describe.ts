/** The server's OpenAPI document without a running server: no database is opened and nothing listens. */
import { systemClock } from '../../server/base/clock.ts';
import { openLog } from '../../server/base/log.ts';
import { secretsFromKey } from '../../server/base/secrets.ts';
import { readSettings } from '../../server/base/settings.ts';
import { buildApp } from '../../server/http/app.ts';
import { patience } from '../../server/http/limits.ts';
import { mountedRoutes } from '../../server/http/mount.ts';
import { EVENT_TYPES } from '../../server/journal/events.ts';
import type { Context } from '../../server/store/database.ts';
import { type ApiDescription, writeTypes } from './types.ts';

/** What `web/api/schema.ts` must say. */
export async function describeApi(): Promise<string> {
  const context: Context = {
    db: undefined as never,
    clock: systemClock,
    log: openLog('silent'),
    settings: readSettings({}),
    secrets: secretsFromKey(Buffer.alloc(32)),
  };
  const nothing = { readiness: async () => [], measures: async () => [], tls: undefined, patience };
  const { app } = await buildApp(context, { routes: mountedRoutes, ...nothing });
  try {
    const { body } = await app.inject({
      url: '/api/openapi.json',
      headers: { host: new URL(context.settings.publicUrl).host },
    });
    return writeTypes(JSON.parse(body) as ApiDescription, Object.keys(EVENT_TYPES));
  } finally {
    await app.close();
  }
}
