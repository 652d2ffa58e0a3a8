/** Settings > External systems: every connection with its state at a glance. */
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useLiveQuery } from '../app/live.tsx';
import { Empty, Loaded } from '../ui/content.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';
import { type Connection, connectionsQuery, STATE_TONES } from './connection.ts';

export default function ConnectionsList() {
  const { t } = useTranslation();
  useLiveQuery(['connection-', 'login-'], connectionsQuery.queryKey);
  const connections = useQuery(connectionsQuery);
  return (
    <Page title={t('nav.connections')}>
      <Loaded query={connections}>
        {(all) =>
          all.length === 0 ? (
            <Empty title={t('connections.empty')}>
              <p>{t('connections.emptyHint')}</p>
            </Empty>
          ) : (
            <ConnectionTable connections={all} />
          )
        }
      </Loaded>
    </Page>
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
            <td>{connection.title}</td>
            <td>{connection.account?.username ?? connection.expectedAccount ?? '–'}</td>
            <td>{connection.grantedUses.map((use) => t(`use.${use}`)).join(' · ') || '–'}</td>
            <td>
              <State tone={STATE_TONES[connection.state]} word={t(`connection.${connection.state}`)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
