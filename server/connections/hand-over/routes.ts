/**
 * Routes of hand-overs: two for administrators, and those behind the link, for whoever has its secret. The secret comes
 * in the body, never in an address that a server would log, and no route behind it takes an id.
 */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { textFor } from '../../../locales/locales.ts';
import { PlatenError } from '../../base/errors.ts';
import type { Context } from '../../store/database.ts';
import { getConnection } from '../connections.ts';
import { idParams } from '../shapes.ts';
import { findHandOver, type MadeHandOver, makeHandOver, withdrawHandOver } from './hand-over.ts';
import {
  beginLinkForOwner,
  describeForOwner,
  pasteForOwner,
  refuseAsUnexpected,
  type Shown,
  showCode,
} from './owner.ts';
import {
  answerHandOver,
  answerOwner,
  handOverAnswer,
  handOverBody,
  madeAnswer,
  ownerAnswer,
  ownersLinkAnswer,
  pasteBody,
  tokenBody,
} from './shapes.ts';

const writing = { role: 'administrator' } as const;
const open = { role: 'public' } as const;
const tags = ['connections'];

export function handOverRoutes(app: FastifyInstance, context: Context): void {
  administratorRoutes(app, context);
  ownerRoutes(app, context);
  linkRoutes(app, context);
}

function administratorRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  // The address with its secret is in this answer and nowhere else.
  routes.post(
    '/connections/:id/hand-over',
    { config: writing, schema: { tags, params: idParams, body: handOverBody, response: { 201: madeAnswer } } },
    async (request, reply) => {
      const { body, actor, principal, params } = request;
      const askedBy = principal.userId ?? undefined;
      const made = await makeHandOver(context, params.id, { ...body, actor, askedBy });
      const invitation = invite(made, { ...body, admin: principal.name });
      return reply.code(201).send({ url: made.url, expiresAt: made.expiresAt.toISOString(), ...invitation });
    },
  );

  routes.get(
    '/connections/:id/hand-over',
    { config: writing, schema: { tags, params: idParams, response: { 200: handOverAnswer } } },
    async ({ params }) => {
      await getConnection(context, params.id);
      const handOver = await findHandOver(context, params.id);
      if (handOver === undefined) throw new PlatenError('not-found', 'this connection is not handed over');
      return answerHandOver(handOver);
    },
  );

  routes.delete(
    '/connections/:id/hand-over',
    { config: writing, schema: { tags, params: idParams, response: { 204: z.null() } } },
    async (request, reply) => {
      await withdrawHandOver(context, request.params.id, request.actor);
      return reply.code(204).send(null);
    },
  );
}

/** What the administrator may send to the owner: one link and no code, in the owner's language. */
function invite(made: MadeHandOver, asked: z.infer<typeof handOverBody> & { readonly admin: string }) {
  const { language, recipient, admin } = asked;
  const until = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short' }).format(made.expiresAt);
  const values = { account: made.account, link: made.url, until, name: recipient ?? '', admin };
  const hello = textFor(language, recipient === undefined ? 'handOver.hello' : 'handOver.helloName', values);
  return {
    subject: textFor(language, 'handOver.subject', values),
    invitation: `${hello}\n\n${textFor(language, 'handOver.invitation', values)}`,
  };
}

function ownerRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const schema = { tags, body: tokenBody, response: { 200: ownerAnswer } };

  // Opening the page describes and asks nothing of Microsoft, because scanners open links.
  routes.post('/hand-over', { config: open, schema }, async (request) =>
    answerOwner(await describeForOwner(context, shownBy(request)), request.language),
  );

  routes.post('/hand-over/device-code', { config: open, schema }, async (request) =>
    answerOwner(await showCode(context, shownBy(request), request.language), request.language),
  );

  routes.post('/hand-over/unexpected', { config: open, schema }, async (request) =>
    answerOwner(await refuseAsUnexpected(context, shownBy(request)), request.language),
  );
}

/** Another way, for tenants that refuse codes. */
function linkRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.post(
    '/hand-over/sign-in-link',
    { config: open, schema: { tags, body: tokenBody, response: { 200: ownersLinkAnswer } } },
    async (request) => {
      const { link, view } = await beginLinkForOwner(context, shownBy(request), request.language);
      const { url, expiresAt } = link;
      return { url, expiresAt: expiresAt.toISOString(), view: answerOwner(view, request.language) };
    },
  );

  routes.put(
    '/hand-over/sign-in-link',
    { config: open, schema: { tags, body: pasteBody, response: { 200: ownerAnswer } } },
    async (request) => {
      const view = await pasteForOwner(context, shownBy(request), request.body.address);
      return answerOwner(view, request.language);
    },
  );
}

function shownBy(request: { readonly body: { readonly token: string }; readonly ip: string }): Shown {
  return { token: request.body.token, remoteAddress: request.ip };
}
