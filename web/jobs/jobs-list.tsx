/** Jobs: all of them for operators, their own for those who print; found by title, number and state. */
import { Anchor, Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { Empty } from '../ui/content.tsx';
import { type Column, LongList, usePages } from '../ui/list.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { JOB_STATES, JOB_TONES, JOBS_KEY, type Job, type JobState } from './job.ts';

type Filter = { readonly q?: string | undefined; readonly state?: JobState | undefined };

/** As of this long after the last letter the server is asked. */
const TYPING_MS = 250;

export default function JobsList() {
  const { t } = useTranslation();
  const seesAll = useMay('operator');
  const filter = useFilter();
  useLiveQuery(['job-'], JOBS_KEY);
  const pages = usePages<Job>([...JOBS_KEY, filter], (cursor) =>
    need(api.GET('/jobs', { params: { query: { limit: 100, ...given({ ...filter, cursor }) } } })),
  );
  const owner: Column<Job> = {
    key: 'owner',
    title: t('jobs.owner'),
    cell: ({ ownerName }) => <span className="cut">{ownerName}</span>,
    width: '180px',
  };
  const columns: readonly Column<Job>[] = [
    { key: 'number', title: t('jobs.number'), cell: ({ number }) => number, width: '80px' },
    { key: 'title', title: t('jobs.title'), cell: (job) => <JobTitle job={job} /> },
    ...(seesAll ? [owner] : []),
    {
      key: 'pages',
      title: t('jobs.pages'),
      cell: ({ pages: count }) => (count === null ? '–' : t('overview.pages', { count })),
      width: '110px',
    },
    { key: 'state', title: t('jobs.state'), cell: (job) => <JobStateShown job={job} />, width: '210px' },
    { key: 'at', title: t('jobs.at'), cell: ({ createdAt }) => <When at={createdAt} />, width: '160px' },
  ];
  const title = seesAll ? t('nav.jobs') : t('nav.myJobs');
  const isFiltered = filter.q !== undefined || filter.state !== undefined;
  return (
    <Page
      title={title}
      actions={
        <Button component={Link} to="/jobs/new">
          {t('nav.upload')}
        </Button>
      }
    >
      <Filters />
      <LongList
        label={title}
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        empty={
          <Empty title={isFiltered ? t('jobs.noHit') : t('jobs.empty')}>
            <p>{isFiltered ? t('jobs.noHitHint') : t('jobs.emptyHint')}</p>
          </Empty>
        }
      />
    </Page>
  );
}

function JobTitle({ job }: { readonly job: Job }) {
  return (
    <Anchor component={Link} to={`/jobs/${job.id}`} className="cut block" title={plain(job.title)}>
      {plain(job.title)}
    </Anchor>
  );
}

export function JobStateShown({ job }: { readonly job: Pick<Job, 'state'> }) {
  const { t } = useTranslation();
  return <State tone={JOB_TONES[job.state]} word={t(`jobState.${job.state}`)} />;
}

/** The filter stands in the address of the page, so that it can be sent to somebody. */
function useFilter(): Filter {
  const { q, state } = useSearch({ strict: false }) as Record<string, unknown>;
  const known = JOB_STATES.find((one) => one === state);
  // A number in the address is read as one by the router.
  const text = typeof q === 'string' || typeof q === 'number' ? String(q) : '';
  return { q: text === '' ? undefined : text, state: known };
}

function Filters() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { q, state } = useFilter();
  const [text, setText] = useState(q ?? '');
  useEffect(() => {
    if (text.trim() === (q ?? '')) return;
    const timer = setTimeout(() => go({ q: text.trim() === '' ? undefined : text.trim(), state }), TYPING_MS);
    return () => clearTimeout(timer);
  });
  const go = (next: Filter) => void navigate({ to: '/jobs', search: given(next), replace: true });
  const choices = JOB_STATES.map((value) => ({ value, label: t(`jobState.${value}`) }));
  return (
    <Group gap="sm" mb="md" align="flex-end">
      <TextInput
        label={t('jobs.find')}
        description={t('jobs.findHint')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <NativeSelect
        label={t('jobs.state')}
        data={[{ value: '', label: t('jobs.anyState') }, ...choices]}
        value={state ?? ''}
        onChange={(event) => go({ q, state: JOB_STATES.find((one) => one === event.currentTarget.value) })}
      />
    </Group>
  );
}

/** Without what is not there: an empty filter is no filter. */
function given<T extends object>(values: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
