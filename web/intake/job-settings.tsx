/** Settings > Jobs: where the settings of jobs stand. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Page } from '../ui/page.tsx';
import { mailboxesQuery, queuesQuery } from './mailbox.ts';

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
    </Page>
  );
}
