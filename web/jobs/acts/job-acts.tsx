/** What can still be done with a job. Which dialog is open stands in the address of the page. */
import { Button, Menu } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import { useMay, useSession } from '../../app/session.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { Failed } from '../../ui/content.tsx';
import { useOpenDialog } from '../../ui/dialog.tsx';
import { ActsMenu } from '../../ui/rows/acts-menu.tsx';
import { isHeld, isOpen, isPrepared, isUncertain, isUnconfirmed, isWaiting, JOBS_KEY, type PlacedJob } from '../job.ts';
import { ChangeOptions } from './change-options.tsx';
import { PrintAt } from './print-at.tsx';

const ASKS = ['print', 'again', 'options', 'cancel'] as const;
type Ask = (typeof ASKS)[number];

export function JobActs({ job }: { readonly job: PlacedJob }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { open, show, close } = useOpenDialog<Ask, PlacedJob>(ASKS, [job]);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const again = async () => await client.invalidateQueries({ queryKey: JOBS_KEY });
  const ask = (act: Ask) => show({ act, item: job });
  const doNow = async (asked: Promise<unknown>) => {
    setBusy(true);
    setError(undefined);
    await asked.catch(setError);
    await again();
    setBusy(false);
  };
  const params = { path: { id: job.id } };
  return (
    <>
      {isHeld(job) && !isUnconfirmed(job) ? <Button onClick={() => ask('print')}>{t('jobs.printAt')}</Button> : null}
      {isUncertain(job) ? (
        <>
          <Button loading={isBusy} onClick={() => void doNow(need(api.POST('/jobs/{id}/printed', { params })))}>
            {t('jobs.isPrinted')}
          </Button>
          <Button variant="default" onClick={() => ask('again')}>
            {t('jobs.printAgain')}
          </Button>
        </>
      ) : null}
      {isOpen(job) ? (
        <Button variant="default" onClick={() => ask('cancel')}>
          {t('jobs.cancel')}
        </Button>
      ) : null}
      <More
        job={job}
        onOptions={() => ask('options')}
        onHold={() => void doNow(need(api.POST('/jobs/{id}/hold', { params })))}
      />
      {error === undefined ? null : <Failed error={error} />}
      {open === undefined || open.act === 'add' ? null : (
        <Asked act={open.act} job={job} onClose={close} onDone={again} />
      )}
    </>
  );
}

type AskedProps = {
  readonly act: Ask;
  readonly job: PlacedJob;
  readonly onClose: () => void;
  readonly onDone: () => Promise<void>;
};

function Asked({ act, job, onClose, onDone }: AskedProps) {
  const { t } = useTranslation();
  if (act === 'options') return <ChangeOptions job={job} onClose={onClose} onDone={onDone} />;
  if (act === 'print') return <PrintAt job={job} onClose={onClose} onDone={onDone} />;
  if (act === 'again') {
    return <PrintAt job={job} warning={t('jobs.printAgainMeans')} onClose={onClose} onDone={onDone} />;
  }
  return (
    <Confirm
      title={t('jobs.cancelTitle', { number: job.number })}
      act={t('jobs.cancel')}
      keep={t('jobs.keep')}
      onClose={onClose}
      onConfirm={async () => {
        await need(api.POST('/jobs/{id}/cancel', { params: { path: { id: job.id } } }));
        await onDone();
      }}
    >
      <p>{t('jobs.cancelStops')}</p>
    </Confirm>
  );
}

type MoreProps = { readonly job: PlacedJob; readonly onOptions: () => void; readonly onHold: () => void };

/** What is wanted more rarely. A copy of the document is for its owner and for administrators. */
function More({ job, onOptions, onHold }: MoreProps) {
  const { t } = useTranslation();
  const session = useSession();
  const isAdministrator = useMay('administrator');
  const maySave = job.hasDocument && (isAdministrator || session?.user?.id === job.ownerId);
  if (!isWaiting(job) && !maySave) return null;
  const copy = (as: 'printed' | 'original') => `/api/v1/jobs/${job.id}/document?as=${as}`;
  return (
    <ActsMenu of={t('jobs.one', { number: job.number })}>
      {isWaiting(job) ? <Menu.Item onClick={onOptions}>{t('jobs.changeOptions')}</Menu.Item> : null}
      {job.state === 'pending' ? <Menu.Item onClick={onHold}>{t('jobs.hold')}</Menu.Item> : null}
      {maySave && isPrepared(job) ? (
        <Menu.Item component="a" href={copy('printed')} download>
          {t('jobs.savePrinted')}
        </Menu.Item>
      ) : null}
      {maySave ? (
        <Menu.Item component="a" href={copy('original')} download>
          {t('jobs.saveOriginal')}
        </Menu.Item>
      ) : null}
    </ActsMenu>
  );
}
