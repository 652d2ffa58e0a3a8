/** One job: its state, its first page, its story from the mail to the paper, and what can still be done with it. */
import { Anchor, Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { currentLanguage } from '../app/texts.ts';
import { tell } from '../journal/event.ts';
import { JournalLink } from '../journal/journal-link.tsx';
import { Loaded } from '../ui/content.tsx';
import { Page } from '../ui/page.tsx';
import { When } from '../ui/when.tsx';
import { paperName, plain } from '../ui/words.ts';
import { JobActs } from './acts/job-acts.tsx';
import { isOpen, isPrepared, JOBS_KEY, type Job, ownerOf, type PlacedJob } from './job.ts';
import { JobStateAndWhy } from './jobs-list.tsx';
import { JobProblem } from './problem.tsx';
import { TechnicalDetails } from './technical/technical.tsx';

type Event = paths['/jobs/{id}/timeline']['get']['responses'][200]['content']['application/json']['items'][number];

const ASK_WHILE_DRAWN_MS = 3_000;

export default function JobPage() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  useLiveQuery(['job-', 'message-'], [...JOBS_KEY, 'one', id]);
  const job = useQuery({
    queryKey: [...JOBS_KEY, 'one', id],
    queryFn: async () => {
      const params = { path: { id } };
      const [found, story] = await Promise.all([
        need(api.GET('/jobs/{id}', { params })),
        need(api.GET('/jobs/{id}/timeline', { params })),
      ]);
      return { job: found, story: story.items };
    },
    // How many pages are drawn is no event.
    refetchInterval: ({ state }) => (state.data?.job.pagesDrawn == null ? false : ASK_WHILE_DRAWN_MS),
  });
  return <Loaded query={job}>{(data) => <Shown job={data.job} story={data.story} />}</Loaded>;
}

function Shown({ job, story }: { readonly job: PlacedJob; readonly story: readonly Event[] }) {
  const { t } = useTranslation();
  const seesAll = useMay('operator');
  return (
    <Page
      title={t('jobs.one', { number: job.number })}
      isBroken={job.state === 'aborted' || job.state === 'processing-stopped'}
      above={
        <Anchor component={Link} to="/jobs">
          ‹ {seesAll ? t('nav.jobs') : t('nav.myJobs')}
        </Anchor>
      }
      actions={<JobActs job={job} />}
    >
      <div className="job">
        <div>
          <p className="job-title">{plain(job.title)}</p>
          {job.problem === null ? null : <JobProblem problem={job.problem} of={job.id} />}
          <Facts job={job} story={story} />
          <h2 className="section">{t('jobs.story')}</h2>
          <ol className="story">
            {story.map((event) => (
              <li key={`${event.at} ${event.type}`}>
                <When at={event.at} />
                <span>{tell(t, event)}</span>
              </li>
            ))}
          </ol>
          <TechnicalDetails job={job} />
          <JournalLink subject={job.id} />
        </div>
        <Preview job={job} />
      </div>
    </Page>
  );
}

function Facts({ job, story }: { readonly job: PlacedJob; readonly story: readonly Event[] }) {
  const { t } = useTranslation();
  const { pages, isColor, media, messageId, ignoredOptions } = job;
  const seesAll = useMay('operator');
  return (
    <dl className="facts">
      <Fact name={t('jobs.state')}>
        <JobStateAndWhy job={job} />
      </Fact>
      <Fact name={t('jobs.owner')}>{ownerOf(t, job)}</Fact>
      <Fact name={t('jobs.queue')}>{plain(job.queueName)}</Fact>
      <Fact name={t('jobs.printer')}>{job.printerName === null ? undefined : plain(job.printerName)}</Fact>
      <Fact name={t('jobs.took')}>{secondsToPaper(job) ?? undefined}</Fact>
      <Fact name={t('jobs.pages')}>{pages ?? undefined}</Fact>
      <Fact name={t('jobs.color')}>{isColor === null ? undefined : t(isColor ? 'jobs.inColor' : 'jobs.inGray')}</Fact>
      <Fact name={t('jobs.media')}>{media === null ? undefined : paperName(media)}</Fact>
      <Fact name={t('jobs.wishes')}>{wishesOf(t, job.options) || undefined}</Fact>
      <Fact name={t('jobs.notUnderstood')}>{wordsLeftOut(story) || undefined}</Fact>
      <Fact name={t('jobs.ignored')}>
        {ignoredOptions.map((one) => t(`jobs.ignoredOf.${one}`)).join(', ') || undefined}
      </Fact>
      <Fact name={t('jobs.message')}>
        {messageId === null || !seesAll ? undefined : (
          <Anchor component={Link} to={`/messages/${messageId}`}>
            {t('jobs.showMessage')}
          </Anchor>
        )}
      </Fact>
    </dl>
  );
}

