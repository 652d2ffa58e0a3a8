/**
 * Which names the server answers to, and from which pages it takes changes.
 *
 * The Host header must name this server: a foreign name that was pointed at our address (DNS rebinding) gets 421,
 * whatever the path. A request that changes something must come from our own pages: the Origin and Sec-Fetch-Site
 * headers say so, and no page can forge them. CORS stays off.
 */
import type { FastifyRequest } from 'fastify';
import { PlatenError } from '../base/errors.ts';
import type { Context } from '../store/database.ts';
import { hasSessionCookie } from '../users/users.ts';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

/** Throws `wrong-host` (RFC 9110 section 15.5.20) unless the Host header names this server. */
export function assertOwnHost(request: FastifyRequest, context: Context): void {
  // An absolute-form target would override the Host header (RFC 9112 section 3.2.2); only proxies get such.
  const host = request.raw.url?.startsWith('/') === true ? hostOf(request) : undefined;
  if (host === undefined || !ownHosts(request, context).has(host)) {
    throw new PlatenError('wrong-host', 'this server does not answer to the name in the Host header');
  }
}

/** Throws `cross-site-request` when a page of another origin may be behind a request that changes something. */
export function assertOwnOrigin(request: FastifyRequest, context: Context): void {
  if (SAFE_METHODS.includes(request.method)) return;
  const { origin, 'sec-fetch-site': site } = request.headers;
  const foreign = (message: string) => new PlatenError('cross-site-request', message);
  if (origin !== undefined && !ownOrigins(request, context).includes(origin)) {
    throw foreign('the request comes from a page of another origin');
  }
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw foreign('the request comes from a page of another site');
  }
  // Browsers send one of the two with every change. Programs send neither, and have a token instead of the cookie.
  if (origin === undefined && site === undefined && hasSessionCookie(context, request.cookies)) {
    throw foreign('a request with a session cookie must say which page it comes from');
  }
}

function ownHosts(request: FastifyRequest, context: Context): Set<string> {
  const { localAddress = '', localPort } = request.socket;
  const { host, publicUrl } = context.settings;
  // The address of this very socket cannot be a foreign name.
  const names = [...LOOPBACK_NAMES, bracketed(host), bracketed(localAddress.replace(/^::ffff:(?=\d+\.)/i, ''))];
  const own = names.map((name) => canonical(`${name}:${localPort}`, schemeOf(request)));
  return new Set([new URL(publicUrl).host, ...own.filter((name) => name !== undefined)]);
}

function ownOrigins(request: FastifyRequest, context: Context): string[] {
  return [context.settings.publicUrl, `${schemeOf(request)}//${hostOf(request)}`];
}

function hostOf(request: FastifyRequest): string | undefined {
  // Never X-Forwarded-Host: whoever can send it chooses it.
  const header = request.headers.host;
  // Of two, Node shows us the first, and a proxy may have looked at the second (RFC 9112 section 3.2).
  const count = request.raw.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length;
  return header === undefined || count > 1 ? undefined : canonical(header, schemeOf(request));
}

/** Host and port in lower case, without the port that the scheme implies. */
function canonical(host: string, scheme: string): string | undefined {
  if (!/^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i.test(host)) return undefined;
  return URL.canParse(`${scheme}//${host}`) ? new URL(`${scheme}//${host}`).host : undefined;
}

function schemeOf(request: FastifyRequest): 'https:' | 'http:' {
  return 'encrypted' in request.socket && request.socket.encrypted === true ? 'https:' : 'http:';
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
