/** The page of one external system: how it stands, who confirmed it, what it may be used for, what can be done. */
import { Anchor, Button, Group, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { Loaded } from '../ui/content.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { type Connection, connectionsQuery } from './connection.ts';
import { ConnectionForm, type ConnectionValues } from './connection-form.tsx';
import { ConnectionState } from './connections-list.tsx';
import { Explained, requestText } from './explained.tsx';
import { Forecast } from './forecast.tsx';
import { NewCodeButton } from './list/new-code.tsx';
import { RowMenu } from './list/row-menu.tsx';
import { useUsage } from './list/usage.ts';
import { CheckLine, HandOverLink, SignInByLink } from './outcome.tsx';
import { History } from './page/history.tsx';
import { SendingRoom } from './page/sending-room.tsx';
import { WorksFor } from './page/works-for.tsx';
import { RemoveConnection } from './remove.tsx';

export default function ConnectionPage() {
  const { t } = useTranslation();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  useLiveQuery(['connection-', 'login-', 'token-'], connectionsQuery.queryKey);
  const connections = useQuery(connectionsQuery);
  return (
    <Loaded query={connections}>
      {(all) => {
        const connection = all.find((one) => one.id === id);
        if (connection !== undefined) return <Shown connection={connection} />;
        return (
          <Page title={t('nav.connections')}>
            <p>{t('connections.gone')}</p>
          </Page>
        );
      }}
    </Loaded>
  );
}

function Shown({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  const mayChange = useMay('administrator');
  const search = useSearch({ strict: false }) as { readonly edit?: unknown };
  const [open, setOpen] = useState<'none' | 'edit' | 'remove'>(search.edit === undefined ? 'none' : 'edit');
  const close = () => setOpen('none');
  const usage = useUsage()?.(connection.id);
  const isOpen = connection.state === 'awaiting-confirmation' || connection.state === 'needs-confirmation';
  return (
    <Page
      title={connection.title}
      isBroken={connection.state === 'needs-confirmation'}
      above={
        <Anchor component={Link} to="/settings/connections">
          ‹ {t('nav.connections')}
        </Anchor>
      }
      actions={
        <>
          {mayChange && isOpen ? <ConfirmActs connection={connection} /> : null}
          <Button component={Link} to={`/settings/connections/${connection.id}/check`} variant="default">
            {t('action.checkNow')}
          </Button>
          {mayChange ? (
            <>
              <Button variant="default" onClick={() => setOpen('edit')}>
                {t('action.edit')}
              </Button>
              <RowMenu
                connection={connection}
                without={isOpen ? ['check', 'confirm', 'edit'] : ['check', 'edit']}
                onRemove={() => setOpen('remove')}
              />
            </>
          ) : null}
        </>
      }
    >
      <Stack gap="md">
        <ConnectionState connection={connection} usage={usage} />
        <ConnectionFault connection={connection} />
        <Facts connection={connection} />
        <WorksFor connection={connection} usage={usage} />
        <Forecast connection={connection} />
        {usage?.isSending ? <SendingRoom /> : null}
        <Check connection={connection} />
        <History id={connection.id} />
      </Stack>
      {open === 'edit' ? <EditConnection connection={connection} onClose={close} /> : null}
      {open === 'remove' ? <RemoveConnection connection={connection} onClose={close} /> : null}
    </Page>
  );
}

/** The ways to a confirmation, while one is needed. */
function ConfirmActs({ connection }: { readonly connection: Connection }) {
  return (
    <>
      <NewCodeButton connection={connection} variant="filled" />
      <SignInByLink connection={connection} />
      <HandOverLink connection={connection} />
    </>
  );
}

function ConnectionFault({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  const { problem, state, stateSince, expiry } = connection;
  if (problem === null) return null;
  return (
    <Explained
      tone={state === 'degraded' ? 'warning' : 'broken'}
      problem={problem}
      of={connection.id}
      since={stateSince}
      stops={state === 'degraded' ? t('waiting.yes') : t('connections.stops')}
    >
      {state === 'degraded' && expiry.nextRenewalAt !== null ? (
        <span className="hint">
          {t('connections.nextTry')} <When at={expiry.nextRenewalAt} />
        </span>
      ) : null}
      <CopyButton text={requestText(t, problem)} label={t('action.copyRequest')} />
    </Explained>
  );
}

function Facts({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  const { account, expiry } = connection;
  return (
    <dl className="facts card">
      <dt>{t('connections.account')}</dt>
      <dd>{account === null ? '–' : `${account.name}, ${account.username}`}</dd>
      <dt>{t('connections.expected')}</dt>
      <dd>{connection.expectedAccount ?? '–'}</dd>
      <dt>{t('connections.clientId')}</dt>
      <dd className="words">{connection.clientId}</dd>
      <dt>{t('connections.tenantId')}</dt>
      <dd className="words">{connection.tenantId}</dd>
      <dt>{t('connections.signedIn')}</dt>
      <dd>{expiry.signedInAt === null ? '–' : <When at={expiry.signedInAt} />}</dd>
      <dt>{t('connections.renewed')}</dt>
      <dd>{expiry.renewedAt === null ? '–' : <When at={expiry.renewedAt} />}</dd>
    </dl>
  );
}

/** The last check in a line; the page of its own runs it and tells all. */
function Check({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  const { id, checks } = connection;
  const failed = checks?.tests.filter(({ outcome }) => outcome === 'failed') ?? [];
  return (
    <section className="card">
      <Group justify="space-between">
        <h2 className="section">{t('check.title')}</h2>
        <Button component={Link} to={`/settings/connections/${id}/check`} variant="default">
          {t('check.open')}
        </Button>
      </Group>
      {checks === null ? (
        <p className="plain">{t('check.never')}</p>
      ) : (
        <Group gap="sm">
          <State
            tone={failed.length === 0 ? 'ok' : 'broken'}
            word={failed.length === 0 ? t('check.noFault') : t('check.faults', { count: failed.length })}
          />
          <When at={checks.finishedAt ?? checks.startedAt} />
        </Group>
      )}
      {failed.length === 0 ? null : (
        <ul className="tests">
          {failed.map((test) => (
            <li key={test.test}>
              <CheckLine test={test} of={connection.id} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function EditConnection({ connection, onClose }: { readonly connection: Connection; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { id, title, clientId, tenantId, cloud, expectedAccount } = connection;
  const send = async ({ expectedAccount: pin, ...values }: ConnectionValues) => {
    const body = { ...values, expectedAccount: pin.trim() === '' ? null : pin.trim() };
    await need(api.PATCH('/connections/{id}', { params: { path: { id } }, body }));
    await client.invalidateQueries({ queryKey: connectionsQuery.queryKey });
    onClose();
  };
  const uses = connection.uses as ConnectionValues['uses'];
  const initial = { title, clientId, tenantId, cloud, expectedAccount: expectedAccount ?? '', uses };
  return (
    <Dialog title={t('connections.editTitle', { title })} onClose={onClose}>
      <ConnectionForm initial={initial} send={send} onCancel={onClose} ownId={id} />
    </Dialog>
  );
}
