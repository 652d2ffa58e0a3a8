/** The start page, and for those who print the list of their jobs: does everything work? A verdict, what is wrong and what to do, and the two ways of a document. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { loadAllTexts } from '../app/texts.ts';
import { JOB_TONES, type JobState, ownerOf } from '../jobs/job.ts';
import { needWords } from '../printers/printer.ts';
import { Loaded, Loading } from '../ui/content.tsx';
import { Page } from '../ui/page.tsx';
import { State, type Tone, ToneIcon, toneStyle } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { Faults } from './faults.tsx';
import { MailToPaper, ScanToMail } from './lanes.tsx';
import { type Step, StepsToGo, useSteps } from './steps.tsx';

export type OverviewData = paths['/overview']['get']['responses'][200]['content']['application/json'];

// Operators, for whom the page is there, do not wait for a list that they do not see.
// Who prints has a list here, which speaks with more texts than the first load brings.
const JobsList = lazy(async () => {
  const [list] = await Promise.all([import('../jobs/jobs-list.tsx'), loadAllTexts()]);
  return list;
});

const KEY = ['overview'] as const;
const TONES: Readonly<Record<OverviewData['verdict'], Tone>> = { well: 'ok', warning: 'warning', broken: 'broken' };

export default function Overview() {
  const mayLook = useMay('operator');
  return mayLook ? (
    <OverviewOfAll />
  ) : (
    <Suspense fallback={<Loading />}>
      <JobsList />
    </Suspense>
  );
}

function OverviewOfAll() {
  const { t } = useTranslation();
  useLiveQuery(['connection-', 'hand-over-', 'network-', 'mailbox-', 'printer-', 'job-', 'outbox-', 'device-'], KEY);
  const overview = useQuery({
    queryKey: KEY,
    queryFn: () => need(api.GET('/overview')),
    // What nothing tells of: a disk that fills, an hour that is over.
    refetchInterval: 60_000,
  });
  const steps = useSteps();
  return (
    <Page title={t('nav.overview')} isBroken={overview.data?.verdict === 'broken'}>
      <Loaded query={overview}>
        {(data) => (
          <>
            <Verdict data={data} setUp={howFar(steps.data)} />
            <Faults faults={data.faults} />
            <StepsToGo />
            <MailToPaper lane={data.mailToPaper} />
            <ScanToMail lane={data.scanToMail} />
            <LastJobs jobs={data.lastJobs} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

type SetUp = 'nothing' | 'partly' | 'all';

/** Whether the two ways of a document have everything that they need; for those who may not set it up, as it is. */
function howFar(steps: readonly Step[] | undefined): SetUp {
  const isDone = (key: string) => steps?.find((step) => step.key === key)?.isDone !== false;
  const ways = [isDone('printer') && isDone('mailbox'), isDone('connect') && isDone('sender')];
  if (!ways.includes(true)) return 'nothing';
  return ways.includes(false) ? 'partly' : 'all';
}

const WELL: Readonly<Record<SetUp, string>> = {
  nothing: 'overview.notSetUp',
  partly: 'overview.wellSoFar',
  all: 'overview.well',
};

type VerdictProps = { readonly data: OverviewData; readonly setUp: SetUp };

function Verdict({ data, setUp }: VerdictProps) {
  const { t } = useTranslation();
  const tone = data.verdict === 'well' && setUp === 'nothing' ? 'waiting' : TONES[data.verdict];
  const broken = data.faults.filter(({ severity }) => severity === 'broken').length;
  // What only has its date is due; of anything else somebody should take a look.
  const isDue = data.faults.every(({ kind }) => kind === 'expiry');
  const words =
    data.verdict === 'well'
      ? t(WELL[setUp])
      : data.verdict === 'warning'
        ? t(isDue ? 'overview.warning' : 'overview.look', { count: data.faults.length })
        : t('overview.broken', { count: broken });
  return (
    <p className="verdict" role="status" style={toneStyle(tone)}>
      <ToneIcon tone={tone} size={26} /> {words}
    </p>
  );
}

function LastJobs({ jobs }: { readonly jobs: OverviewData['lastJobs'] }) {
  const { t } = useTranslation();
  if (jobs.length === 0) return null;
  return (
    <section className="card lane">
      <h2>{t('overview.lastJobs')}</h2>
      <ul className="last-jobs">
        {jobs.map(({ id, title, ownerName, state, waitsFor, pages, createdAt }) => (
          <li key={id}>
            <When at={createdAt} />
            {waitsFor.length === 0 ? (
              <State tone={JOB_TONES[state as JobState]} word={t(`jobState.${state}`)} />
            ) : (
              <State tone="warning" word={needWords(t, waitsFor)} />
            )}
            <span className="cut" title={plain(title)}>
              <Anchor component={Link} to={`/jobs/${id}`}>
                {plain(title)}
              </Anchor>
            </span>
            <span className="cut" title={ownerOf(t, { ownerName })}>
              {ownerOf(t, { ownerName })}
            </span>
            <span>{pages === null ? '–' : t('overview.pages', { count: pages })}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
