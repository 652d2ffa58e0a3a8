/** The page of one external system: how it stands, who confirmed it, what it may be used for, what can be done. */
import { Anchor, Button, Group, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { Failed, Loaded } from '../ui/content.tsx';
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
import { CheckLine, HandOverLink, SignInByLink } from './outcome.tsx';
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
        mayChange ? (
          <>
            <NewCodeButton connection={connection} />
            <SignInByLink connection={connection} />
            <HandOverLink connection={connection} />
            <Button variant="default" onClick={() => setOpen('edit')}>
              {t('action.edit')}
            </Button>
            <Button variant="default" onClick={() => setOpen('remove')}>
              {t('action.remove')}
            </Button>
          </>
        ) : undefined
      }
    >
      <Stack gap="md">
        <ConnectionState connection={connection} />
        <ConnectionFault connection={connection} />
        <Facts connection={connection} />
        <Forecast connection={connection} />
        <Check connection={connection} />
      </Stack>
      {open === 'edit' ? <EditConnection connection={connection} onClose={close} /> : null}
      {open === 'remove' ? <RemoveConnection connection={connection} onClose={close} /> : null}
    </Page>
  );
}

/** Asks for a new code and goes where it is shown. */
function NewCodeButton({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { id, state } = connection;
  const begin = useMutation({
    mutationFn: () => need(api.POST('/connections/{id}/device-code', { params: { path: { id } } })),
    onSuccess: async (made) => {
      client.setQueryData(['device-code', id], made);
      await client.invalidateQueries({ queryKey: connectionsQuery.queryKey });
      await navigate({ to: `/settings/connections/${id}/device-code` });
    },
  });
  return (
    <>
      <Button
        variant={state === 'connected' ? 'default' : 'filled'}
        loading={begin.isPending}
        onClick={() => begin.mutate()}
      >
        {state === 'awaiting-confirmation' ? t('action.newCode') : t('action.confirmAgain')}
      </Button>
      {begin.error === null ? null : <Failed error={begin.error} />}
    </>
  );
}

function ConnectionFault({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  const { problem, state, stateSince } = connection;
  if (problem === null) return null;
  return (
    <Explained
      tone={state === 'degraded' ? 'warning' : 'broken'}
      problem={problem}
      since={stateSince}
      stops={state === 'degraded' ? t('waiting.yes') : t('connections.stops')}
    >
      <CopyButton text={requestText(t, problem)} label={t('action.copyRequest')} />
    </Explained>
  );
}

function Facts({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  const { account, expiry } = connection;
  const missing = connection.uses.filter((use) => !connection.grantedUses.includes(use));
  return (
    <dl className="facts card">
      <dt>{t('connections.account')}</dt>
      <dd>{account === null ? '–' : `${account.name}, ${account.username}`}</dd>
      <dt>{t('connections.expected')}</dt>
      <dd>{connection.expectedAccount ?? '–'}</dd>
      <dt>{t('connections.worksFor')}</dt>
      <dd>
        {connection.grantedUses.map((use) => (
          <div key={use}>
            <State tone="ok" word={t(`use.${use}`)} />
          </div>
        ))}
        {missing.map((use) => (
          <div key={use}>
            <State tone="off" word={t('connections.notGranted', { use: t(`use.${use}`) })} />
          </div>
        ))}
      </dd>
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
              <CheckLine test={test} />
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
      <ConnectionForm initial={initial} send={send} onCancel={onClose} />
    </Dialog>
  );
}
