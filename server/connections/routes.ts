/** Routes of connections, their logins by code, their checks, and the network settings. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Context } from '../store/database.ts';
import {
  beginDeviceLogin,
  type ConnectionChange,
  cancelDeviceLogin,
  createConnection,
  findNetworkProblem,
  getConnection,
  getNetworkSettings,
  getOpenCode,
  listConnections,
  type NetworkSettings,
  removeConnection,
  setNetworkSettings,
  updateConnection,
} from './connections.ts';
import { doctorRoutes } from './doctor/routes.ts';
import { DEFAULT_CLOUD, findTenant, listClouds } from './exchange-online.ts';
import { expiryRoutes } from './expiry/routes.ts';
import { answerProblem } from './explain/kept.ts';
import { handOverRoutes } from './hand-over/routes.ts';
import { linkRoutes } from './link/routes.ts';
import { registrationRoutes } from './registration/routes.ts';
import {
  answerConnection,
  connectionAnswer,
  connectionBody,
  connectionChangeBody,
  deviceCodeAnswer,
  idParams,
  networkAnswer,
  networkBody,
  tenantAnswer,
  tenantParams,
  tenantQuery,
} from './shapes.ts';

const reading = { role: 'operator' } as const;
const writing = { role: 'administrator' } as const;
const tags = ['connections'];

export async function connectionsRoutes(app: FastifyInstance, context: Context): Promise<void> {
  connectionRoutes(app, context);
  changeRoutes(app, context);
  deviceCodeRoutes(app, context);
  linkRoutes(app, context);
  handOverRoutes(app, context);
  registrationRoutes(app, context);
  doctorRoutes(app, context);
  expiryRoutes(app, context);
  lookUpRoutes(app, context);
  networkRoutes(app, context);
}

function connectionRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/connections',
    {
      config: reading,
      schema: { tags, response: { 200: z.object({ items: z.array(connectionAnswer), nextCursor: z.null() }) } },
    },
    async (request) => {
      const connections = await listConnections(context);
      return { items: connections.map((one) => answerConnection(one, request.language)), nextCursor: null };
    },
  );

  routes.post(
    '/connections',
    { config: writing, schema: { tags, body: connectionBody, response: { 201: connectionAnswer } } },
    async (request, reply) => {
      const { expectedAccount, ...asked } = request.body;
      const pin = expectedAccount === undefined ? {} : { expectedAccount };
      const connection = await createConnection(context, { ...asked, ...pin }, request.actor);
      return reply.code(201).send(answerConnection(connection, request.language));
    },
  );

  routes.get(
    '/connections/:id',
    { config: reading, schema: { tags, params: idParams, response: { 200: connectionAnswer } } },
    async (request) => answerConnection(await getConnection(context, request.params.id), request.language),
  );
}

function changeRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.patch(
    '/connections/:id',
    {
      config: writing,
      schema: { tags, params: idParams, body: connectionChangeBody, response: { 200: connectionAnswer } },
    },
    async (request) => {
      const given = Object.entries(request.body).filter(([, value]) => value !== undefined);
      const change = Object.fromEntries(given) as ConnectionChange;
      const connection = await updateConnection(context, request.params.id, { change, actor: request.actor });
      return answerConnection(connection, request.language);
    },
  );

  routes.delete(
    '/connections/:id',
    { config: writing, schema: { tags, params: idParams, response: { 204: z.null() } } },
    async (request, reply) => {
      await removeConnection(context, request.params.id, request.actor);
      return reply.code(204).send(null);
    },
  );
}

function deviceCodeRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  // The code is in these two answers and nowhere else: whoever can only read must not be able to pass a code on.
  routes.post(
    '/connections/:id/device-code',
    { config: writing, schema: { tags, params: idParams, response: { 201: deviceCodeAnswer } } },
    async (request, reply) => {
      const begin = { actor: request.actor, language: request.language };
      const { expiresAt, ...code } = await beginDeviceLogin(context, request.params.id, begin);
      return reply.code(201).send({ ...code, expiresAt: expiresAt.toISOString() });
    },
  );

  routes.get(
    '/connections/:id/device-code',
    { config: writing, schema: { tags, params: idParams, response: { 200: deviceCodeAnswer } } },
    async (request) => {
      const { expiresAt, ...code } = await getOpenCode(context, request.params.id);
      return { ...code, expiresAt: expiresAt.toISOString() };
    },
  );

  routes.delete(
    '/connections/:id/device-code',
    { config: writing, schema: { tags, params: idParams, response: { 204: z.null() } } },
    async (request, reply) => {
      await cancelDeviceLogin(context, request.params.id, request.actor);
      return reply.code(204).send(null);
    },
  );
}

/** What the form of a connection asks while it is filled in. */
function lookUpRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/clouds',
    {
      config: reading,
      schema: { tags, response: { 200: z.object({ items: z.array(z.string()), default: z.string() }) } },
    },
    async () => ({ items: listClouds(context.settings), default: DEFAULT_CLOUD }),
  );

  routes.get(
    '/tenants/:idOrDomain',
    {
      config: writing,
      schema: { tags, params: tenantParams, querystring: tenantQuery, response: { 200: tenantAnswer } },
    },
    async ({ params, query }) => {
      const { cloud } = query;
      const { exists, tenantId, otherCloud } = await findTenant(context, { tenant: params.idOrDomain, cloud });
      return { exists, tenantId: tenantId ?? null, cloud, otherCloud: otherCloud ?? null };
    },
  );
}

function networkRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/settings/network',
    { config: reading, schema: { tags, response: { 200: networkAnswer } } },
    async (request) => await answerNetwork(context, request),
  );

  // What the body leaves out stays as it is; null takes it away.
  routes.put(
    '/settings/network',
    { config: writing, schema: { tags, body: networkBody, response: { 200: networkAnswer } } },
    async (request) => {
      const { outgoingServer, senderEmail, senderName } = request.body;
      const old = await getNetworkSettings(context);
      const pick = <T>(given: T | null | undefined, kept: T | undefined) =>
        given === undefined ? kept : (given ?? undefined);
      const outgoing = outgoingServer === null ? null : outgoingServer && outgoingOf(outgoingServer);
      const next = {
        senderEmail: pick(senderEmail, old.senderEmail),
        senderName: pick(senderName, old.senderName),
        outgoing: pick<Outgoing>(outgoing, old.outgoing),
      };
      await setNetworkSettings(context, next, request.actor);
      return await answerNetwork(context, request);
    },
  );
}

type Outgoing = NonNullable<Parameters<typeof setNetworkSettings>[1]['outgoing']>;

function outgoingOf(given: NonNullable<z.infer<typeof networkBody>['outgoingServer']>): Outgoing {
  if ('connectionId' in given) return { kind: 'connection', connectionId: given.connectionId };
  const { password, ...server } = given;
  return { kind: 'classic', server, ...(password === undefined ? {} : { password }) };
}

async function answerNetwork(context: Context, request: FastifyRequest): Promise<z.infer<typeof networkAnswer>> {
  const settings = await getNetworkSettings(context);
  const problem = await findNetworkProblem(context, settings);
  const { outgoing } = settings;
  return {
    outgoingServer: outgoing === undefined ? null : answerOutgoing(outgoing),
    senderEmail: settings.senderEmail ?? null,
    senderName: settings.senderName ?? null,
    problem: problem === undefined ? null : answerProblem(problem, request.language),
  };
}

function answerOutgoing(outgoing: NonNullable<NetworkSettings['outgoing']>) {
  if (outgoing.kind === 'connection') return { connectionId: outgoing.connectionId };
  return { ...outgoing.server, hasPassword: outgoing.hasPassword };
}
