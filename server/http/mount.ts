/** Every `routes.ts`, listed by hand: what is not here does not exist for the outside. */
import type { FastifyInstance } from 'fastify';
import { aboutRoutes } from '../about/routes.ts';
import { connectionsRoutes } from '../connections/routes.ts';
import { conversionRoutes } from '../conversion/routes.ts';
import { intakeRoutes } from '../intake/routes.ts';
import { jobsRoutes } from '../jobs/routes.ts';
import { journalRoutes } from '../journal/routes.ts';
import { noticesRoutes } from '../notices/routes.ts';
import { outboxRoutes } from '../outbox/routes.ts';
import { overviewRoutes } from '../overview/routes.ts';
import { printersRoutes } from '../printers/routes.ts';
import { readinessRoutes } from '../readiness/routes.ts';
import { relayRoutes } from '../relay/routes.ts';
import type { Context } from '../store/database.ts';
import { usersRoutes } from '../users/routes.ts';

export type RouteModule = (app: FastifyInstance, context: Context) => Promise<void>;

export const mountedRoutes: readonly RouteModule[] = [
  usersRoutes,
  overviewRoutes,
  connectionsRoutes,
  conversionRoutes,
  printersRoutes,
  jobsRoutes,
  outboxRoutes,
  relayRoutes,
  intakeRoutes,
  noticesRoutes,
  readinessRoutes,
  journalRoutes,
  aboutRoutes,
];
