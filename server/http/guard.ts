/**
 * Who may call which route.
 *
 * Every route declares the least role; one without a role keeps the whole server from starting. The check comes before
 * a byte of the body is read.
 */
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { PlatenError } from '../base/errors.ts';
import type { Context } from '../store/database.ts';
import { findPrincipal } from '../users/users.ts';
import { type RouteRole, setPrincipal } from './request.ts';

export type RouteEntry = { readonly method: string; readonly url: string; readonly role: RouteRole };

const RANKS: Readonly<Record<RouteRole, number>> = { public: 0, user: 1, operator: 2, administrator: 3 };

/** Guards all routes that are added from now on, and keeps the table of them. */
export function guardRoutes(app: FastifyInstance, context: Context): readonly RouteEntry[] {
  const table: RouteEntry[] = [];
  app.addHook('onRoute', (route) => {
    table.push(...entriesOf(route));
  });
  // Not in onRequest: there the limit on requests comes first, so that a flood of wrong tokens does not reach the database.
  app.addHook('preParsing', async (request) => {
    if (!request.is404) await admit(request, context);
  });
  return table;
}

function entriesOf(route: RouteOptions): RouteEntry[] {
  const methods = Array.isArray(route.method) ? route.method : [route.method];
  const role = route.config?.role;
  if (role === undefined || !Object.hasOwn(RANKS, role)) {
    throw new PlatenError('internal-error', `the route ${methods.join()} ${route.url} declares no role`);
  }
  return methods.map((method) => ({ method, url: route.url, role }));
}

async function admit(request: FastifyRequest, context: Context): Promise<void> {
  const shown = { cookies: request.cookies, authorization: request.headers.authorization };
  const principal = await findPrincipal(context, shown);
  if (principal !== undefined) setPrincipal(request, principal);
  const needed = RANKS[request.routeOptions.config.role];
  if (needed === 0) return;
  if (principal === undefined) throw new PlatenError('unauthenticated', 'nobody is signed in, or no longer');
  if (RANKS[principal.role] < needed) {
    throw new PlatenError('forbidden', `this needs the role ${request.routeOptions.config.role}`, {
      values: { role: request.routeOptions.config.role },
    });
  }
}
