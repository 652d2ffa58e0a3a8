/**
 * Every failure explained: who can cure it, whether waiting helps, where to click and which command to run. Meaning and
 * advice are those of its error code; this adds what stands in the tables of `protocols/microsoft`, in the reader's
 * language. What no table knows is shown in the other side's own words, with how to report it.
 */
import { adviceFor, hasText, textFor, titleFor } from '../../../locales/locales.ts';
import { AADSTS } from '../../protocols/microsoft/aadsts.ts';
import { type Answer, type AnswerProtocol, findAnswer, findAnswerByCode } from '../../protocols/microsoft/answers.ts';
import { CAUSES, CAUSES_OF, type Cause, type CauseId } from '../../protocols/microsoft/causes.ts';
import { commandOf } from '../../protocols/microsoft/commands.ts';
import type { Cure, Waiting, Who } from '../../protocols/microsoft/failure.ts';
import { addressOf, type Place } from '../../protocols/microsoft/places.ts';
import type { Language, Problem } from '../../store/schema.ts';

/** One of several things that end in the same words. */
export type PossibleCause = {
  readonly id: CauseId;
  readonly meaning: string;
  /** How to find out whether it is this one. */
  readonly how: string;
  readonly who: Who;
  readonly whoText: string;
  readonly placeText?: string;
  readonly address?: string;
  /** Shows the setting, and changes nothing. */
  readonly command?: string;
};

export type Explanation = {
  /** For reports and searches: `AADSTS53003`, `smtp-auth-off-tenant`, or `unknown`. */
  readonly reference: string;
  readonly meaning: string;
  readonly action: string;
  readonly who: Who;
  readonly whoText: string;
  readonly waiting: Waiting;
  readonly waitingText: string;
  readonly place?: Place;
  /** The path through the menus. */
  readonly placeText?: string;
  /** The page itself, in the cloud of the tenant. */
  readonly address?: string;
  readonly command?: string;
  /** The most likely first; absent when there is one cause alone, or when it was told apart. */
  readonly causes?: readonly PossibleCause[];
};

export type About = {
  readonly language: Language;
  /** Without it no page is named, because each cloud has its own. */
  readonly cloud?: string;
  readonly clientId?: string;
  /** The account that signs in. */
  readonly account?: string;
  /** The mailbox that is read or sent from, where it is another. */
  readonly mailbox?: string;
  readonly protocol?: AnswerProtocol;
};

type Told = Pick<Problem, 'code' | 'remote' | 'facts' | 'values'>;

/** Explains a failure that carries an answer of Microsoft or of the way there; undefined for one that is all our own. */
export function explainFailure(problem: Told, about: About): Explanation | undefined {
  const aadsts = Number(problem.facts?.aadsts ?? Number.NaN);
  const cure = AADSTS.get(aadsts);
  if (cure !== undefined) return describe(cure, { ...about, reference: `AADSTS${aadsts}`, texts: `aadsts.${aadsts}` });
  const words = [problem.remote ?? '', problem.facts?.failure ?? '', problem.facts?.words ?? ''].join(' ');
  const answer =
    findAnswer(words, about.protocol) ?? (problem.remote === undefined ? findAnswerByCode(problem.code) : undefined);
  if (answer !== undefined) return describeAnswer(answer, problem, about);
  const plain = PLAIN[problem.code];
  if (plain !== undefined)
    return withTextsOf(
      problem.code,
      describe(plain, { ...about, reference: problem.code, texts: '' }),
      about,
      problem.values,
    );
  if (problem.remote === undefined) return undefined;
  const unknown = { who: 'project', waiting: 'no' } as const;
  if (!Number.isNaN(aadsts)) {
    return describe(unknown, { ...about, reference: `AADSTS${aadsts}`, texts: 'answers.unknown' });
  }
  return describe(unknown, { ...about, reference: 'unknown', texts: 'answers.unknown' });
}

