/**
 * A fault in its five parts, always in this order: what happened; since when and what it stops; what to do; the other
 * side's exact words; an id.
 */
import { Anchor, Group } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Problem } from '../api/client.ts';
import { CopyButton } from './copy.tsx';
import { type Tone, ToneIcon, toneStyle } from './state.tsx';
import { When } from './when.tsx';

export type FindingProps = {
  readonly title: string;
  readonly tone?: Tone;
  /** What happened in a sentence more, where the title does not say it all. */
  readonly detail?: ReactNode;
  readonly since?: string | undefined;
  readonly stops?: ReactNode;
  readonly advice?: ReactNode;
  readonly who?: ReactNode;
  /** Does it go away by itself. */
  readonly waiting?: ReactNode;
  /** What to click. */
  readonly where?: ReactNode;
  /** What to run instead. */
  readonly command?: ReactNode;
  /** The exact words of the other side, untranslated. */
  readonly remote?: string | undefined;
  /** What Platen itself says beyond the title, in English: the detail for who reads English, else folded away. */
  readonly own?: string | undefined;
  readonly reference?: string | undefined;
  /** Several things that may have led to it. */
  readonly causes?: ReactNode;
  readonly level?: 2 | 3;
  /** The buttons; the first one is filled. */
  readonly children?: ReactNode;
};

export function Finding({ tone = 'broken', level = 2, ...parts }: FindingProps) {
  const { t, i18n } = useTranslation();
  const own = parts.own === '' || parts.own === parts.title ? undefined : parts.own;
  const isRead = i18n.language === 'en';
  const detail = parts.detail ?? (isRead ? own : undefined);
  const Heading = `h${level}` as const;
  return (
    <section className="finding" style={toneStyle(tone)}>
      <Group gap="xs" wrap="nowrap" align="flex-start" c="var(--tone)">
        <ToneIcon tone={tone} size={22} />
        <Heading className="finding-title">{parts.title}</Heading>
      </Group>
      {detail === undefined ? null : <p className="finding-detail">{detail}</p>}
      <dl>
        <Part name={t('label.begun')}>{parts.since === undefined ? undefined : <When at={parts.since} />}</Part>
        <Part name={t('label.stops')}>{parts.stops}</Part>
        <Part name={t('label.whatToDo')}>{parts.advice}</Part>
        <Part name={t('label.whoCan')}>{parts.who}</Part>
        <Part name={t('label.waitingHelps')}>{parts.waiting}</Part>
        <Part name={t('label.where')}>{parts.where}</Part>
        <Part name={t('label.command')}>{parts.command}</Part>
      </dl>
      {parts.causes}
      {parts.remote === undefined ? null : <ExactWords name={t('label.otherSideSaid')} words={parts.remote} />}
      {own === undefined || isRead || own === parts.remote ? null : (
        <ExactWords name={t('label.exactWords')} words={own} />
      )}
      {parts.children === undefined ? null : (
        <Group gap="xs" mt="sm">
          {parts.children}
        </Group>
      )}
      {parts.reference === undefined ? null : <p className="finding-id">{t('label.id', { id: parts.reference })}</p>}
    </section>
  );
}

function Part({ name, children }: { readonly name: string; readonly children?: ReactNode }) {
  if (children === undefined || children === null || children === '') return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function ExactWords({ name, words }: { readonly name: string; readonly words: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <div>
      <Anchor
        component="button"
        type="button"
        display="inline-block"
        py={3}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {name}
      </Anchor>
      {isOpen ? (
        <Group gap="xs" align="flex-start" mt={4}>
          <code className="words" lang="en">
            {words}
          </code>
          <CopyButton text={words} />
        </Group>
      ) : null}
    </div>
  );
}

type ProblemFindingProps = {
  readonly problem: Problem;
  /** In place of the problem's own. */
  readonly title?: string | undefined;
  readonly children?: ReactNode;
};

/** A problem that the server answered, or the lack of an answer. */
export function ProblemFinding({ problem, title = problem.title, children }: ProblemFindingProps) {
  const { t } = useTranslation();
  const isSilent = problem.code === 'no-answer';
  return (
    <Finding
      title={isSilent ? t('error.noAnswer') : title}
      own={isSilent ? undefined : problem.message}
      advice={isSilent ? t('error.noAnswerAdvice') : problem.advice}
      remote={problem.remote}
      reference={problem.reference}
    >
      {children}
    </Finding>
  );
}
