/** What went wrong, as it is shown: what happened, why, what to do next, and the other side's exact words. */
import { z } from 'zod';
import { adviceFor, hasText, type Language, titleFor } from '../locales/locales.ts';
import { PlatenError } from '../server/base/errors.ts';
import type { Screen } from './screen.ts';

type Fact = string | number;

/** Of Microsoft's side: who, whether waiting helps, where, what to run, and what it may be. */
const explanation = z.looseObject({
  reference: z.string().optional(),
  whoText: z.string().optional(),
  waitingText: z.string().optional(),
  placeText: z.string().optional(),
  address: z.string().optional(),
  command: z.string().optional(),
  causes: z
    .array(
      z.looseObject({
        meaning: z.string(),
        how: z.string(),
        whoText: z.string().optional(),
        placeText: z.string().optional(),
        command: z.string().optional(),
      }),
    )
    .optional(),
});
type Explanation = z.infer<typeof explanation>;

export type ProblemText = {
  readonly code: string;
  readonly title: string;
  readonly detail?: string | undefined;
  readonly advice?: string | undefined;
  readonly remote?: string | undefined;
  readonly facts?: Readonly<Record<string, Fact>> | undefined;
  readonly explanation?: Explanation | undefined;
  /** Under which the server's log has more. */
  readonly id?: string | undefined;
  readonly status?: number | undefined;
};

/** A command could not do what it was asked; the exit code is 1. */
export class Problem extends Error {
  readonly told: ProblemText;

  constructor(told: ProblemText, cause?: unknown) {
    super(told.title, cause === undefined ? undefined : { cause });
    this.name = 'Problem';
    this.told = told;
  }
}

/** The command was written wrongly; the exit code is 2. `key` names a text under `cli.usage`. */
export class UsageError extends Error {
  readonly key: string;
  readonly values: Readonly<Record<string, string | number>>;

  constructor(key: string, values: Readonly<Record<string, string | number>> = {}) {
    super(key);
    this.name = 'UsageError';
    this.key = key;
    this.values = values;
  }
}

const fact = z.union([z.string(), z.number()]);

/** A problem answer (RFC 9457) of Platen. */
export const problemAnswer = z.object({
  code: z.string(),
  title: z.string(),
  status: z.number().optional(),
  detail: z.string().optional(),
  advice: z.string().optional(),
  remote: z.string().optional(),
  facts: z.record(z.string(), fact).optional(),
  instance: z.string().optional(),
});

/** A problem that Platen keeps with a connection, mailbox, printer or job. */
export const keptProblem = z
  .object({
    code: z.string(),
    title: z.string().optional(),
    advice: z.string().optional(),
    detail: z.string().optional(),
    remote: z.string().optional(),
    facts: z.record(z.string(), fact).optional(),
    values: z.record(z.string(), fact).optional(),
    at: z.string().optional(),
    explanation: explanation.optional(),
  })
  .nullish();
export type KeptProblem = z.infer<typeof keptProblem>;

export function explainKept(language: Language, kept: NonNullable<KeptProblem>): ProblemText {
  const { code, values = {}, detail, remote, facts } = kept;
  const isKnown = hasText(language, `errors.${code}.title`);
  return {
    code,
    title: kept.title ?? (isKnown ? titleFor(language, code, values) : code),
    advice: kept.advice ?? (isKnown ? adviceFor(language, code, values) : undefined),
    detail,
    remote,
    facts,
    explanation: kept.explanation,
  };
}

/** An error of ours on this side: settings, key file, data directory. */
export function explainError(language: Language, error: PlatenError): ProblemText {
  const { code, message, values, remote, facts } = error;
  return {
    code,
    title: titleFor(language, code, values),
    detail: message,
    advice: adviceFor(language, code, values),
    remote,
    facts,
  };
}

export type ProblemStream = 'result' | 'error';

/** Prints a problem: as a result to standard output, as a failure to standard error. */
export function showProblem(screen: Screen, told: ProblemText, stream: ProblemStream): void {
  const line = stream === 'result' ? screen.line.bind(screen) : screen.complain.bind(screen);
  line({ text: told.title, tone: 'broken' });
  const show = (key: string, text: string | undefined) => {
    if (text !== undefined && text !== '') line(`  ${screen.text(`problem.${key}`)} ${text}`);
  };
  show('detail', told.detail);
  show('advice', told.advice);
  show('remote', told.remote === told.detail ? undefined : told.remote);
  for (const [name, value] of Object.entries(told.facts ?? {})) line(`  ${name}: ${value}`);
  show('id', told.id);
  if (told.explanation !== undefined) for (const text of explanationLines(screen, told.explanation)) line(`  ${text}`);
}

/** Who, whether waiting helps, where, what to run: one line each; then the causes, numbered. */
function explanationLines(screen: Screen, told: Explanation): string[] {
  const parts = [
    ['who', told.whoText],
    ['waiting', told.waitingText],
    ['place', told.placeText],
    ['address', told.address],
    ['command', told.command],
    ['reference', told.reference],
  ] as const;
  const { causes = [] } = told;
  return [
    ...parts.flatMap(([key, text]) => lineOf(screen, key, text)),
    ...(causes.length === 0 ? [] : [screen.text('doctor.causes')]),
    ...causes.flatMap(({ meaning, how, whoText, placeText, command }, at) => [
      `${at + 1}. ${meaning}`,
      ...[
        ...lineOf(screen, 'how', how),
        ...lineOf(screen, 'who', whoText),
        ...lineOf(screen, 'where', placeText),
        ...lineOf(screen, 'show', command),
      ].map((text) => `   ${text}`),
    ]),
  ];
}

type Part = 'who' | 'waiting' | 'place' | 'address' | 'command' | 'reference' | 'how' | 'where' | 'show';

function lineOf(screen: Screen, key: Part, text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : [`${screen.text(`doctor.${key}`)} ${text}`];
}

/** What a command failed with, whatever was thrown. */
export function explainThrown(screen: Screen, thrown: unknown): ProblemText {
  if (thrown instanceof Problem) return thrown.told;
  if (thrown instanceof PlatenError) return explainError(screen.language, thrown);
  const detail = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return { code: 'internal-error', title: titleFor(screen.language, 'internal-error'), detail };
}