/** What its error code says all about, also when Microsoft gives no number with it. */
const PLAIN: Readonly<Record<string, Cure>> = {
  'login-declined': { who: 'mailbox-owner', waiting: 'no' },
  'login-expired': { who: 'mailbox-owner', waiting: 'no' },
  'no-renewal': { who: 'entra-administrator', waiting: 'no', place: 'app-permissions' },
  'token-wrong-service': { who: 'platen-administrator', waiting: 'no' },
  'wrong-account': { who: 'mailbox-owner', waiting: 'no' },
};

function withTextsOf(code: string, explained: Explanation, about: About, values: Problem['values'] = {}): Explanation {
  const { language } = about;
  return { ...explained, meaning: titleFor(language, code, values), action: adviceFor(language, code, values) };
}

function describeAnswer(answer: Answer, problem: Told, about: About): Explanation {
  const { mailbox, account } = namesOf(problem, about);
  const shown = { ...about, account, mailbox, reference: answer.id, texts: `answers.${answer.id}` };
  const causes = possibleCauses(answer.id, problem).map((id) => describeCause(id, shown));
  const explained = { ...describe(answer, shown), ...(causes.length === 0 ? {} : { causes }) };
  if (answer.code === undefined) return explained;
  return withTextsOf(answer.code, explained, about, { mailbox, sender: account, host: '', ...problem.values });
}

/** What may have led to an answer, without what a test has ruled out; none when a test has found the one. */
function possibleCauses(answerId: string, { facts }: Told): readonly CauseId[] {
  const all = CAUSES_OF[answerId] ?? [];
  const ruledOut = String(facts?.ruledOut ?? '').split(' ');
  return all.some((id) => id === facts?.cause) ? [] : all.filter((id) => !ruledOut.includes(id));
}

function describeCause(id: CauseId, { language, ...about }: About): PossibleCause {
  const cause: Cause = CAUSES[id];
  return {
    id,
    meaning: textFor(language, `causes.${id}.meaning`),
    how: textFor(language, `causes.${id}.how`),
    who: cause.who,
    whoText: textFor(language, `explain.who.${cause.who}`),
    ...wayOf(cause, { ...about, language }),
  };
}

/** Where to click and what to run, with the names filled in. */
function wayOf({ place, command }: Pick<Cause, 'place' | 'command'>, about: About) {
  const { language, cloud, clientId, account = '', mailbox = account } = about;
  const address =
    place === undefined || cloud === undefined
      ? undefined
      : addressOf(place, { cloud, ...(clientId === undefined ? {} : { clientId }) });
  return {
    ...(place === undefined ? {} : { placeText: textFor(language, `places.${place}`) }),
    ...(address === undefined ? {} : { address }),
    ...(command === undefined || mailbox === '' ? {} : { command: commandOf(command, { mailbox, account }) }),
  };
}

function namesOf(problem: Told, about: About): { readonly mailbox: string; readonly account: string } {
  const value = (name: string) => {
    const found = problem.values?.[name];
    return found === undefined ? undefined : String(found);
  };
  // a right is given to the account that signs in, on the address that it writes or reads as
  const account = about.account ?? value('mailbox') ?? value('account') ?? '';
  return { account, mailbox: about.mailbox ?? value('sender') ?? value('address') ?? account };
}

function describe(cure: Cure, shown: About & { readonly reference: string; readonly texts: string }): Explanation {
  const { language, reference, texts } = shown;
  return {
    reference,
    meaning: hasText(language, `${texts}.meaning`) ? textFor(language, `${texts}.meaning`) : '',
    action: hasText(language, `${texts}.action`) ? textFor(language, `${texts}.action`) : '',
    who: cure.who,
    whoText: textFor(language, `explain.who.${cure.who}`),
    waiting: cure.waiting,
    waitingText: textFor(language, `explain.waiting.${cure.waiting}`),
    ...(cure.place === undefined ? {} : { place: cure.place }),
    ...wayOf(cure, shown),
  };
}
