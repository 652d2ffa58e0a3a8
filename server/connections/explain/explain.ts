/**
 * Every failure explained: who can cure it, whether waiting helps, where to click and which command to run. Meaning and
 * advice are those of its error code; this adds what stands in the tables of `protocols/microsoft`, in the reader's
 * language. What no table knows is shown in the other side's own words, with how to report it.
 */
import { adviceFor, hasText, textFor, titleFor } from '../../../locales/locales.ts';
import { AADSTS } from '../../protocols/microsoft/aadsts.ts';
import { type Answer, type AnswerProtocol, findAnswer, findAnswerByCode } from '../../protocols/microsoft/answers.ts';
import { commandOf } from '../../protocols/microsoft/commands.ts';
import type { Cure, Waiting, Who } from '../../protocols/microsoft/failure.ts';
import { addressOf, type Place } from '../../protocols/microsoft/places.ts';
import type { Language, Problem } from '../../store/schema.ts';

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
  const answer = findAnswer(words, about.protocol) ?? findAnswerByCode(problem.code);
  if (answer !== undefined) return describeAnswer(answer, problem, about);
  if (problem.remote === undefined) return undefined;
  const unknown = { who: 'project', waiting: 'no' } as const;
  if (!Number.isNaN(aadsts)) {
    return describe(unknown, { ...about, reference: `AADSTS${aadsts}`, texts: 'answers.unknown' });
  }
  return describe(unknown, { ...about, reference: 'unknown', texts: 'answers.unknown' });
}

function describeAnswer(answer: Answer, problem: Told, about: About): Explanation {
  const { mailbox, account } = namesOf(problem, about);
  const explained = describe(answer, {
    ...about,
    account,
    mailbox,
    reference: answer.id,
    texts: `answers.${answer.id}`,
  });
  if (answer.code === undefined) return explained;
  const values = { mailbox, sender: account, host: '', ...problem.values };
  const [meaning, action] = [
    titleFor(about.language, answer.code, values),
    adviceFor(about.language, answer.code, values),
  ];
  return { ...explained, meaning, action };
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
  const { language, cloud, clientId, reference, texts, account = '', mailbox = account } = shown;
  const address =
    cure.place === undefined || cloud === undefined
      ? undefined
      : addressOf(cure.place, { cloud, ...(clientId === undefined ? {} : { clientId }) });
  return {
    reference,
    meaning: hasText(language, `${texts}.meaning`) ? textFor(language, `${texts}.meaning`) : '',
    action: hasText(language, `${texts}.action`) ? textFor(language, `${texts}.action`) : '',
    who: cure.who,
    whoText: textFor(language, `explain.who.${cure.who}`),
    waiting: cure.waiting,
    waitingText: textFor(language, `explain.waiting.${cure.waiting}`),
    ...(cure.place === undefined ? {} : { place: cure.place, placeText: textFor(language, `places.${cure.place}`) }),
    ...(address === undefined ? {} : { address }),
    ...(cure.command === undefined || mailbox === '' ? {} : { command: commandOf(cure.command, { mailbox, account }) }),
  };
}
