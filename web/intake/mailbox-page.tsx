/** One mailbox: how it is, what is set, whether it can be read, and what would stop without it. */
import { Anchor, Button, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { connectionsQuery } from '../connections/connection.ts';
import { Explained } from '../connections/explained.tsx';
import { JournalLink } from '../journal/journal-link.tsx';
import { NextStep, useNextStep } from '../overview/next-step.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Loaded } from '../ui/content.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';
import { bodyOf, LOOK_AGAIN_MS, lookOf, type Mailbox, mailboxesQuery, queuesQuery, valuesOf } from './mailbox.ts';
import { MailboxForm } from './mailbox-form.tsx';
import { MailboxUse } from './mailboxes-list.tsx';

export default function MailboxScreen() {
  const { t } = useTranslation();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  useLiveQuery(['mailbox-', 'connection-'], mailboxesQuery.queryKey);
  const mailbox = useQuery({
    queryKey: [...mailboxesQuery.queryKey, id],
    queryFn: () => need(api.GET('/mailboxes/{id}', { params: { path: { id } } })) as Promise<Mailbox>,
    refetchInterval: LOOK_AGAIN_MS,
  });
  return <Loaded query={mailbox}>{(one) => <MailboxView mailbox={one} key={id} title={t('nav.mailboxes')} />}</Loaded>;
}

function MailboxView({ mailbox, title }: { readonly mailbox: Mailbox; readonly title: string }) {
  const mayChange = useMay('administrator');
  const { enabled, problem } = mailbox;
  const { tone, word } = lookOf(mailbox);
  const { t } = useTranslation();
  const next = useNextStep();
  return (
    <Page
      title={mailbox.title}
      isBroken={tone === 'broken'}
      above={
        <Anchor component={Link} to="/settings/jobs/mailboxes">
          ‹ {title}
        </Anchor>
      }
      actions={mayChange ? <Acts mailbox={mailbox} /> : null}
    >
      <Stack gap="md">
        {enabled && problem !== null ? (
          <Explained
            tone={tone === 'waiting' ? 'warning' : tone}
            problem={problem}
            of={mailbox.id}
            stops={t('mailboxes.stops')}
          />
        ) : (
          <State tone={tone} word={`${t(word)}: ${mailbox.address}`} />
        )}
        <MailboxUse mailbox={mailbox} />
        <NextStep step={next} />
        {mayChange ? <Settings mailbox={mailbox} isQuiet={next !== undefined} /> : <Facts mailbox={mailbox} />}
        <JournalLink subject={mailbox.id} />
      </Stack>
    </Page>
  );
}

type SettingsProps = { readonly mailbox: Mailbox; readonly isQuiet: boolean };

function Settings({ mailbox, isQuiet }: SettingsProps) {
  const client = useQueryClient();
  const connections = useQuery(connectionsQuery);
  const queues = useQuery(queuesQuery);
  return (
    <Loaded query={connections}>
      {(all) => (
        <Loaded query={queues}>
          {(ways) => (
            <MailboxForm
              connections={all}
              queues={ways}
              initial={valuesOf(mailbox)}
              id={mailbox.id}
              isQuiet={isQuiet}
              onSave={async (values) => {
                const params = { path: { id: mailbox.id } };
                await need(api.PATCH('/mailboxes/{id}', { params, body: bodyOf(values) }));
                await client.invalidateQueries({ queryKey: mailboxesQuery.queryKey });
              }}
            />
          )}
        </Loaded>
      )}
    </Loaded>
  );
}

/** For whoever may read and not change. */
function Facts({ mailbox }: { readonly mailbox: Mailbox }) {
  const { t } = useTranslation();
  const queues = useQuery(queuesQuery);
  return (
    <dl className="facts">
      <dt>{t('mailboxes.address')}</dt>
      <dd>{mailbox.address}</dd>
      <dt>{t('mailboxes.protocol')}</dt>
      <dd>{t(`protocol.${mailbox.protocol}`)}</dd>
      <dt>{t('mailboxes.afterwards')}</dt>
      <dd>{t(`afterIntake.${mailbox.afterIntake}`)}</dd>
      <dt>{t('mailboxes.unknown')}</dt>
      <dd>{t(`unknownSender.${mailbox.senderPolicy.unknown}`)}</dd>
      <dt>{t('mailboxes.machines')}</dt>
      <dd>{t(`automaticMail.${mailbox.senderPolicy.machines}`)}</dd>
      <dt>{t('mailboxes.noProof')}</dt>
      <dd>{t(`unproven.${mailbox.proofPolicy.unproven}`)}</dd>
      <dt>{t('mailboxes.kinds')}</dt>
      <dd>{mailbox.documentPolicy.kinds.map((kind) => t(`documentKind.${kind}`)).join(', ') || '–'}</dd>
      <dt>{t('mailboxes.body')}</dt>
      <dd>{t(`messageBody.${mailbox.documentPolicy.body}`)}</dd>
      <dt>{t('mailboxes.maxPages')}</dt>
      <dd>{mailbox.documentPolicy.maxPages}</dd>
      <dt>{t('mailboxes.queue')}</dt>
      <dd>{queues.data?.find(({ id }) => id === mailbox.queueId)?.name ?? '–'}</dd>
    </dl>
  );
}

function Acts({ mailbox }: { readonly mailbox: Mailbox }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isRemoving, setRemoving] = useState(false);
  const params = { path: { id: mailbox.id } };
  const toggle = useMutation({
    mutationFn: () => need(api.PATCH('/mailboxes/{id}', { params, body: { enabled: !mailbox.enabled } })),
    onSuccess: () => client.invalidateQueries({ queryKey: mailboxesQuery.queryKey }),
  });
  return (
    <>
      <Button variant="default" loading={toggle.isPending} onClick={() => toggle.mutate()}>
        {mailbox.enabled ? t('mailboxes.pause') : t('mailboxes.resume')}
      </Button>
      <Button variant="default" onClick={() => setRemoving(true)}>
        {t('action.remove')}
      </Button>
      {isRemoving ? (
        <Confirm
          title={t('mailboxes.removeTitle', { title: mailbox.title })}
          act={t('action.remove')}
          onClose={() => setRemoving(false)}
          onConfirm={async () => {
            await need(api.DELETE('/mailboxes/{id}', { params }));
            await navigate({ to: '/settings/jobs/mailboxes' });
            await client.invalidateQueries({ queryKey: mailboxesQuery.queryKey });
          }}
        >
          <p className="plain">{t('mailboxes.removeStops', { address: mailbox.address })}</p>
        </Confirm>
      ) : null}
    </>
  );
}
