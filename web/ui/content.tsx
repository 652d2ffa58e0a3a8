/** What stands in the place of content: while it loads, when it cannot be had, when there is none. */
import { Button, Skeleton, Stack } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isProblem, Problem } from '../api/client.ts';
import { ProblemFinding } from './finding.tsx';

type Asked<T> = {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly isPending: boolean;
  readonly refetch: () => unknown;
};

/** Shows the data of a query; before that a skeleton, and a finding where the server refused. */
export function Loaded<T>({
  query,
  children,
}: {
  readonly query: Asked<T>;
  readonly children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isPending) return <Loading retry={query.refetch} />;
  return <Failed error={query.error} retry={query.refetch} />;
}

type FailedProps = {
  readonly error: unknown;
  /** In place of the error's own, where more is known of how it came about. */
  readonly title?: string | undefined;
  readonly retry?: () => unknown;
};

export function Failed({ error, title, retry }: FailedProps) {
  const { t } = useTranslation();
  const problem = isProblem(error) ? error : new Problem(0, { title: t('error.unexpected'), code: 'unexpected' });
  return (
    <ProblemFinding problem={problem} title={title}>
      {retry === undefined ? null : <Button onClick={() => void retry()}>{t('action.retry')}</Button>}
    </ProblemFinding>
  );
}

/** Nothing for 200 ms, then the shape of the content, after ten seconds a word. */
export function Loading({ retry }: { readonly retry?: () => unknown }) {
  const { t } = useTranslation();
  const [stage, setStage] = useState<'new' | 'shape' | 'long'>('new');
  useEffect(() => {
    const timers = [setTimeout(() => setStage('shape'), 200), setTimeout(() => setStage('long'), 10_000)];
    return () => timers.forEach(clearTimeout);
  }, []);
  if (stage === 'new') return null;
  return (
    <Stack gap="sm" aria-busy="true" maw={760}>
      <span className="quiet">{t('label.loading')}</span>
      <Skeleton height={24} width="40%" />
      <Skeleton height={44} />
      <Skeleton height={44} />
      {stage === 'long' ? (
        <p role="status">
          {t('label.takesLonger')}{' '}
          {retry === undefined ? null : (
            <Button variant="default" onClick={() => void retry()}>
              {t('action.retry')}
            </Button>
          )}
        </p>
      ) : null}
    </Stack>
  );
}

/** Nothing here yet: a sentence, and the next act. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="card empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  );
}
