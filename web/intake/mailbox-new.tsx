/** Settings > Jobs > Jobs via e-mail: a further mailbox. */
import { Anchor } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { currentLanguage } from '../app/texts.ts';
import { connectionsQuery } from '../connections/connection.ts';
import { Empty, Loaded } from '../ui/content.tsx';
import { Page } from '../ui/page.tsx';
import { bodyOf, mailboxesQuery, newValues, queuesQuery } from './mailbox.ts';
import { MailboxForm } from './mailbox-form.tsx';

export default function MailboxNew() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const connections = useQuery(connectionsQuery);
  const queues = useQuery(queuesQuery);
  return (
    <Page
      title={t('mailboxes.addTitle')}
      above={
        <Anchor component={Link} to="/settings/jobs/mailboxes">
          {t('nav.mailboxes')}
        </Anchor>
      }
    >
      <Loaded query={connections}>
        {(all) => (
          <Loaded query={queues}>
            {(ways) =>
              ways.length === 0 ? (
                <Empty title={t('mailboxes.noQueue')}>
                  <Anchor component={Link} to="/queues">
                    {t('nav.queues')}
                  </Anchor>
                </Empty>
              ) : (
                <MailboxForm
                  connections={all}
                  queues={ways}
                  initial={newValues(all, ways, currentLanguage())}
                  isNew
                  onSave={async (values) => {
                    const { id } = await need(api.POST('/mailboxes', { body: bodyOf(values) }));
                    await client.invalidateQueries({ queryKey: mailboxesQuery.queryKey });
                    await navigate({ to: `/settings/jobs/mailboxes/${id}` });
                  }}
                />
              )
            }
          </Loaded>
        )}
      </Loaded>
    </Page>
  );
}
