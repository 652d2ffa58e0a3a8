/** Settings > External systems: every connection with its state at a glance. */
import { Anchor, Button, Group, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { Empty, Loaded } from '../ui/content.tsx';
import { useOpenDialog } from '../ui/dialog.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';
import { useNow } from '../ui/when.tsx';
import { type Connection, connectionsQuery, STATE_TONES } from './connection.ts';
import { NewCodeButton } from './list/new-code.tsx';
import { RowMenu } from './list/row-menu.tsx';
import { isUsed, type Usage, useUsage } from './list/usage.ts';
import { UsedFor } from './list/used-for.tsx';
import { RemoveConnection } from './remove.tsx';

export default function ConnectionsList() {
  const { t } = useTranslation();
  const mayChange = useMay('administrator');
  useLiveQuery(['connection-', 'login-'], connectionsQuery.queryKey);
  const connections = useQuery(connectionsQuery);
  const isBroken = connections.data?.some(({ state }) => state === 'needs-confirmation') === true;
  // A code runs out without an event.
  useNow(10_000);
  const next = connections.data === undefined ? undefined : nextToConfirm(connections.data);
  return (
    <Page
      title={t('nav.connections')}
      isBroken={isBroken}
      actions={mayChange ? <AddMenu isQuiet={isBroken || next !== undefined} /> : undefined}
    >
      <Loaded query={connections}>
        {(all) =>
          all.length === 0 ? (
            <Empty title={t('connections.empty')}>
              <p className="plain">{t('connections.emptyHint')}</p>
              {mayChange ? <FirstActs /> : null}
            </Empty>
          ) : (
            <ConnectionTable connections={all} next={next} />
          )
        }
      </Loaded>
      <p>
        <Anchor component={Link} to="/settings/readiness">
          {t('readiness.title')}
        </Anchor>
      </p>
    </Page>
  );
}

/** With no registration yet, that comes first. */
function FirstActs() {
  const { t } = useTranslation();
  return (
    <Group gap="xs" mt="md">
      <Button component={Link} to="/settings/connections/registration">
        {t('register.open')}
      </Button>
      <Button component={Link} to="/settings/connections/new" variant="default">
        {t('connections.addTitle')}
      </Button>
    </Group>
  );
}

/** The kinds of systems; today there is one. */
function AddMenu({ isQuiet }: { readonly isQuiet: boolean }) {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end" width={320}>
      <Menu.Target>
        <Button variant={isQuiet ? 'default' : 'filled'}>{t('action.add')}</Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} to="/settings/connections/new">
          {t('connections.kind')}
          <br />
          <span className="hint">{t('connections.kindHint')}</span>
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

type TableProps = { readonly connections: readonly Connection[]; readonly next: Connection | undefined };

function ConnectionTable({ connections, next }: TableProps) {
  const { t } = useTranslation();
  const usageOf = useUsage();
  const { open, show, close } = useOpenDialog(['remove'], useMay('administrator') ? connections : []);
  return (
    <>
      <table className="list" aria-label={t('nav.connections')}>
        <thead>
          <tr>
            <th scope="col">{t('connections.title')}</th>
            <th scope="col">{t('connections.account')}</th>
            <th scope="col">{t('connections.uses')}</th>
            <th scope="col">{t('connections.stateTitle')}</th>
            <th scope="col">
              <span className="quiet">{t('label.acts')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {connections.map((connection) => (
            <tr key={connection.id} data-row>
              <td>
                <Anchor component={Link} to={`/settings/connections/${connection.id}`}>
                  {connection.title}
                </Anchor>
              </td>
              <td>{connection.account?.username ?? connection.expectedAccount ?? '–'}</td>
              <td>
                <UsedFor connection={connection} usage={usageOf?.(connection.id)} />
              </td>
              <td>
                <ConnectionState connection={connection} usage={usageOf?.(connection.id)} />
                <Permission connection={connection} />
                <Confirm connection={connection} isNext={connection === next} />
              </td>
              <td>
                <RowMenu connection={connection} onRemove={() => show({ act: 'remove', item: connection })} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {open?.act === 'remove' ? <RemoveConnection connection={open.item} onClose={close} /> : null}
    </>
  );
}

/** When the permission is expected to end, as far as anything points to a day. */
function Permission({ connection: { expiry, state } }: { readonly connection: Connection }) {
  const { t, i18n } = useTranslation();
  if (expiry.at === null || (state !== 'connected' && state !== 'degraded')) return null;
  const date = shortDay(i18n.language, new Date(expiry.at));
  return (
    <div className="hint">{t(expiry.kind === 'known' ? 'connections.endsOn' : 'connections.endsAbout', { date })}</div>
  );
}

/** 3 Dec; in another year than this one with the year. */
function shortDay(language: string, at: Date): string {
  const isThisYear = at.getFullYear() === new Date().getFullYear();
  const year = isThisYear ? {} : ({ year: 'numeric' } as const);
  return new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', ...year }).format(at);
}

/** In the row that needs it, also where nobody has confirmed yet. Where several do, one has the filled button of the page. */
function Confirm({ connection, isNext }: { readonly connection: Connection; readonly isNext: boolean }) {
  const mayChange = useMay('administrator');
  if (!mayChange || !isToConfirm(connection)) return null;
  return (
    <Group mt="xs">
      <NewCodeButton connection={connection} variant={isNext ? 'filled' : 'default'} />
    </Group>
  );
}

/** What has stopped comes before what has never worked yet. */
function nextToConfirm(connections: readonly Connection[]): Connection | undefined {
  const all = connections.filter(isToConfirm);
  return all.find(({ state }) => state === 'needs-confirmation') ?? all[0];
}

function isToConfirm(connection: Connection): boolean {
  const { state } = connection;
  return (state === 'needs-confirmation' || state === 'awaiting-confirmation') && !isPending(connection);
}

/** A code or a link runs: then it is shown, and no other one is asked for. */
function isPending({ login }: Connection): boolean {
  return login?.state === 'pending' && new Date(login.expiresAt).getTime() > Date.now();
}

function loginPath({ id, login }: Connection): string {
  return `/settings/connections/${id}/${login?.kind === 'link' ? 'sign-in-link' : 'device-code'}`;
}

type StateProps = { readonly connection: Connection; readonly usage?: Usage | undefined };

/** The state, and while a code runs how long it is still good for. */
export function ConnectionState({ connection, usage }: StateProps) {
  const { t } = useTranslation();
  const mayChange = useMay('administrator');
  const now = useNow(10_000);
  const { state, login } = connection;
  const minutes = Math.ceil((new Date(login?.expiresAt ?? 0).getTime() - now.getTime()) / 60_000);
  const isRunning = login?.state === 'pending' && minutes > 0;
  const isIdle = state === 'connected' && usage !== undefined && !isUsed(usage);
  return (
    <>
      <State tone={STATE_TONES[state]} word={isIdle ? t('connections.notUsed') : t(`connection.${state}`)} />
      {isRunning ? (
        <div>
          {t('connections.minutesLeft', { count: minutes })}{' '}
          {mayChange ? (
            <Anchor component={Link} to={loginPath(connection)}>
              {t(login?.kind === 'link' ? 'action.signInByLink' : 'action.showCode')}
            </Anchor>
          ) : null}
        </div>
      ) : null}
    </>
  );
}
