/** What other rooms keep of a failure, explained: of the server that a mailbox is read from, or that messages leave by. */
import { z } from 'zod';
import { adviceFor, titleFor } from '../../../locales/locales.ts';
import type { Context } from '../../store/database.ts';
import type { Language, Problem } from '../../store/schema.ts';
import { readNetworkSettings } from '../network.ts';
import { type About, type Explanation, explainFailure } from './explain.ts';

/** What an explanation names of a connection: its cloud, its registration and its account. */
export type AboutConnection = Omit<About, 'language' | 'protocol'>;

const cause = z.object({
  id: z.string(),
  meaning: z.string(),
  how: z.string(),
  who: z.string(),
  whoText: z.string(),
  placeText: z.string().optional(),
  address: z.string().optional(),
  command: z.string().optional(),
});

/** Who can cure it, whether waiting helps, where to click and what to run. */
const explanationAnswer = z.object({
  reference: z.string(),
  meaning: z.string(),
  action: z.string(),
  who: z.string(),
  whoText: z.string(),
  waiting: z.enum(['no', 'minutes', 'hour', 'day', 'normal']),
  waitingText: z.string(),
  place: z.string().optional(),
  placeText: z.string().optional(),
  address: z.string().optional(),
  command: z.string().optional(),
  /** The most likely first; absent where there is only one, or where a test has told them apart. */
  causes: z.array(cause).optional(),
});

/** A kept problem with its title, its advice and who can do what about it, in the reader's language. */
export const problemAnswer = z.object({
  code: z.string(),
  title: z.string(),
  detail: z.string(),
  advice: z.string(),
  remote: z.string().optional(),
  facts: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  explanation: explanationAnswer.optional(),
  at: z.string(),
});
export type ProblemAnswer = z.infer<typeof problemAnswer>;

type ExplanationAnswer = z.infer<typeof explanationAnswer>;

function answerExplanation({ causes, ...explanation }: Explanation): ExplanationAnswer {
  return { ...explanation, ...(causes === undefined ? {} : { causes: [...causes] }) };
}

/** What each connection is, by its id. */
export async function aboutConnections(context: Context): Promise<ReadonlyMap<string, AboutConnection>> {
  const rows = await context.db
    .selectFrom('connections')
    .select(['id', 'cloud', 'client_id', 'account_username', 'expected_account'])
    .execute();
  return new Map(
    rows.map((row) => {
      const account = row.account_username ?? row.expected_account ?? undefined;
      return [row.id, { cloud: row.cloud, clientId: row.client_id, ...(account === undefined ? {} : { account }) }];
    }),
  );
}

/** The connection that messages leave through; undefined for any other server. */
export async function aboutOutgoing(context: Context): Promise<AboutConnection | undefined> {
  const { outgoing } = await readNetworkSettings(context);
  if (outgoing?.kind !== 'connection') return undefined;
  return (await aboutConnections(context)).get(outgoing.connectionId);
}

/** Codes that many things end in: what to do stands with the words of the other side, unless a test has found the cause. */
const MANY_THINGS: ReadonlySet<string> = new Set([
  'mailbox-refused',
  'mailbox-unreachable',
  'message-deferred',
  'message-refused',
  'server-tls-refused',
  'server-unreachable',
]);

/** What to do about a kept failure: what is known of its very words, where that says more than its code. */
function adviceOn(problem: Problem, language: Language, told: ExplanationAnswer | undefined): string {
  const { code, values, facts } = problem;
  const own = adviceFor(language, code, values);
  if (told === undefined || told.reference === 'unknown' || told.action === '') return own;
  return MANY_THINGS.has(code) && facts?.cause === undefined ? told.action : own;
}

/** Their advice says all that can be done about words that nobody knows, or that the server did not say. */
const ABOUT_THE_MESSAGE: ReadonlySet<string> = new Set([
  'message-too-large',
  'outcome-uncertain',
  'recipient-refused',
  'sender-refused',
]);

/**
 * Explains a kept failure. Through a connection everything that Microsoft says is known; of any other server only what
 * went wrong on the way there, and that passwords have ended. Undefined for the rest.
 */
function explainKept(
  problem: Problem,
  language: Language,
  about: AboutConnection | undefined,
): ExplanationAnswer | undefined {
  const told = explainFailure(problem, { ...about, language });
  if (told === undefined) return undefined;
  const { reference } = told;
  // a server of Microsoft that takes no passwords is told by its words, too
  const isOwnWay = about === undefined && !reference.startsWith('network-') && told.who !== 'platen-administrator';
  const isOpaque = reference === 'unknown' || problem.remote === undefined;
  const saysNothing = isOpaque && ABOUT_THE_MESSAGE.has(problem.code);
  return isOwnWay || saysNothing ? undefined : answerExplanation(told);
}

/** A problem of a connection itself, which is always about Microsoft. */
export function answerProblem(
  problem: Problem,
  language: Language,
  about: Omit<About, 'language'> = {},
): ProblemAnswer {
  const told = explainFailure(problem, { ...about, language });
  return answerWith(problem, language, told === undefined ? undefined : answerExplanation(told));
}

/** A problem that a mailbox or a message keeps; without a connection, of any other server. */
export function answerKept(problem: Problem, language: Language, about: AboutConnection | undefined): ProblemAnswer {
  return answerWith(problem, language, explainKept(problem, language, about));
}

function answerWith(problem: Problem, language: Language, explanation: ExplanationAnswer | undefined): ProblemAnswer {
  const { code, detail, remote, facts, values, at } = problem;
  return {
    code,
    title: titleFor(language, code, values),
    detail,
    advice: adviceOn(problem, language, explanation),
    ...(remote === undefined ? {} : { remote }),
    ...(facts === undefined ? {} : { facts: { ...facts } }),
    ...(explanation === undefined ? {} : { explanation }),
    at,
  };
}
