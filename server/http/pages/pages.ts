/**
 * The web interface: the one page behind every address of a screen, and the files that it is built from.
 *
 * The page is never kept by a browser, so that a new version is there at the next load; the files bear a digest in
 * their names and are kept for good. Without a build (`web/dist`) there are no pages, and the API works alone.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { newToken } from '../../base/secrets.ts';

const DIST = fileURLToPath(new URL('../../../web/dist/', import.meta.url));
const YEAR_SECONDS = 365 * 24 * 60 * 60;

/** Sends the page; `status` is 404 for an address that no screen has, which the page then says itself. */
export type SendPage = (reply: FastifyReply, status: number) => FastifyReply;

/** Adds the files of the web interface; undefined when it has not been built. */
export async function pageRoutes(app: FastifyInstance, dist = DIST): Promise<SendPage | undefined> {
  const file = join(dist, 'index.html');
  if (!existsSync(file)) return undefined;
  const page = readFileSync(file, 'utf8');
  // `serve` would add a route of its own without a role.
  await app.register(fastifyStatic, { root: dist, serve: false, preCompressed: true, dotfiles: 'deny' });
  const config = { role: 'public' } as const;
  const schema = { hide: true };
  app.get<{ Params: { '*': string } }>('/assets/*', { config, schema }, async (request, reply) => {
    const name = request.params['*'];
    // One level of names that the build makes: nothing else of the disk has an address.
    if (!/^[\w-]+(?:\.[\w-]+)+$/.test(name)) return reply.callNotFound();
    reply.header('cache-control', `public, max-age=${YEAR_SECONDS}, immutable`);
    return reply.sendFile(`assets/${name}`, { cacheControl: false });
  });
  app.get('/favicon.svg', { config, schema }, async (_request, reply) => {
    reply.header('cache-control', 'public, max-age=86400');
    return reply.sendFile('favicon.svg', { cacheControl: false });
  });
  return (reply, status) => sendPage(reply, { page, status });
}

/** Whether a browser asks for a page, and not a program for something that is not there. */
export function wantsPage(request: FastifyRequest): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  if (/^\/(?:api|assets)(?:[/?]|$)/.test(request.url)) return false;
  return (request.headers.accept ?? '').includes('text/html');
}

function sendPage(reply: FastifyReply, { page, status }: { readonly page: string; readonly status: number }) {
  const nonce = newToken();
  const policy = [
    "default-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ];
  return reply
    .code(status)
    .header('content-security-policy', policy.join(';'))
    .header('content-type', 'text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(page.replaceAll('STYLE_NONCE', nonce));
}

/** The addresses of screens, `*` for what follows; the table of pages in the interface has the same. */
const SCREENS =
  /^\/(?:$|(?:jobs|messages|outbox|printers|queues|devices|users|journal|settings|account)(?:\/|$)|(?:find|first-run|sessions\/new|hand-over|links)$)/;

/** 200 for the address of a screen, 404 for any other. */
export function pageStatus(request: FastifyRequest): number {
  const path = request.url.split('?', 1)[0] ?? '';
  return SCREENS.test(path) ? 200 : 404;
}
