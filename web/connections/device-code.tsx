/** `/settings/connections/{id}/device-code`: who must confirm, where, the code, and what becomes of it. */
import { Button, Group, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, isProblem, need } from '../api/client.ts';
import { useLive, useRestartedAt } from '../app/live.tsx';
import { Failed, Loaded } from '../ui/content.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { toneStyle } from '../ui/state.tsx';
import { type Code, CodeSteps, Obstacles, Remaining } from './code/code-steps.tsx';
import { type Connection, connectionsQuery } from './connection.ts';
import ConnectionsList from './connections-list.tsx';
import { WhoSignsIn } from './link/link-steps.tsx';
import { EditLink, HandOverLink, Outcome, SignInByLink } from './outcome.tsx';

const ASK_MS = 3_000;

export default function DeviceCodeScreen() {
  const { t } = useTranslation();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const navigate = useNavigate();
  // That Microsoft does not answer at the moment is an event of nothing: it is asked for while the code is shown.
  const connections = useQuery({ ...connectionsQuery, refetchInterval: ASK_MS });
  const close = () => void navigate({ to: '/settings/connections' });
  return (
    <>
      <ConnectionsList />
      <Dialog title={t('deviceCode.title')} onClose={close}>
        <Loaded query={connections}>
          {(all) => {
            const connection = all.find((one) => one.id === id);
            if (connection === undefined) return <p>{t('connections.gone')}</p>;
            return <DeviceCode connection={connection} onClose={close} />;
          }}
        </Loaded>
      </Dialog>
    </>
  );
}

function DeviceCode({ connection, onClose }: { readonly connection: Connection; readonly onClose: () => void }) {
  const { id, login } = connection;
  const client = useQueryClient();
  const key = ['device-code', id];
  useLive(['login-', 'connection-'], () => void client.invalidateQueries({ queryKey: key }));
  const code = useQuery({
    queryKey: key,
    queryFn: async () => {
      try {
        return await need(api.GET('/connections/{id}/device-code', { params: { path: { id } } }));
      } catch (error) {
        if (isProblem(error) && error.status === 404) return null;
        throw error;
      }
    },
    // The end of a code is also seen when the stream of events is not there.
    refetchInterval: ASK_MS,
  });
  const begin = useMutation({
    mutationFn: () => need(api.POST('/connections/{id}/device-code', { params: { path: { id } } })),
    onSuccess: async (made) => {
      // An answer from before would say that there is no code.
      await client.cancelQueries({ queryKey: key });
      client.setQueryData(key, made);
      // What the connection says of it follows; the code does not wait for that.
      void client.invalidateQueries({ queryKey: connectionsQuery.queryKey });
    },
  });
  useEndOfCode(code.data);
  const isFirst = useRef(true);
  const { mutate } = begin;
  useEffect(() => {
    if (login !== null || !isFirst.current) return;
    isFirst.current = false;
    mutate();
  }, [login, mutate]);
  if (begin.error !== null) return <BeginFailed connection={connection} error={begin.error} retry={mutate} />;
  if (code.data === undefined || begin.isPending) return <Loaded query={code}>{() => null}</Loaded>;
  if (code.data !== null) {
    return <Waiting connection={connection} code={code.data} onClose={onClose} />;
  }
  if (login === null) return null;
  if (login.state === 'pending')
    return login.kind === 'link' ? <OpenLink connection={connection} retry={mutate} /> : null;
  return <Outcome connection={connection} onNewCode={mutate} onClose={onClose} />;
}

/** When a code is over, the connection says what became of it. */
function useEndOfCode(code: unknown): void {
  const client = useQueryClient();
  useEffect(() => {
    if (code === null) void client.invalidateQueries({ queryKey: connectionsQuery.queryKey });
  }, [code, client]);
}

type BeginFailedProps = { readonly connection: Connection; readonly error: unknown; readonly retry: () => void };

/** Microsoft may refuse to give a code at all. */
function BeginFailed({ connection, error, retry }: BeginFailedProps) {
  const { t } = useTranslation();
  // Nobody has signed in yet: what is refused at this point is the tenant or the application.
  const isRefused = isProblem(error) && error.code === 'device-code-refused';
  return (
    <Stack gap="md">
      <Failed error={error} title={isRefused ? t('deviceCode.ends.registration') : undefined} retry={retry} />
      <Group gap="xs">
        <EditLink connection={connection} />
      </Group>
      <AnotherWay connection={connection} />
    </Stack>
  );
}

/** A link is open, here or in another window: it goes on there, unless a code is wanted instead. */
function OpenLink({ connection, retry }: { readonly connection: Connection; readonly retry: () => void }) {
  const { t } = useTranslation();
  return (
    <Stack gap="md">
      <p className="plain">{t('signInLink.isOpen')}</p>
      <Group gap="xs">
        <SignInByLink connection={connection} variant="filled" />
        <Button variant="default" onClick={retry}>
          {t('action.newCode')}
        </Button>
      </Group>
    </Stack>
  );
}

/** The owner of the mailbox is not the person at this screen. */
function SomebodyElse({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  return (
    <Group gap="xs">
      <span>{t('handOver.somebodyElse')}</span>
      <HandOverLink connection={connection} />
    </Group>
  );
}

function AnotherWay({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  return (
    <Group gap="xs">
      <span>{t('deviceCode.anotherWay')}</span>
      <SignInByLink connection={connection} />
    </Group>
  );
}

const RESTART_SHOWN_MS = 10_000;

/** The code is the same one after a restart: Platen goes on asking for it. */
function Restarted() {
  const { t } = useTranslation();
  // What stands around it may be gone while Platen does not answer, and comes back after the event.
  const at = useRestartedAt();
  const [over, setOver] = useState<number>();
  useEffect(() => {
    if (at === undefined) return;
    const timer = setTimeout(() => setOver(at), Math.max(0, at + RESTART_SHOWN_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [at]);
  const isShown = at !== undefined && at !== over;
  return (
    <p className={isShown ? 'note' : 'quiet'} role="status" style={toneStyle('waiting')}>
      {isShown ? t('deviceCode.restarted') : ''}
    </p>
  );
}

type WaitingProps = { readonly connection: Connection; readonly code: Code; readonly onClose: () => void };

function Waiting({ connection, code, onClose }: WaitingProps) {
  const { t } = useTranslation();
  const { id } = connection;
  const cancel = useMutation({
    mutationFn: () => need(api.DELETE('/connections/{id}/device-code', { params: { path: { id } } })),
    onSuccess: onClose,
  });
  // What an earlier code met is over.
  const hasTrouble = connection.login?.state === 'pending' && connection.login.problem !== undefined;
  return (
    <Stack gap="md">
      <WhoSignsIn account={connection.expectedAccount} />
      <CodeSteps code={code} copyKey="c" />
      <Remaining expiresAt={code.expiresAt} />
      <Restarted />
      {hasTrouble ? (
        <p className="note" role="status" style={toneStyle('warning')}>
          {t('deviceCode.trouble')}
        </p>
      ) : null}
      <p className="note" style={toneStyle('warning')}>
        {t('deviceCode.private')}
      </p>
      <Obstacles expiresAt={code.expiresAt} />
      <p className="plain">{t('deviceCode.mailOff')}</p>
      <SomebodyElse connection={connection} />
      <AnotherWay connection={connection} />
      {cancel.error === null ? null : <Failed error={cancel.error} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
          {t('action.cancelCode')}
        </Button>
        <Button variant="default" onClick={onClose}>
          {t('action.close')}
        </Button>
      </Group>
    </Stack>
  );
}
