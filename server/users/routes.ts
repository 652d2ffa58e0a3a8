/** Routes of the first run, sessions, users and API tokens. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { PlatenError } from '../base/errors.ts';
import type { Context } from '../store/database.ts';
import { limitOf, pageQuery } from '../store/pages.ts';
import { readMailDomain } from './company/company.ts';
import { companyRoutes } from './company/routes.ts';
import { fileRoutes } from './file/routes.ts';
import { isFirstRunDue } from './first-run.ts';
import { groupRoutes } from './groups/routes.ts';
import { changePreferences, getPreferences } from './preferences.ts';
import {
  listSessions,
  type NewSession,
  readSessionEnd,
  type SessionOrigin,
  sessionCookieName,
  sessionCookieOptions,
  startSession,
} from './sessions.ts';
import {
  address,
  answerListed,
  answerToken,
  answerUser,
  firstRunBody,
  idParams,
  language,
  listedSession,
  password,
  preferences,
  sessionAnswer,
  tokenAnswer,
  tokenBody,
  userAnswer,
  userBody,
  userChangeBody,
} from './shapes.ts';
import { assertOwnPassword, changeOwnPassword, endOneSession, endTheOthers, signIn, signOut } from './sign-in.ts';
import { addToken, listTokens, removeToken } from './tokens.ts';
import type { Principal } from './user.ts';
import { addUser, completeFirstRun, getUser, isStillValid, listUsers, updateUser } from './users.ts';

export async function usersRoutes(app: FastifyInstance, context: Context): Promise<void> {
  firstRunRoutes(app, context);
  signInRoutes(app, context);
  ownRoutes(app, context);
  sessionRoutes(app, context);
  userRoutes(app, context);
  fileRoutes(app, context);
  groupRoutes(app, context);
  companyRoutes(app, context);
  tokenRoutes(app, context);
}

function firstRunRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/first-run',
    { config: { role: 'public' }, schema: { tags: ['users'], response: { 200: z.object({ due: z.boolean() }) } } },
    async () => ({ due: await isFirstRunDue(context) }),
  );

  routes.post(
    '/first-run',
    {
      config: { role: 'public' },
      schema: { tags: ['users'], body: firstRunBody, response: { 201: z.object({ user: userAnswer }) } },
    },
    async (request, reply) => {
      const { setupToken, ...administrator } = request.body;
      const proof = { kind: 'setup-token', token: setupToken, remoteAddress: request.ip } as const;
      const id = await completeFirstRun(context, administrator, proof);
      giveCookie(context, reply, await startSession(context, id, originOf(request)));
      return reply.code(201).send({ user: answerUser(await getUser(context, id)) });
    },
  );
}

function signInRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.post(
    '/sessions',
    {
      config: { role: 'public' },
      schema: {
        tags: ['users'],
        body: z.object({ email: address, password }),
        response: { 201: z.object({ user: userAnswer, expiresAt: z.string() }) },
      },
    },
    async (request, reply) => {
      const oldToken = request.cookies[sessionCookieName(context.settings)];
      const session = await signIn(context, request.body, { ...originOf(request), oldToken });
      giveCookie(context, reply, session);
      const user = answerUser(await getUser(context, session.userId));
      return reply.code(201).send({ user, expiresAt: session.expiresAt.toISOString() });
    },
  );

  routes.get(
    '/sessions/current',
    { config: { role: 'user' }, schema: { tags: ['users'], response: { 200: sessionAnswer } } },
    async ({ principal }) => {
      const { kind, name, role, userId } = principal;
      if (userId === null) {
        return { kind, name, role, user: null, preferences: null, session: null, company: null };
      }
      const [user, preferences, session, company] = await Promise.all([
        getUser(context, userId),
        getPreferences(context, userId),
        readSessionEnd(context, principal.sessionId),
        readMailDomain(context),
      ]);
      return { kind, name, role, user: answerUser(user), preferences, session, company };
    },
  );

  routes.delete(
    '/sessions/current',
    { config: { role: 'user' }, schema: { tags: ['users'], response: { 204: z.null() } } },
    async (request, reply) => {
      const { userId } = personOf(request.principal);
      const name = sessionCookieName(context.settings);
      await signOut(context, { userId, token: request.cookies[name] ?? '' });
      reply.setCookie(name, '', sessionCookieOptions(context.settings, new Date(0)));
      return reply.code(204).send(null);
    },
  );
}

/** What people change about themselves. */
function ownRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.patch(
    '/sessions/current',
    {
      config: { role: 'user' },
      schema: { tags: ['users'], body: z.object({ language }), response: { 200: userAnswer } },
    },
    async (request) => {
      const { userId } = personOf(request.principal);
      return answerUser(await updateUser(context, userId, { language: request.body.language }, userId));
    },
  );

  routes.get(
    '/me/preferences',
    { config: { role: 'user' }, schema: { tags: ['users'], response: { 200: preferences } } },
    async ({ principal }) => await getPreferences(context, personOf(principal).userId),
  );

  routes.patch(
    '/me/preferences',
    {
      config: { role: 'user' },
      schema: { tags: ['users'], body: preferences.partial(), response: { 200: preferences } },
    },
    async ({ principal, body }) => await changePreferences(context, personOf(principal).userId, body),
  );

  routes.put(
    '/sessions/current/password',
    {
      config: { role: 'user' },
      schema: {
        tags: ['users'],
        body: z.object({ currentPassword: password, newPassword: password }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { userId } = personOf(request.principal);
      const session = await changeOwnPassword(context, userId, { ...request.body, ...originOf(request) });
      giveCookie(context, reply, session);
      return reply.code(204).send(null);
    },
  );
}

/** Where one is signed in; administrators see and end those of everybody. */
function sessionRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const list = z.object({ items: z.array(listedSession), nextCursor: z.null() });

  routes.get(
    '/sessions',
    { config: { role: 'user' }, schema: { tags: ['users'], response: { 200: list } } },
    async ({ principal }) => {
      // a program has none, and "none" must not become "all"
      const sessions = principal.userId === null ? [] : await listSessions(context, principal.userId);
      return { items: sessions.map((one) => answerListed(one, principal)), nextCursor: null };
    },
  );

  routes.get(
    '/sessions/all',
    { config: { role: 'administrator' }, schema: { tags: ['users'], response: { 200: list } } },
    async ({ principal }) => {
      const sessions = await listSessions(context);
      return { items: sessions.map((one) => answerListed(one, principal)), nextCursor: null };
    },
  );

  routes.delete(
    '/sessions/others',
    { config: { role: 'user' }, schema: { tags: ['users'], response: { 204: z.null() } } },
    async (request, reply) => {
      const { userId, sessionId } = personOf(request.principal);
      await endTheOthers(context, userId, sessionId);
      return reply.code(204).send(null);
    },
  );

  routes.delete(
    '/sessions/:id',
    { config: { role: 'user' }, schema: { tags: ['users'], params: idParams, response: { 204: z.null() } } },
    async (request, reply) => {
      const { principal, actor, params } = request;
      const isAdministrator = principal.role === 'administrator';
      // a program that is no administrator has no session that it could end
      if (!isAdministrator) personOf(principal);
      await endOneSession(context, params.id, { userId: principal.userId, actor, isAdministrator });
      return reply.code(204).send(null);
    },
  );
}

function userRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const page = z.object({ items: z.array(userAnswer), nextCursor: z.string().nullable() });
  const listQuery = z.object({
    q: z.string().max(200).optional(),
    group: z.string().max(200).optional(),
    ...pageQuery,
  });

  routes.get(
    '/users',
    {
      config: { role: 'operator' },
      schema: { tags: ['users'], querystring: listQuery, response: { 200: page } },
    },
    async ({ query }) => {
      const asked = { limit: limitOf(query.limit), cursor: query.cursor, text: query.q, group: query.group };
      const { items, nextCursor } = await listUsers(context, asked);
      return { items: items.map(answerUser), nextCursor };
    },
  );

  routes.post(
    '/users',
    { config: { role: 'administrator' }, schema: { tags: ['users'], body: userBody, response: { 201: userAnswer } } },
    async (request, reply) => {
      const { ownPassword, ...person } = request.body;
      if (person.role === 'administrator') await assertOwnPassword(context, request.principal, ownPassword);
      const user = await addUser(context, person, request.actor);
      return reply.code(201).send(answerUser(user));
    },
  );

  routes.get(
    '/users/:id',
    { config: { role: 'operator' }, schema: { tags: ['users'], params: idParams, response: { 200: userAnswer } } },
    async ({ params }) => answerUser(await getUser(context, params.id)),
  );

  routes.patch(
    '/users/:id',
    {
      config: { role: 'administrator' },
      schema: { tags: ['users'], params: idParams, body: userChangeBody, response: { 200: userAnswer } },
    },
    async (request, reply) => {
      const { params, principal, actor } = request;
      const { ownPassword, ...change } = request.body;
      const isRaised = change.role === 'administrator' && (await getUser(context, params.id)).role !== change.role;
      if (isRaised) await assertOwnPassword(context, principal, ownPassword);
      const user = await updateUser(context, params.id, change, actor);
      // A change of one's own role or password ended this session as well: the caller goes on with a new one.
      const isOwn = principal.userId === user.id && user.disabledAt === undefined && user.hasPassword;
      if (isOwn && !(await isStillValid(context, principal))) {
        giveCookie(context, reply, await startSession(context, user.id, originOf(request)));
      }
      return answerUser(user);
    },
  );
}

function tokenRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const page = z.object({ items: z.array(tokenAnswer), nextCursor: z.string().nullable() });

  routes.get(
    '/tokens',
    {
      config: { role: 'administrator' },
      schema: { tags: ['users'], querystring: z.object(pageQuery), response: { 200: page } },
    },
    async ({ query }) => {
      const { items, nextCursor } = await listTokens(context, { limit: limitOf(query.limit), cursor: query.cursor });
      return { items: items.map(answerToken), nextCursor };
    },
  );

  routes.post(
    '/tokens',
    {
      config: { role: 'administrator' },
      schema: {
        tags: ['users'],
        body: tokenBody,
        response: { 201: z.object({ id: z.string(), token: z.string() }) },
      },
    },
    async (request, reply) => reply.code(201).send(await addToken(context, request.body, request.actor)),
  );

  routes.delete(
    '/tokens/:id',
    { config: { role: 'administrator' }, schema: { tags: ['users'], params: idParams, response: { 204: z.null() } } },
    async ({ params, actor }, reply) => {
      await removeToken(context, params.id, actor);
      return reply.code(204).send(null);
    },
  );
}

function giveCookie(context: Context, reply: FastifyReply, session: NewSession): void {
  const options = sessionCookieOptions(context.settings, session.expiresAt);
  reply.setCookie(sessionCookieName(context.settings), session.token, options);
}

function originOf(request: FastifyRequest): SessionOrigin {
  return { remoteAddress: request.ip, userAgent: request.headers['user-agent'] };
}

function personOf(principal: Principal): Extract<Principal, { kind: 'user' }> {
  if (principal.kind === 'user') return principal;
  throw new PlatenError('forbidden', 'an API token has no session and no password');
}
