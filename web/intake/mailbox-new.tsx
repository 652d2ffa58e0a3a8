/** Settings > Jobs > Jobs via e-mail: a further mailbox. */
import { Anchor } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { currentLanguage } from '../app/texts.ts';
import { connectionsQuery } from '../connections/connection.ts';
import { STEP_DONE, useStepsAgain } from '../overview/next-step.tsx';
import { Empty, Loaded } from '../ui/content.tsx';
import { Page } from '../ui/page.tsx';
import { bodyOf, mailboxesQuery, newValues, queuesQuery } from './mailbox.ts';
import { MailboxForm } from './mailbox-form.tsx';

export default function MailboxNew() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const again = useStepsAgain();
  const around = useQuery({
    queryKey: ['new-mailbox'],
    queryFn: async () => {
      const [connections, queues, mailboxes] = await Promise.all([
        client.fetchQuery(connectionsQuery),
        client.fetchQuery(queuesQuery),
        client.fetchQuery(mailboxesQuery),
      ]);
      return { connections, queues, isFirst: mailboxes.length === 0 };
    },
    // A form that is opened again begins with what there is then.
    gcTime: 0,
  });
  return (
    <Page
      title={t('mailboxes.addTitle')}
      above={
        <Anchor component={Link} to="/settings/jobs/mailboxes">
          ‹ {t('nav.mailboxes')}
        </Anchor>
      }
    >
      <Loaded query={around}>
        {({ connections, queues, isFirst }) =>
          queues.length === 0 ? (
            <Empty title={t('mailboxes.noQueue')}>
              <Anchor component={Link} to="/queues" search={{ open: 'add' } as never}>
                {t('queues.addTitle')}
              </Anchor>
            </Empty>
          ) : (
            <MailboxForm
              connections={connections}
              queues={queues}
              // The first one needs no name of its own; further ones are told apart by theirs.
              initial={newValues({
                connections,
                queues,
                title: isFirst ? t('mailboxes.titleDefault') : '',
                language: currentLanguage(),
              })}
              onSave={async (values) => {
                const { id } = await need(api.POST('/mailboxes', { body: bodyOf(values) }));
                await Promise.all([again(), client.invalidateQueries({ queryKey: mailboxesQuery.queryKey })]);
                await navigate({ to: `/settings/jobs/mailboxes/${id}`, search: STEP_DONE as never });
              }}
            />
          )
        }
      </Loaded>
    </Page>
  );
}