/** From the moment that its printer had it until it was done. */
function secondsToPaper({ state, processingAt, endedAt }: Job): string | undefined {
  if (state !== 'completed' || processingAt === null || endedAt === null) return undefined;
  const seconds = Math.max(1, Math.round((Date.parse(endedAt) - Date.parse(processingAt)) / 1000));
  return new Intl.NumberFormat(currentLanguage(), { style: 'unit', unit: 'second', unitDisplay: 'long' }).format(
    seconds,
  );
}

/** What is asked of the printer, in words of people. */
function wishesOf(t: TFunction, options: Job['options']): string {
  const { copies, sides, color, media, pageRanges, finishings } = options;
  const ranges = Array.isArray(pageRanges) ? (pageRanges as readonly { from: number; to: number }[]) : [];
  const pages = ranges.map(({ from, to }) => (from === to ? String(from) : `${from}–${to}`)).join(', ');
  return [
    typeof copies === 'number' ? t('jobOption.copies', { count: copies }) : '',
    typeof sides === 'string' ? t(`jobOption.${sides}`) : '',
    typeof color === 'string' ? t(`jobOption.${color}`) : '',
    typeof media === 'string' ? paperName(media) : '',
    pages === '' ? '' : t('jobOption.pages', { pages }),
    ...(Array.isArray(finishings) ? finishings.map((one) => t(`jobOption.${String(one)}`)) : []),
  ]
    .filter((word) => word !== '')
    .join(', ');
}

/** Words of the sender that nobody understood: told with the beginning of the job. */
function wordsLeftOut(story: readonly Event[]): string {
  const words = story.flatMap(({ data }) => (Array.isArray(data.ignoredWords) ? data.ignoredWords : []));
  return words.map((ignored) => plain(String((ignored as { word?: unknown }).word ?? ''))).join(', ');
}

function Fact({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  if (children === undefined) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Preview({ job }: { readonly job: Job }) {
  const { t } = useTranslation();
  if (!job.hasDocument) return <p>{t('jobs.documentGone')}</p>;
  // What could not be prepared never gets one.
  if (!isPrepared(job)) return isOpen(job) ? <p>{t('jobs.previewLater')}</p> : null;
  return <Pages job={job} />;
}

/** A picture of each page, made in the box when it is looked at. */
function Pages({ job: { id, pages, title } }: { readonly job: Job }) {
  const { t } = useTranslation();
  const [page, setPage] = useState(1);
  const last = pages ?? 1;
  const which = t('jobs.previewPage', { page, pages: last });
  return (
    <div>
      <img
        className="preview"
        src={`/api/v1/jobs/${id}/preview/${page}`}
        alt={t('jobs.previewOf', { page, pages: last, name: plain(title) })}
      />
      {last === 1 ? null : (
        <Group justify="center" gap="sm" mt="xs">
          <Button
            variant="default"
            aria-disabled={page === 1}
            onClick={() => setPage(Math.max(1, page - 1))}
            aria-label={t('jobs.previousPage')}
          >
            ‹
          </Button>
          <span role="status">{which}</span>
          <Button
            variant="default"
            aria-disabled={page === last}
            onClick={() => setPage(Math.min(last, page + 1))}
            aria-label={t('jobs.nextPage')}
          >
            ›
          </Button>
        </Group>
      )}
    </div>
  );
}
