/** Several jobs at once, for operators: ticked in the list, released or canceled together. */
import { Button, Checkbox, Group } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, needAll } from '../api/client.ts';
import { Confirm } from '../ui/confirm.tsx';
import { Failed } from '../ui/content.tsx';
import { isHeld, isOpen, JOBS_KEY, type Job } from './job.ts';

export type Picked = ReadonlySet<string>;

type PickProps = { readonly job: Job; readonly picked: Picked; readonly onChange: (picked: Picked) => void };

/** Nothing can be done any more with a job that has ended. */
export function Pick({ job, picked, onChange }: PickProps) {
  const { t } = useTranslation();
  if (!isOpen(job)) return null;
  return (
    <Checkbox
      aria-label={t('jobs.pick', { number: job.number })}
      checked={picked.has(job.id)}
      onChange={(event) => {
        const next = new Set(picked);
        if (event.currentTarget.checked) next.add(job.id);
        else next.delete(job.id);
        onChange(next);
      }}
    />
  );
}

const release = (id: string) => api.POST('/jobs/{id}/release', { params: { path: { id } }, body: {} });
const cancel = (id: string) => api.POST('/jobs/{id}/cancel', { params: { path: { id } } });

type BarProps = { readonly jobs: readonly Job[]; readonly onDone: () => void };

/** Stands at the bottom while jobs are ticked: `jobs` are those of them that are still open. */
export function BulkBar({ jobs, onDone }: BarProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asking, setAsking] = useState<readonly Job[]>();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const held = jobs.filter(isHeld);
  if (jobs.length === 0 && error === undefined) return null;
  const doAll = async (chosen: readonly Job[], act: typeof release) => {
    setBusy(true);
    setError(undefined);
    await needAll(chosen.map(({ id }) => act(id))).then(onDone, setError);
    await client.invalidateQueries({ queryKey: JOBS_KEY });
    setBusy(false);
  };
  const forget = () => {
    setError(undefined);
    onDone();
  };
  return (
    <section className="bulkbar" aria-label={t('jobs.bulk')}>
      {error === undefined ? null : <Failed error={error} />}
      <Group gap="xs">
        {jobs.length === 0 ? null : <span role="status">{t('jobs.picked', { count: jobs.length })}</span>}
        {held.length === 0 ? null : (
          <Button loading={isBusy} onClick={() => void doAll(held, release)}>
            {t('jobs.releaseMany', { count: held.length })}
          </Button>
        )}
        {jobs.length === 0 ? null : (
          <Button variant="default" disabled={isBusy} onClick={() => setAsking(jobs)}>
            {t('jobs.cancelMany', { count: jobs.length })}
          </Button>
        )}
        <Button variant="subtle" disabled={isBusy} onClick={forget}>
          {t('jobs.pickNone')}
        </Button>
      </Group>
      {asking === undefined ? null : (
        <Confirm
          title={t('jobs.cancelManyTitle', { count: asking.length })}
          act={t('jobs.cancelMany', { count: asking.length })}
          keep={t('jobs.keepMany')}
          onClose={() => setAsking(undefined)}
          onConfirm={() => doAll(asking, cancel)}
        >
          <p>{t('jobs.cancelStops')}</p>
        </Confirm>
      )}
    </section>
  );
}
