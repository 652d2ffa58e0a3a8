/** Routes of the sign-in by link. */
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { PlatenError } from '../../base/errors.ts';
import type { Context } from '../../store/database.ts';
import { cancelDeviceLogin, getConnection } from '../connections.ts';
import { answerConnection, connectionAnswer, idParams } from '../shapes.ts';
import { beginLink, finishLink } from './link-login.ts';
import { LoopbackPages } from './loopback.ts';

const writing = { role: 'administrator' } as const;
const tags = ['connections'];

const linkBody = z
  .object({
    /** `loopback` for a browser that runs on this server: then nothing has to be pasted. */
    redirect: z.enum(['paste', 'loopback']).default('paste'),
  })
  .optional();

const linkAnswer = z.object({ url: z.string(), expiresAt: z.string(), redirect: z.enum(['paste', 'loopback']) });

// A code of Microsoft is one to two kilobytes; the text is cut again where it is read.
const pasteBody = z.object({ address: z.string().min(1).max(32_768) });

export function linkRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const pages = new LoopbackPages(context);
  app.addHook('preClose', async () => await pages[Symbol.asyncDispose]());

  // The link names the state and no secret; still it is in this answer and nowhere else, as a code is.
  routes.post(
    '/connections/:id/sign-in-link',
    { config: writing, schema: { tags, params: idParams, body: linkBody, response: { 201: linkAnswer } } },
    async (request, reply) => {
      const { id } = request.params;
      const redirect = request.body?.redirect ?? 'paste';
      const begin = { actor: request.actor, language: request.language };
      if (redirect === 'loopback' && !isLoopback(request.ip)) {
        throw new PlatenError('loopback-not-here', 'only a browser on the server itself ends on its loopback address');
      }
      const login = redirect === 'loopback' ? await pages.begin(id, begin) : await beginLink(context, id, begin);
      return reply.code(201).send({ url: login.url, expiresAt: login.expiresAt.toISOString(), redirect });
    },
  );

  routes.put(
    '/connections/:id/sign-in-link',
    { config: writing, schema: { tags, params: idParams, body: pasteBody, response: { 200: connectionAnswer } } },
    async (request) => {
      await finishLink(context, request.params.id, request.body.address);
      return answerConnection(await getConnection(context, request.params.id), request.language);
    },
  );

  routes.delete(
    '/connections/:id/sign-in-link',
    { config: writing, schema: { tags, params: idParams, response: { 204: z.null() } } },
    async (request, reply) => {
      await cancelDeviceLogin(context, request.params.id, request.actor);
      return reply.code(204).send(null);
    },
  );
}

function isLoopback(address: string): boolean {
  const bare = address.replace(/^::ffff:/, '');
  return bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}
