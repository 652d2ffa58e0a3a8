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
  readonly reference?: string | undefined;
  /** Several things that may have led to it. */
  readonly causes?: ReactNode;
  readonly level?: 2 | 3;
  /** The buttons; the first one is filled. */
  readonly children?: ReactNode;
};

export function Finding({ tone = 'broken', level = 2, ...parts }: FindingProps) {
  const { t } = useTranslation();
  const Heading = `h${level}` as const;
  return (
    <section className="finding" style={toneStyle(tone)}>
      <Group gap="xs" wrap="nowrap" align="flex-start" c="var(--tone)">
        <ToneIcon tone={tone} size={22} />
        <Heading className="finding-title">{parts.title}</Heading>
      </Group>
      {parts.detail === undefined ? null : <p className="finding-detail">{parts.detail}</p>}
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
      {parts.remote === undefined ? null : <RemoteWords words={parts.remote} />}
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

function RemoteWords({ words }: { readonly words: string }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <div>
      <Anchor component="button" type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {t('label.otherSideSaid')}
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

/** A problem that the server answered, or the lack of an answer. */
export function ProblemFinding({ problem, children }: { readonly problem: Problem; readonly children?: ReactNode }) {
  const { t } = useTranslation();
  const isSilent = problem.code === 'no-answer';
  return (
    <Finding
      title={isSilent ? t('error.noAnswer') : problem.title}
      detail={isSilent || problem.message === problem.title ? undefined : <span lang="en">{problem.message}</span>}
      advice={isSilent ? t('error.noAnswerAdvice') : problem.advice}
      remote={problem.remote}
      reference={problem.reference}
    >
      {children}
    </Finding>
  );
}
