/** What the rest of the server finds on a request: who asks, in which language. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { chooseLanguage } from '../../locales/locales.ts';
import { PlatenError } from '../base/errors.ts';
import type { Language, Role } from '../store/schema.ts';
import type { Principal } from '../users/users.ts';

export type RouteRole = Role | 'public';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The least role that may call the route; a route without one does not start. */
    role: RouteRole;
  }
  interface FastifyRequest {
    /** Who asks. Reading it throws `unauthenticated` when nobody is signed in, which only a public route can meet. */
    readonly principal: Principal;
    readonly signedIn: Principal | undefined;
    /** For the journal: the id of the user, or the name of the API token. */
    readonly actor: string;
    readonly language: Language;
  }
}

const principals = new WeakMap<FastifyRequest, Principal>();

export function setPrincipal(request: FastifyRequest, principal: Principal): void {
  principals.set(request, principal);
}

export function decorateRequests(app: FastifyInstance): void {
  app.decorateRequest('signedIn', {
    getter(this: FastifyRequest) {
      return principals.get(this);
    },
  });
  app.decorateRequest('principal', {
    getter(this: FastifyRequest) {
      const principal = principals.get(this);
      if (principal === undefined) throw new PlatenError('unauthenticated', 'nobody is signed in');
      return principal;
    },
  });
  app.decorateRequest('actor', {
    getter(this: FastifyRequest) {
      const principal = principals.get(this);
      if (principal === undefined) return 'anonymous';
      return principal.kind === 'user' ? principal.userId : `token:${principal.name}`;
    },
  });
  app.decorateRequest('language', {
    getter(this: FastifyRequest) {
      return languageOf(this, principals.get(this));
    },
  });
}

/** The language that the request asks for (RFC 9110 section 12.5.4); without a wish the user's own. */
export function languageOf(request: FastifyRequest, principal?: Principal): Language {
  const wish = request.headers['accept-language'];
  if (wish !== undefined && wish.trim() !== '*') return chooseLanguage(wish);
  return principal?.kind === 'user' ? principal.language : 'en';
}
