/** The own jobs that this printer has been given: how far it is, and what became of them. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { isOpen, JOB_TONES } from '../jobs/job.ts';
import { Failed } from '../ui/content.tsx';
import { State } from '../ui/state.tsx';
import { plain } from '../ui/words.ts';
import type { JobHere } from './release.ts';

export const isAtWork = (job: JobHere): boolean => isOpen(job);

export function Given({
  jobs,
  onStopped,
}: {
  readonly jobs: readonly JobHere[];
  readonly onStopped: () => Promise<void>;
}) {
  const { t } = useTranslation();
  if (jobs.length === 0) return null;
  return (
    <section className="card" aria-label={t('release.given')}>
      <h2 className="section">{t('release.given')}</h2>
      <ul className="given">
        {jobs.map((job) => (
          <GivenJob key={job.id} job={job} onStopped={onStopped} />
        ))}
      </ul>
    </section>
  );
}

function GivenJob({ job, onStopped }: { readonly job: JobHere; readonly onStopped: () => Promise<void> }) {
  const { t } = useTranslation();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const stop = async () => {
    setBusy(true);
    setError(undefined);
    await need(api.POST('/jobs/{id}/cancel', { params: { path: { id: job.id } } })).catch(setError);
    await onStopped();
    setBusy(false);
  };
  const title = plain(job.title);
  return (
    <li>
      <div className="grow">
        <p className="plain cut">{title}</p>
        <HowFar job={job} />
        {error === undefined ? null : <Failed error={error} />}
      </div>
      {isAtWork(job) ? (
        <Button
          variant="default"
          loading={isBusy}
          onClick={() => void stop()}
          aria-label={t('release.stop', { title })}
        >
          {t('action.stop')}
        </Button>
      ) : null}
    </li>
  );
}

/** As far as the printer tells: some tell of no page before the last. */
function HowFar({ job }: { readonly job: JobHere }) {
  const { t } = useTranslation();
  const { state, pagesPrinted: done, pagesToPrint: all } = job;
  const tone = JOB_TONES[state];
  if (state === 'completed') {
    const count = done ?? all;
    const isCounted = count !== null && count > 0;
    return <State tone={tone} word={isCounted ? t('release.printed', { count }) : t(`jobState.${state}`)} />;
  }
  const isCounted = isAtWork(job) && done !== null && all !== null && done > 0 && done <= all;
  return (
    <>
      <State tone={tone} word={t(`jobState.${state}`)} />
      {isCounted ? (
        <>
          <progress className="progress" max={all} value={done} aria-label={t('release.given')} />
          <p className="hint plain">{t('release.pageOf', { done, count: all })}</p>
        </>
      ) : null}
    </>
  );
}
