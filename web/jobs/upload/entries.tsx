/** The chosen documents as a list: size, progress, what became of each. */
import { Anchor, Button, Group } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import { useLiveQuery } from '../../app/live.tsx';
import { Failed } from '../../ui/content.tsx';
import { ProblemFinding } from '../../ui/finding.tsx';
import { plain, sizeOf } from '../../ui/words.ts';
import { isHeld, isPrepared, JOBS_KEY, type Job } from '../job.ts';
import { JobStateShown } from '../jobs-list.tsx';
import { JobProblem } from '../problem.tsx';
import { type Entry, isDue } from './parcels.ts';

type EntriesProps = {
  readonly entries: readonly Entry[];
  readonly isBusy: boolean;
  readonly onRemove: (key: string) => void;
  readonly onStop: () => void;
};

export function Entries({ entries, isBusy, onRemove, onStop }: EntriesProps) {
  const { t, i18n } = useTranslation();
  return (
    <ul className="parcels">
      {entries.map((entry) => (
        <li key={entry.key} className="card">
          <Group justify="space-between" align="flex-start" wrap="nowrap" gap="sm">
            <div className="grow">
              <p className="job-title cut" title={plain(entry.file.name)}>
                {plain(entry.file.name)}
              </p>
              <Fate entry={entry} />
            </div>
            <span className="hint">{sizeOf(i18n.language, entry.file.size)}</span>
            {isDue(entry) && !isBusy ? (
              <Button variant="default" onClick={() => onRemove(entry.key)} aria-label={removeName(t, entry)}>
                {t('action.remove')}
              </Button>
            ) : null}
            {entry.kind === 'sending' ? (
              <Button variant="default" onClick={onStop}>
                {t('action.stop')}
              </Button>
            ) : null}
          </Group>
        </li>
      ))}
    </ul>
  );
}

function removeName(t: ReturnType<typeof useTranslation>['t'], { file }: Entry): string {
  return t('upload.removeOne', { name: plain(file.name) });
}

function Fate({ entry }: { readonly entry: Entry }) {
  const { t } = useTranslation();
  if (entry.kind === 'sending') return <Progress entry={entry} />;
  if (entry.kind === 'sent') return <Sent jobId={entry.jobId} />;
  if (entry.kind === 'refused') return <ProblemFinding problem={entry.problem} />;
  return <p className="hint plain">{t(`upload.${entry.kind}`)}</p>;
}

function Progress({ entry }: { readonly entry: Entry & { readonly kind: 'sending' } }) {
  const { t, i18n } = useTranslation();
  const { bytes, file } = entry;
  const share = file.size === 0 ? 1 : bytes / file.size;
  const percent = new Intl.NumberFormat(i18n.language, { style: 'percent' }).format(share);
  const of = { percent, done: sizeOf(i18n.language, bytes), size: sizeOf(i18n.language, file.size) };
  return (
    <>
      <progress
        className="progress"
        max={1}
        value={share}
        aria-label={t('upload.sending', { name: plain(file.name) })}
      />
      <p className="hint plain">{t('upload.progress', of)}</p>
    </>
  );
}

/** The job that it became, live: converted, its first page, and what is still to be done with it. */
export function Sent({ jobId }: { readonly jobId: string }) {
  const { t } = useTranslation();
  const key = [...JOBS_KEY, 'sent', jobId];
  useLiveQuery(['job-'], key);
  const query = useQuery({
    queryKey: key,
    queryFn: () => need(api.GET('/jobs/{id}', { params: { path: { id: jobId } } })),
  });
  const job = query.data;
  if (job === undefined) return query.error === null ? null : <Failed error={query.error} retry={query.refetch} />;
  return (
    <div className="sent">
      <div>
        <Group gap="sm">
          <JobStateShown job={job} />
          {job.pages === null ? null : <span>{t('overview.pages', { count: job.pages })}</span>}
          <Anchor component={Link} to={`/jobs/${job.id}`}>
            {t('jobs.one', { number: job.number })}
          </Anchor>
        </Group>
        {job.preparation === 'due' ? <p className="hint plain">{t('upload.preparing')}</p> : null}
        {job.problem === null ? null : <JobProblem problem={job.problem} of={job.id} />}
        {isHeld(job) ? <PrintNow job={job} /> : null}
      </div>
      {isPrepared(job) && job.hasDocument ? (
        <img
          className="thumb"
          src={`/api/v1/jobs/${job.id}/preview/1`}
          alt={t('jobs.previewOf', { page: 1, pages: job.pages ?? 1, name: plain(job.title) })}
        />
      ) : null}
    </div>
  );
}

function PrintNow({ job }: { readonly job: Job }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const print = async () => {
    setBusy(true);
    setError(undefined);
    await need(api.POST('/jobs/{id}/release', { params: { path: { id: job.id } }, body: {} })).catch(setError);
    await client.invalidateQueries({ queryKey: JOBS_KEY });
    setBusy(false);
  };
  return (
    <>
      <Button variant="default" mt="xs" loading={isBusy} onClick={() => void print()}>
        {t('jobs.printNow')}
      </Button>
      {error === undefined ? null : <Failed error={error} />}
    </>
  );
}
