/** What waits for its owner: each document with its release, at a printer that is chosen, and its end. */
import { Anchor, Button, Group } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Confirm } from '../ui/confirm.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { PrintAt } from './acts/print-at.tsx';
import { isUnconfirmed, JOBS_KEY, type Job } from './job.ts';

type Asked = { readonly job: Job; readonly act: 'print' | 'delete' };

/** As many as are looked through at once; the list below has all. */
const SHOWN = 20;

export function HeldJobs() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asked, setAsked] = useState<Asked>();
  const held = useQuery({
    queryKey: [...JOBS_KEY, 'held'],
    queryFn: () => need(api.GET('/jobs', { params: { query: { state: 'pending-held', limit: SHOWN } } })),
  });
  const jobs = held.data?.items ?? [];
  const close = () => setAsked(undefined);
  const again = async () => await client.invalidateQueries({ queryKey: JOBS_KEY });
  return (
    <>
      {jobs.length === 0 ? null : (
        <section className="card held" aria-label={t('jobs.waiting')}>
          <h2 className="section">{t('jobs.waiting')}</h2>
          <ul>
            {jobs.map((job) => (
              <HeldJob key={job.id} job={job} onAsk={setAsked} />
            ))}
          </ul>
        </section>
      )}
      {/* Apart from the list: a dialog stays when its document is the last one and goes. */}
      {asked?.act === 'print' ? <PrintAt job={asked.job} onClose={close} onDone={again} /> : null}
      {asked?.act === 'delete' ? (
        <Confirm
          title={t('jobs.deleteTitle', { number: asked.job.number })}
          act={t('action.delete')}
          onClose={close}
          onConfirm={async () => {
            await need(api.POST('/jobs/{id}/cancel', { params: { path: { id: asked.job.id } } }));
            await again();
          }}
        >
          <p>{plain(asked.job.title)}</p>
          <p>{t('release.deleteStops')}</p>
        </Confirm>
      ) : null}
    </>
  );
}

function HeldJob({ job, onAsk }: { readonly job: Job; readonly onAsk: (asked: Asked) => void }) {
  const { t } = useTranslation();
  const title = plain(job.title);
  return (
    <li>
      <div className="grow">
        <Anchor component={Link} to={`/jobs/${job.id}`} className="cut block" title={title}>
          {title}
        </Anchor>
        <p className="hint plain">
          {job.pages === null ? null : `${t('overview.pages', { count: job.pages })} · `}
          {isUnconfirmed(job) ? `${t('jobs.why.sender-unconfirmed')} · ` : null}
          {job.heldUntil === null ? null : (
            <>
              {t('jobs.heldUntil')} <When at={job.heldUntil} />
            </>
          )}
        </p>
      </div>
      <Group gap="xs" wrap="nowrap">
        {isUnconfirmed(job) ? null : (
          <Button onClick={() => onAsk({ job, act: 'print' })} aria-label={t('jobs.printAtOf', { title })}>
            {t('jobs.printAt')}
          </Button>
        )}
        <Button
          variant="default"
          onClick={() => onAsk({ job, act: 'delete' })}
          aria-label={t('jobs.deleteOf', { title })}
        >
          {t('action.delete')}
        </Button>
      </Group>
    </li>
  );
}
