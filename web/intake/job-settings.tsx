/** Settings > Jobs: where the settings of jobs stand. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import { documentWords, heldWords } from '../queues/keeping.ts';
import { Page } from '../ui/page.tsx';
import { mailboxesQuery, type Queue, queuesQuery } from './mailbox.ts';

export default function JobSettings() {
  const { t } = useTranslation();
  const mailboxes = useQuery(mailboxesQuery);
  const queues = useQuery(queuesQuery);
  return (
    <Page title={t('nav.jobSettings')}>
      <dl className="facts">
        <dt>
          <Anchor component={Link} to="/settings/jobs/mailboxes">
            {t('nav.mailboxes')}
          </Anchor>
        </dt>
        <dd>
          {t('jobSettings.mailboxes')} {(mailboxes.data ?? []).map(({ address }) => address).join(' · ')}
        </dd>
        <dt>
          <Anchor component={Link} to="/queues">
            {t('nav.queues')}
          </Anchor>
        </dt>
        <dd>
          {t('jobSettings.queues')} {(queues.data ?? []).map(({ name }) => name).join(' · ')}
        </dd>
      </dl>
      {(queues.data ?? []).length === 0 ? null : <Keeping queues={queues.data ?? []} />}
    </Page>
  );
}

/** How long each queue keeps what, in words; it is changed at the queue. */
function Keeping({ queues }: { readonly queues: readonly Queue[] }) {
  const { t } = useTranslation();
  return (
    <section>
      <h2>{t('jobSettings.keeping')}</h2>
      <dl className="facts">
        {queues.map((queue) => (
          <Fragment key={queue.id}>
            <dt>
              <Anchor component={Link} to="/queues" search={{ open: 'edit', of: queue.id } as never}>
                {queue.name}
              </Anchor>
            </dt>
            <dd>
              {queue.mode === 'hold' ? <p className="plain">{heldWords(t, queue)}</p> : null}
              <p className="plain">{documentWords(t, queue)}</p>
            </dd>
          </Fragment>
        ))}
      </dl>
    </section>
  );
}
