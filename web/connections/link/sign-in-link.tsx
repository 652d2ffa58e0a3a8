/** `/settings/connections/{id}/sign-in-link`: for tenants that block codes; the address of a white page is pasted back. */
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import { useLiveQuery } from '../../app/live.tsx';
import { Failed, Loaded, Loading } from '../../ui/content.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Finding } from '../../ui/finding.tsx';
import { State } from '../../ui/state.tsx';
import { type Connection, connectionsQuery } from '../connection.ts';
import ConnectionsList from '../connections-list.tsx';
import { Explained } from '../explained.tsx';
import { Confirmed } from '../outcome.tsx';
import { LinkSteps } from './link-steps.tsx';

export default function SignInLinkScreen() {
  const { t } = useTranslation();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const navigate = useNavigate();
  const connections = useQuery(connectionsQuery);
  const close = () => void navigate({ to: '/settings/connections' });
  return (
    <>
      <ConnectionsList />
      <Dialog title={t('signInLink.title')} onClose={close}>
        <Loaded query={connections}>
          {(all) => {
            const connection = all.find((one) => one.id === id);
            if (connection === undefined) return <p>{t('connections.gone')}</p>;
            return <SignInLink connection={connection} onClose={close} />;
          }}
        </Loaded>
      </Dialog>
    </>
  );
}

/** How the browser comes back: by the address that a person pastes, or to Platen itself on the same machine. */
export type Redirect = 'paste' | 'loopback';

type SignInLinkProps = { readonly connection: Connection; readonly onClose: () => void };

function SignInLink({ connection, onClose }: SignInLinkProps) {
  const { id } = connection;
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: connectionsQuery.queryKey });
  useLiveQuery(['login-', 'connection-'], connectionsQuery.queryKey);
  // The link is in this answer and nowhere else: whoever comes back to the page gets a new one.
  const begin = useMutation({
    mutationFn: (redirect: Redirect) =>
      need(api.POST('/connections/{id}/sign-in-link', { params: { path: { id } }, body: { redirect } })),
    onSuccess: refresh,
  });
  const paste = useMutation({
    mutationFn: (address: string) =>
      need(api.PUT('/connections/{id}/sign-in-link', { params: { path: { id } }, body: { address } })),
    onSuccess: refresh,
  });
  const isFirst = useRef(true);
  const { mutate } = begin;
  useEffect(() => {
    if (!isFirst.current) return;
    isFirst.current = false;
    mutate('paste');
  }, [mutate]);
  const again = (redirect: Redirect = 'paste') => {
    paste.reset();
    mutate(redirect);
  };
  if (begin.error !== null) return <Failed error={begin.error} retry={() => again()} />;
  if (begin.data === undefined || begin.isPending) return <Loading />;
  const { login } = connection;
  if (login?.kind === 'link' && login.state !== 'pending') {
    return <LinkOutcome connection={connection} onNewLink={() => again()} onClose={onClose} />;
  }
  if (paste.isSuccess) return <AskingOn />;
  return (
    <LinkSteps
      account={connection.expectedAccount}
      link={begin.data}
      paste={paste}
      onNewLink={again}
      mayComeBack
      cancel={<CancelLink connection={connection} onClose={onClose} />}
    />
  );
}

function CancelLink({ connection, onClose }: SignInLinkProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { id } = connection;
  const cancel = useMutation({
    mutationFn: () => need(api.DELETE('/connections/{id}/sign-in-link', { params: { path: { id } } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: connectionsQuery.queryKey });
      onClose();
    },
  });
  return (
    <>
      {cancel.error === null ? null : <Failed error={cancel.error} />}
      <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
        {t('action.cancel')}
      </Button>
    </>
  );
}

/** Microsoft took the sign-in; who the account is could not be looked up yet. */
function AskingOn() {
  const { t } = useTranslation();
  return (
    <div role="status">
      <State tone="waiting" word={t('signInLink.asking')} />
    </div>
  );
}

type LinkOutcomeProps = SignInLinkProps & { readonly onNewLink: () => void };

function LinkOutcome({ connection, onNewLink, onClose }: LinkOutcomeProps) {
  const { t } = useTranslation();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), []);
  const { login } = connection;
  const buttons = (
    <>
      <Button onClick={onNewLink}>{t('action.newLink')}</Button>
      <Button variant="default" onClick={onClose}>
        {t('action.close')}
      </Button>
    </>
  );
  return (
    <div ref={place} tabIndex={-1} className="outcome">
      {login?.state === 'granted' ? (
        <Confirmed connection={connection} onClose={onClose} />
      ) : (
        <div role="alert">
          {login?.problem === undefined ? (
            <Finding title={t('signInLink.canceled')} stops={t('deviceCode.nothingKept')}>
              {buttons}
            </Finding>
          ) : (
            <Explained problem={login.problem} of={connection.id} stops={t('deviceCode.nothingKept')}>
              {buttons}
            </Explained>
          )}
        </div>
      )}
    </div>
  );
}
