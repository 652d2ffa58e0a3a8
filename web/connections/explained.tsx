/** A problem of Microsoft's side with all that is known of it: who, whether waiting helps, what to click, what to run. */
import { Anchor, Group } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import type { TFunction } from 'i18next';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '../ui/copy.tsx';
import { Finding, type FindingProps } from '../ui/finding.tsx';
import { referenceOf } from '../ui/words.ts';
import type { Connection } from './connection.ts';

export type KeptProblem = NonNullable<Connection['problem']>;

type ExplainedProps = Pick<FindingProps, 'tone' | 'level' | 'stops' | 'since'> & {
  readonly problem: KeptProblem;
  /** The id of what has it. */
  readonly of?: string | undefined;
  /** In place of the problem's own, where more is known of how it came about. */
  readonly title?: string | undefined;
  /** What the check calls the test that found it. */
  readonly found?: string;
  readonly children?: ReactNode;
};

export function Explained({
  problem,
  of,
  title = problem.title,
  found,
  since = problem.at,
  children,
  ...shown
}: ExplainedProps) {
  const { advice, explanation } = problem;
  const { remote, isOfNetwork } = wordsOf(problem);
  return (
    <Finding
      {...shown}
      title={title}
      detail={found ?? meaningOf(problem)}
      own={explanation === undefined && !isOfNetwork ? problem.detail : undefined}
      since={since}
      advice={advice}
      who={explanation?.whoText}
      waiting={explanation?.waitingText}
      where={explanation?.placeText === undefined ? undefined : <Where explanation={explanation} />}
      command={explanation?.command === undefined ? undefined : <Command text={explanation.command} />}
      remote={remote}
      reference={referenceTo(problem, of)}
      causes={
        explanation?.causes === undefined ? undefined : <Causes causes={explanation.causes} level={shown.level} />
      }
    >
      {children}
    </Finding>
  );
}

/** What the server said, or what the network said in its place. */
function wordsOf({ remote, facts }: KeptProblem): {
  readonly remote: string | undefined;
  readonly isOfNetwork: boolean;
} {
  const words = remote === undefined && typeof facts?.words === 'string' ? facts.words : undefined;
  return { remote: remote ?? words, isOfNetwork: words !== undefined };
}

/** What a number of Microsoft means, unless the title says the same. */
function meaningOf({ title, explanation }: KeptProblem): string | undefined {
  const meaning = explanation?.meaning ?? '';
  return meaning === '' || meaning === title ? undefined : meaning;
}

type Explanation = NonNullable<KeptProblem['explanation']>;
type CausesProps = { readonly causes: NonNullable<Explanation['causes']>; readonly level: 2 | 3 | undefined };

/** What may have led to it, where no test could tell: the most likely first, each with how to find out. */
function Causes({ causes, level = 2 }: CausesProps) {
  const { t } = useTranslation();
  const Heading = `h${level === 2 ? 3 : 4}` as const;
  return (
    <>
      <Heading className="section">{t('label.causes')}</Heading>
      <ol>
        {causes.map((cause) => (
          <li key={cause.id}>
            <p className="plain">
              <strong>{cause.meaning}</strong>
            </p>
            <dl>
              <dt>{t('label.findOut')}</dt>
              <dd>{cause.how}</dd>
              <dt>{t('label.whoCan')}</dt>
              <dd>{cause.whoText}</dd>
              {cause.placeText === undefined ? null : (
                <>
                  <dt>{t('label.where')}</dt>
                  <dd>
                    <Where explanation={cause} />
                  </dd>
                </>
              )}
              {cause.command === undefined ? null : (
                <>
                  <dt>{t('label.showCommand')}</dt>
                  <dd>
                    <Command text={cause.command} />
                  </dd>
                </>
              )}
            </dl>
          </li>
        ))}
      </ol>
    </>
  );
}

function Where({ explanation }: { readonly explanation: Pick<Explanation, 'placeText' | 'address'> }) {
  const { t } = useTranslation();
  return (
    <>
      {explanation.placeText}{' '}
      {explanation.address === undefined ? null : (
        <Anchor href={explanation.address} target="_blank" rel="noreferrer">
          {t('action.open')} <IconExternalLink size={14} aria-hidden />
        </Anchor>
      )}
    </>
  );
}

function Command({ text }: { readonly text: string }) {
  return (
    <Group gap="xs" align="flex-start">
      <code className="words" lang="en">
        {text}
      </code>
      <CopyButton text={text} />
    </Group>
  );
}

/** The number of the failure, or what Platen calls it; the id in Platen's log, and the one that Microsoft's support asks for. */
function referenceTo({ code, facts, explanation }: KeptProblem, of: string | undefined): string {
  const known = explanation?.reference;
  const trace = facts?.traceId ?? facts?.correlationId;
  return referenceOf(
    known === undefined || known === 'unknown' ? code : known,
    of,
    trace === undefined ? undefined : String(trace),
  );
}

/** What is sent to whoever may change it: what happens, what to change, and Microsoft's own words. */
export function requestText(t: TFunction, problem: KeptProblem): string {
  const { explanation } = problem;
  const trace = problem.facts?.traceId ?? problem.facts?.correlationId;
  const lines = [
    t('request.subject'),
    '',
    t('request.hello'),
    '',
    t('request.what', { title: problem.title }),
    meaningOf(problem) ?? '',
    t('request.change', { advice: problem.advice }),
    explanation?.placeText === undefined ? '' : t('request.where', { where: explanation.placeText }),
    explanation?.address ?? '',
    explanation?.command === undefined ? '' : t('request.run', { command: explanation.command }),
    ...(explanation?.causes ?? []).flatMap(({ meaning, how, command }, at) => [
      ...(at === 0 ? ['', `${t('label.causes')}:`] : []),
      `${at + 1}. ${meaning} ${how}`,
      command === undefined ? '' : `   ${command}`,
    ]),
    problem.remote === undefined ? '' : t('request.said', { remote: problem.remote, at: problem.at }),
    trace === undefined ? '' : t('request.trace', { trace: String(trace) }),
    '',
    t('request.thanks'),
  ];
  return lines.filter((line, at) => line !== '' || lines[at - 1] !== '').join('\n');
}
