/** Settings > External systems: every connection with its state at a glance. */
import { Anchor, Button, Group, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { Empty, Loaded } from '../ui/content.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';
import { useNow } from '../ui/when.tsx';
import { type Connection, connectionsQuery, STATE_TONES } from './connection.ts';

export default function ConnectionsList() {
  const { t } = useTranslation();
  const mayChange = useMay('administrator');
  useLiveQuery(['connection-', 'login-'], connectionsQuery.queryKey);
  const connections = useQuery(connectionsQuery);
  const isBroken = connections.data?.some(({ state }) => state === 'needs-confirmation') === true;
  return (
    <Page title={t('nav.connections')} isBroken={isBroken} actions={mayChange ? <AddMenu /> : undefined}>
      <Loaded query={connections}>
        {(all) =>
          all.length === 0 ? (
            <Empty title={t('connections.empty')}>
              <p className="plain">{t('connections.emptyHint')}</p>
              {mayChange ? <FirstActs /> : null}
            </Empty>
          ) : (
            <ConnectionTable connections={all} />
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
function AddMenu() {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end" width={320}>
      <Menu.Target>
        <Button>{t('action.add')}</Button>
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

function ConnectionTable({ connections }: { readonly connections: readonly Connection[] }) {
  const { t } = useTranslation();
  return (
    <table className="list" aria-label={t('nav.connections')}>
      <thead>
        <tr>
          <th scope="col">{t('connections.title')}</th>
          <th scope="col">{t('connections.account')}</th>
          <th scope="col">{t('connections.uses')}</th>
          <th scope="col">{t('connections.stateTitle')}</th>
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
            <td>{connection.grantedUses.map((use) => t(`use.${use}`)).join(' · ') || '–'}</td>
            <td>
              <ConnectionState connection={connection} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function loginPath({ id, login }: Connection): string {
  return `/settings/connections/${id}/${login?.kind === 'link' ? 'sign-in-link' : 'device-code'}`;
}

/** The state, and while a code runs how long it is still good for. */
export function ConnectionState({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  const mayChange = useMay('administrator');
  const now = useNow(10_000);
  const { state, login } = connection;
  const minutes = Math.ceil((new Date(login?.expiresAt ?? 0).getTime() - now.getTime()) / 60_000);
  const isRunning = login?.state === 'pending' && minutes > 0;
  return (
    <>
      <State tone={STATE_TONES[state]} word={t(`connection.${state}`)} />
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
