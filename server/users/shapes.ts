/** What users, sessions, tokens and the first run look like on the wire. */
import { z } from 'zod';
import { MAX_PASSWORD_CHARS } from './passwords.ts';
import type { SessionOfSomebody } from './sessions.ts';
import type { ApiToken } from './tokens.ts';
import type { Principal, User } from './user.ts';

const MAX_ADDRESSES = 50;

export const role = z.enum(['administrator', 'operator', 'user']);
export const language = z.enum(['en', 'it']);
export const idParams = z.object({ id: z.uuid() });

/** One line of text: no control characters, because it ends in logs, mail headers and on screens. */
export const line = (maxChars: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxChars)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line without control characters');

export const address = z.email().max(254).toLowerCase();
export const password = z.string().min(1).max(MAX_PASSWORD_CHARS);

/** Of the person who asks, to make somebody an administrator; a program with an API token has none. */
const ownPassword = password;

/** Of the length of a department in Microsoft 365. */
export const MAX_GROUP_CHARS = 64;
export const group = line(MAX_GROUP_CHARS);

export const userBody = z.object({
  email: address,
  name: line(200),
  role,
  password: password.optional(),
  language: language.optional(),
  addresses: z.array(address).max(MAX_ADDRESSES).optional(),
  group: group.optional(),
  ownPassword: ownPassword.optional(),
});

export const userChangeBody = z
  .object({
    email: address,
    name: line(200),
    role,
    password: password.nullable(),
    language,
    addresses: z.array(address).max(MAX_ADDRESSES),
    disabled: z.boolean(),
    group: group.nullable(),
    ownPassword,
  })
  .partial();

export const userAnswer = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role,
  language,
  addresses: z.array(z.string()),
  hasPassword: z.boolean(),
  createdAt: z.string(),
  disabledAt: z.string().nullable(),
  /** How the person came here: added by somebody, registered by a message, or from a file. */
  origin: z.enum(['administrator', 'mail', 'file']),
  /** Where the person belongs to, such as a school; it gives no rights. */
  group: z.string().nullable(),
});

export function answerUser(user: User): z.infer<typeof userAnswer> {
  return {
    ...user,
    addresses: [...user.addresses],
    createdAt: user.createdAt.toISOString(),
    disabledAt: user.disabledAt?.toISOString() ?? null,
    group: user.group ?? null,
  };
}

export const tokenBody = z.object({ name: line(100), role });

export const tokenAnswer = z.object({
  id: z.string(),
  name: z.string(),
  role,
  createdAt: z.string(),
  usedAt: z.string().nullable(),
});

export function answerToken(token: ApiToken): z.infer<typeof tokenAnswer> {
  return { ...token, createdAt: token.createdAt.toISOString(), usedAt: token.usedAt?.toISOString() ?? null };
}

/** How a person wants to see Platen, on every device. */
export const preferences = z.object({
  language,
  appearance: z.enum(['system', 'light', 'dark']),
  /** Of the rows of long lists. */
  density: z.enum(['comfortable', 'compact']),
  /** In which language the person sees Microsoft's own pages; `null`: the same as Platen. */
  portalLanguage: language.nullable(),
});

export const sessionAnswer = z.object({
  kind: z.enum(['user', 'token']),
  name: z.string(),
  role,
  /** Absent for a program with an API token. */
  user: userAnswer.nullable(),
  preferences: preferences.nullable(),
  /** How long it lasts at most, and how long without a request; in seconds, because clocks differ. Absent for a program. */
  session: z.object({ endsInSeconds: z.number(), idleSeconds: z.number() }).nullable(),
  /** The mail domain of the company, which tells one installation from another. */
  company: z.string().nullable(),
});

export const listedSession = z.object({
  id: z.string(),
  userId: z.string(),
  userName: z.string(),
  createdAt: z.string(),
  seenAt: z.string(),
  expiresAt: z.string(),
  remoteAddress: z.string().nullable(),
  userAgent: z.string().nullable(),
  /** The one with which this was asked. */
  isCurrent: z.boolean(),
});

export function answerListed(session: SessionOfSomebody, principal: Principal): z.infer<typeof listedSession> {
  return {
    ...session,
    createdAt: session.createdAt.toISOString(),
    seenAt: session.seenAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
    remoteAddress: session.remoteAddress ?? null,
    userAgent: session.userAgent ?? null,
    isCurrent: principal.kind === 'user' && principal.sessionId === session.id,
  };
}

export const mailDomain = z
  .string()
  .trim()
  .toLowerCase()
  .max(253)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/, 'must be a domain');

export const firstRunBody = z.object({
  /** Without it that of the address. */
  mailDomain: mailDomain.optional(),
  setupToken: z.string().min(1).max(200),
  email: address,
  name: line(200),
  password,
  language: language.default('en'),
});
