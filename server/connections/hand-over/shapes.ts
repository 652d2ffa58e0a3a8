/** What the routes of hand-overs take and give. */
import { z } from 'zod';
import type { Language } from '../../store/schema.ts';
import { answerProblem } from '../explain/kept.ts';
import { line } from '../shapes.ts';
import type { HandOver } from './hand-over.ts';
import type { OwnersView } from './owner.ts';

export const handOverBody = z.object({
  recipient: line(100).optional(),
  language: z.enum(['en', 'it']),
  validDays: z.union([z.literal(1), z.literal(3), z.literal(7)]).default(3),
});

export const madeAnswer = z.object({
  url: z.string(),
  expiresAt: z.string(),
  /** What may be sent to the owner, in the owner's language; it holds the link and no code. */
  subject: z.string(),
  invitation: z.string(),
});

const states = z.enum(['open', 'expired', 'confirmed', 'withdrawn', 'unexpected']);

export const handOverAnswer = z.object({
  state: states,
  recipient: z.string().nullable(),
  language: z.enum(['en', 'it']),
  createdAt: z.string(),
  expiresAt: z.string(),
  openedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
});

// 43 signs of base64url; anything near it is looked up, the rest is refused by its form.
const token = z.string().min(1).max(100);
export const tokenBody = z.object({ token });
// As where administrators paste.
export const pasteBody = z.object({ token, address: z.string().min(1).max(32_768) });

/** A problem as its reader here can use it: no ids of the installation, no commands of an administrator. */
const ownersProblem = z.object({
  code: z.string(),
  title: z.string(),
  advice: z.string(),
  meaning: z.string().optional(),
  whoText: z.string().optional(),
  remote: z.string().optional(),
  reference: z.string().optional(),
  at: z.string(),
});

export const ownerAnswer = z.object({
  state: states,
  language: z.enum(['en', 'it']),
  recipient: z.string().nullable(),
  expiresAt: z.string(),
  askedBy: z.object({ name: z.string(), email: z.string() }).nullable(),
  account: z.string().nullable(),
  uses: z.array(z.enum(['imap', 'pop3', 'smtp'])),
  login: z
    .object({
      kind: z.enum(['device-code', 'link']),
      state: z.enum(['pending', 'granted', 'declined', 'expired', 'wrong-account', 'refused', 'canceled']),
      offersLink: z.boolean(),
      /** The account that confirmed and was not the right one. */
      tried: z.string().optional(),
      problem: ownersProblem.optional(),
    })
    .nullable(),
  code: z.object({ userCode: z.string(), verificationUri: z.string(), expiresAt: z.string() }).nullable(),
});

export const ownersLinkAnswer = z.object({ url: z.string(), expiresAt: z.string(), view: ownerAnswer });

export function answerHandOver(handOver: HandOver): z.infer<typeof handOverAnswer> {
  const { state, recipient, language, createdAt, expiresAt, openedAt, endedAt } = handOver;
  return {
    state,
    recipient: recipient ?? null,
    language,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    openedAt: openedAt?.toISOString() ?? null,
    endedAt: endedAt?.toISOString() ?? null,
  };
}

export function answerOwner(view: OwnersView, language: Language): z.infer<typeof ownerAnswer> {
  const { state, recipient, expiresAt, askedBy, account, uses, code } = view;
  return {
    state,
    language: view.language,
    recipient: recipient ?? null,
    expiresAt: expiresAt.toISOString(),
    askedBy: askedBy ?? null,
    account: account ?? null,
    uses: [...uses],
    login: answerLogin(view, language),
    code:
      code === undefined
        ? null
        : {
            userCode: code.userCode,
            verificationUri: code.verificationUri,
            expiresAt: code.expiresAt.toISOString(),
          },
  };
}

function answerLogin({ login, cloud }: OwnersView, language: Language): z.infer<typeof ownerAnswer>['login'] {
  if (login === undefined) return null;
  const { kind, state, offersLink, problem } = login;
  if (problem === undefined) return { kind, state, offersLink };
  const { code, title, advice, remote, facts, explanation, at } = answerProblem(problem, language, { cloud });
  const trace = facts?.traceId ?? facts?.correlationId;
  const reference = [explanation?.reference, trace].filter((part) => part !== undefined && part !== 'unknown');
  const told = { code, title, advice, at, ...(remote === undefined ? {} : { remote }) };
  // how Microsoft explains a refusal; of a press on Cancel there is nothing to explain
  const isRefused = state === 'refused' && explanation !== undefined;
  const explained = !isRefused ? {} : { meaning: explanation.meaning, whoText: explanation.whoText };
  const marks = reference.length === 0 ? {} : { reference: reference.join(' · ') };
  const { account: tried } = problem.values ?? {};
  const who = state === 'wrong-account' && typeof tried === 'string' ? { tried } : {};
  return { kind, state, offersLink, ...who, problem: { ...told, ...explained, ...marks } };
}
