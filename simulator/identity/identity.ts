/** What every identity endpoint is given: the tenant, the signing key, the faults, the log, and the request itself. */
import { createHash, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import type { Rehearsals } from '../rehearsals/rehearsals.ts';
import type { PracticeTenant, ScopeSet } from '../tenant.ts';
import type { Faults } from './faults.ts';

export const ENDPOINTS = [
  'devicecode',
  'token',
  'openid-configuration',
  'keys',
  'authorize',
  'adminconsent',
  'device-login',
  'me',
  'introspect',
] as const;
export type Endpoint = (typeof ENDPOINTS)[number] | 'other';

export type Identity = {
  readonly tenant: PracticeTenant;
  readonly key: SigningKey;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly pageSessions: Map<string, PageSession>;
  readonly authority: string;
  /** Set when the mail servers run too. */
  rehearsals?: Rehearsals;
};

/** What a browser is in the middle of, between two pages. */
export type PageSession = {
  readonly id: string;
  readonly purpose: PagePurpose;
  readonly openedAt: Date;
  upn: string | undefined; // set when the account is chosen and its password, if any, was right
};

export type PagePurpose =
  | { readonly kind: 'device-code'; readonly deviceCode: string }
  | {
      readonly kind: 'authorize' | 'adminconsent';
      readonly tenantPath: string;
      readonly clientId: string;
      readonly scopes: ScopeSet;
      readonly redirectUri: string;
      readonly responseMode: 'query' | 'fragment';
      readonly state: string | undefined;
      readonly nonce: string | undefined;
      readonly codeChallenge: string | undefined;
    };

export type Language = 'en' | 'it';

export type IdentityRequest = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly form: URLSearchParams; // empty unless the body is form-encoded
  readonly tenantPath: string; // as the caller wrote it
  readonly correlationId: string;
  readonly language: Language;
};

/** One line of the wire log: what was asked and what became of it; never a token or a code. */
export type LoggedRequest = {
  readonly at: Date;
  readonly endpoint: Endpoint;
  readonly grant: string | undefined;
  readonly tenantPath: string;
  readonly clientId: string | undefined;
  readonly scope: string | undefined;
  readonly account: string | undefined;
  readonly status: number | undefined; // undefined: no answer was sent
  readonly error: string | undefined;
  readonly aadsts: number | undefined;
  readonly fault: string | undefined;
};

const MAX_LOGGED = 20_000;

export class RequestLog {
  readonly #entries: LoggedRequest[] = [];
  readonly #counts = new Map<string, number>();

  add(entry: LoggedRequest): void {
    this.#entries.push(entry);
    if (this.#entries.length > MAX_LOGGED) this.#entries.splice(0, MAX_LOGGED / 2);
    const kind = entry.grant ? `${entry.endpoint}:${entry.grant}` : entry.endpoint;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** How often each endpoint was asked, the token endpoint by grant: `token:device_code`, `token:refresh_token`. */
  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  entries(filter: { endpoint?: string; grant?: string } = {}): LoggedRequest[] {
    return this.#entries.filter(
      (entry) =>
        (!filter.endpoint || entry.endpoint === filter.endpoint) && (!filter.grant || entry.grant === filter.grant),
    );
  }

  clear(): void {
    this.#entries.length = 0;
    this.#counts.clear();
  }
}

/** The RSA key that signs id and access tokens (RS256) and its public half as a JWK (RFC 7517). */
export class SigningKey {
  readonly kid: string;
  readonly jwk: JsonWebKey & { kid: string };
  readonly #privateKey: KeyObject;

  constructor(privateKey?: KeyObject) {
    this.#privateKey = privateKey ?? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const jwk = createPublicKey(this.#privateKey).export({ format: 'jwk' });
    this.kid = createHash('sha256')
      .update(jwk.n ?? '')
      .digest('base64url')
      .slice(0, 27);
    this.jwk = { kty: 'RSA', use: 'sig', alg: 'RS256', kid: this.kid, x5t: this.kid, n: jwk.n ?? '', e: jwk.e ?? '' };
  }

  get pem(): string {
    return this.#privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  }

  /** A compact JWS (RFC 7515) of these claims. */
  sign(claims: Record<string, unknown>): string {
    const header = { typ: 'JWT', alg: 'RS256', x5t: this.kid, kid: this.kid };
    const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${input}.${sign('RSA-SHA256', Buffer.from(input), this.#privateKey).toString('base64url')}`;
  }
}
