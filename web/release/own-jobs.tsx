/** The own jobs that wait: which of them to print or delete, and how. */
import { Button, Checkbox, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, needAll } from '../api/client.ts';
import { type Chosen, NONE_CHOSEN, optionsOf, Ways } from '../jobs/ways.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { paperName, plain } from '../ui/words.ts';
import type { JobHere, Release, Waiting } from './release.ts';

type OwnJobsProps = {
  readonly found: Waiting;
  readonly isBusy: boolean;
  readonly release: Release;
  readonly onDeleted: () => Promise<void>;
};

export function OwnJobs({ found: { jobs, printer }, isBusy, release, onDeleted }: OwnJobsProps) {
  const { t } = useTranslation();
  const [left, setLeft] = useState<readonly string[]>([]);
  const [chosen, setChosen] = useState<Chosen>(NONE_CHOSEN);
  /** What the question is about: a document that comes meanwhile is not deleted. */
  const [asking, setAsking] = useState<readonly string[]>();
  const wanted = jobs.filter(({ id }) => !left.includes(id)).map(({ id }) => id);
  const count = wanted.length;
  const toggle = (id: string) => setLeft(left.includes(id) ? left.filter((one) => one !== id) : [...left, id]);
  return (
    <>
      <section className="card" aria-label={t('release.yours')}>
        <h2 className="section">{t('release.yours')}</h2>
        <Stack gap="sm">
          {jobs.map((job) => (
            <Checkbox
              key={job.id}
              size="md"
              checked={!left.includes(job.id)}
              onChange={() => toggle(job.id)}
              label={<span className="cut block">{plain(job.title)}</span>}
              description={<Looks job={job} />}
            />
          ))}
          <Ways can={printer.can} chosen={chosen} onChange={setChosen} />
        </Stack>
      </section>
      {/* In reach of the thumb, however long the list is. */}
      <div className="release-bar">
        <Button
          size="xl"
          fullWidth
          loading={isBusy}
          disabled={count === 0}
          onClick={() => void release({ jobIds: wanted, options: optionsOf(chosen) })}
        >
          {t('release.print', { count })}
        </Button>
      </div>
      <div className="release-delete">
        <Button variant="default" fullWidth disabled={count === 0 || isBusy} onClick={() => setAsking(wanted)}>
          {t('release.delete', { count })}
        </Button>
      </div>
      {asking === undefined ? null : (
        <Confirm
          title={t('release.deleteTitle', { count: asking.length })}
          act={t('release.delete', { count: asking.length })}
          onClose={() => setAsking(undefined)}
          onConfirm={() => needAll(asking.map(cancel)).finally(onDeleted)}
        >
          <p>{t('release.deleteStops')}</p>
        </Confirm>
      )}
    </>
  );
}

const cancel = (id: string) => api.POST('/jobs/{id}/cancel', { params: { path: { id } } });

function Looks({ job: { pages, isColor, otherPaper } }: { readonly job: JobHere }) {
  const { t } = useTranslation();
  return [
    pages === null ? '' : t('overview.pages', { count: pages }),
    isColor === null ? '' : t(isColor ? 'jobs.inColor' : 'jobs.inGray'),
    otherPaper === null ? '' : `⚠ ${t('release.otherPaper', { paper: paperName(otherPaper) })}`,
  ]
    .filter((word) => word !== '')
    .join(' · ');
}
