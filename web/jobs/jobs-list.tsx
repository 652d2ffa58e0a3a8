/** Jobs: all of them for operators, their own for those who print; found by words, number, state, queue, printer, owner and time. */
import { Anchor, Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { needWords } from '../printers/printer.ts';
import { Empty } from '../ui/content.tsx';
import { type Column, LongList, usePages } from '../ui/list.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { BulkBar, Pick, type Picked } from './bulk.tsx';
import { Filters, given, isFiltered, queryOf, useFilter, useGo, useShownFilter } from './filters.tsx';
import { HeldJobs } from './held.tsx';
import { isOpen, JOB_TONES, JOBS_KEY, type Job, ownerOf, type PlacedJob } from './job.ts';
import { MailTo, useMailAddresses } from './mail-to.tsx';
import { PrintByMail } from './print-by-mail.tsx';

const NONE_PICKED: Picked = new Set();
const UNDECIDED = 'processing-stopped';
/** The printer has stopped taking the document and does not say why. */
const TAKES_NOTHING = 'printer-takes-nothing';

/** Reasons for waiting that are not a printer's, as the server has them. */
const WHYS = [
  'queue-paused',
  'resources-are-not-ready',
  'sender-unconfirmed',
  'job-transforming',
  'connecting-to-device',
];

export default function JobsList() {
  const { t } = useTranslation();
  const seesAll = useMay('operator');
  const filter = useFilter();
  const go = useGo();
  useLiveQuery(['job-'], JOBS_KEY);
  const shown = useShownFilter();
  const pages = usePages<PlacedJob>([...JOBS_KEY, shown], (cursor) =>
    need(api.GET('/jobs', { params: { query: { limit: 100, ...queryOf(shown), ...given({ cursor }) } } })),
  );
  const [picked, setPicked] = useState<Picked>(NONE_PICKED);
  const columns = useColumns({ picked, onPick: setPicked, onOwner: (owner) => go({ ...filter, owner }) });
  const title = seesAll ? t('nav.jobs') : t('nav.myJobs');
  const isNarrowed = isFiltered(filter);
  return (
    <Page
      title={title}
      actions={
        <Button component={Link} to="/jobs/new">
          {t('nav.upload')}
        </Button>
      }
    >
      {filter.state === UNDECIDED ? null : <NeedLook onShow={() => go({ state: UNDECIDED })} />}
      {seesAll ? null : <OwnFirst />}
      {seesAll || isNarrowed ? null : <h2 className="section spaced">{t('jobs.sinceOf.month')}</h2>}
      <Filters ownerName={pages.items.find(({ ownerId }) => ownerId === filter.owner)?.ownerName} />
      <LongList
        label={title}
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        news={(count) => t('jobs.new', { count })}
        empty={
          <Empty title={t(isNarrowed ? 'jobs.noHit' : seesAll ? 'jobs.empty' : 'jobs.emptyLately')}>
            <p>{isNarrowed ? t('jobs.noHitHint') : t('jobs.emptyHint')}</p>
            {isNarrowed || !seesAll ? null : <WhereTo />}
          </Empty>
        }
      />
      <BulkBar
        jobs={pages.items.filter((job) => picked.has(job.id) && isOpen(job))}
        onDone={() => setPicked(NONE_PICKED)}
      />
    </Page>
  );
}

/** Where a first document can be mailed to; nowhere yet: where a mailbox is added. */
function WhereTo() {
  const { t } = useTranslation();
  const mayAdd = useMay('administrator');
  const addresses = useMailAddresses();
  if (addresses.length > 0 || !mayAdd) return <MailTo />;
  return (
    <Anchor component={Link} to="/settings/jobs/mailboxes/new">
      {t('mailboxes.addTitle')}
    </Anchor>
  );
}

type ColumnsWish = {
  readonly picked: Picked;
  readonly onPick: (picked: Picked) => void;
  readonly onOwner: (ownerId: string) => void;
};

/** Those of everybody's jobs can be picked, and have an owner. */
function useColumns({ picked, onPick, onOwner }: ColumnsWish): readonly Column<PlacedJob>[] {
  const { t } = useTranslation();
  const seesAll = useMay('operator');
  const pick: Column<PlacedJob> = {
    key: 'pick',
    title: t('jobs.bulk'),
    isTitleQuiet: true,
    cell: (job) => <Pick job={job} picked={picked} onChange={onPick} />,
    width: '44px',
    phone: 'tick',
  };
  const owner: Column<PlacedJob> = {
    key: 'owner',
    title: t('jobs.owner'),
    cell: (job) => <Owner job={job} onChoose={() => onOwner(job.ownerId)} />,
    width: '150px',
    phone: 'detail',
  };
  return [
    ...(seesAll ? [pick] : []),
    { key: 'number', title: t('jobs.number'), cell: ({ number }) => number, isShort: true },
    { key: 'title', title: t('jobs.title'), cell: (job) => <JobTitle job={job} />, width: '20%', phone: 'name' },
    ...(seesAll ? [owner] : []),
    {
      key: 'pages',
      title: t('jobs.pages'),
      cell: ({ pages: count }) => (count === null ? '–' : t('overview.pages', { count })),
      isShort: true,
      phone: 'detail',
    },
    {
      key: 'state',
      title: t('jobs.state'),
      cell: (job) => <JobStateAndWhy job={job} />,
      width: '190px',
      phone: 'state',
    },
    { key: 'where', title: t('jobs.place'), cell: (job) => <Where job={job} />, width: '130px' },
    {
      key: 'at',
      title: t('jobs.at'),
      cell: ({ createdAt }) => <When at={createdAt} />,
      isShort: true,
      phone: 'detail',
    },
  ];
}

/** What stands still and does not go on without a person, before everything else. */
function NeedLook({ onShow }: { readonly onShow: () => void }) {
  const { t } = useTranslation();
  const stopped = useQuery({
    queryKey: [...JOBS_KEY, 'need-look'],
    queryFn: () => need(api.GET('/jobs', { params: { query: { state: UNDECIDED, limit: 100 } } })),
  });
  const count = stopped.data?.items.length ?? 0;
  if (count === 0) return null;
  return (
    <Group gap="sm" mb="md" role="status">
      <State tone="warning" word={t('jobs.needLook', { count })} />
      <Button variant="default" onClick={onShow}>
        {t('jobs.showThem')}
      </Button>
    </Group>
  );
}

/** For who prints: where to mail documents to, what waits for a release, and how printing by mail goes. */
function OwnFirst() {
  return (
    <>
      <MailTo />
      <HeldJobs />
      <PrintByMail />
    </>
  );
}

/** Its name leaves only this owner's jobs in the list. */
function Owner({ job, onChoose }: { readonly job: Job; readonly onChoose: () => void }) {
  const { t } = useTranslation();
  const name = ownerOf(t, job);
  return (
    <Anchor
      component="button"
      type="button"
      className="cut block"
      aria-label={t('jobs.onlyOf', { name })}
      onClick={onChoose}
    >
      {name}
    </Anchor>
  );
}

function Where({ job }: { readonly job: PlacedJob }) {
  const name = plain(job.printerName ?? job.queueName);
  return (
    <span className="cut block" title={name}>
      {name}
    </span>
  );
}

function JobTitle({ job }: { readonly job: Job }) {
  return (
    <Anchor component={Link} to={`/jobs/${job.id}`} className="cut block" title={plain(job.title)}>
      {plain(job.title)}
    </Anchor>
  );
}

/** Its state, and what it waits for where that is no printer: a release until then, its queue, its sender. */
export function JobStateAndWhy({ job }: { readonly job: Job }) {
  const { t } = useTranslation();
  const why = WHYS.find((one) => job.reasons.includes(one));
  return (
    <>
      <JobStateShown job={job} />
      {why === undefined || !isOpen(job) ? null : <div className="hint">{t(`jobs.why.${why}`)}</div>}
      {job.pagesDrawn === null ? null : <div className="hint">{t('jobs.drawn', { count: job.pagesDrawn })}</div>}
      {job.heldUntil === null ? null : (
        <div className="hint">
          {t('jobs.heldUntil')} <When at={job.heldUntil} />
        </div>
      )}
    </>
  );
}

/** A job that does not go on before somebody has been at its printer says so, and since when, in place of its state. */
export function JobStateShown({ job }: { readonly job: Pick<Job, 'state' | 'waitsFor' | 'problem'> }) {
  const { t } = useTranslation();
  const takesNothing = job.problem?.code === TAKES_NOTHING;
  if (job.waitsFor.length === 0 && !takesNothing) {
    return <State tone={JOB_TONES[job.state]} word={t(`jobState.${job.state}`)} />;
  }
  const word = takesNothing ? t('jobs.takesNothing') : needWords(t, job.waitsFor);
  return (
    <div>
      <State tone="warning" word={word} />
      {job.problem === null ? null : (
        <div>
          <When at={job.problem.at} />
        </div>
      )}
    </div>
  );
}
