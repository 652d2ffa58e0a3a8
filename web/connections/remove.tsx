/** Removing a connection: first what stops, then its title typed. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Confirm } from '../ui/confirm.tsx';
import { Loaded } from '../ui/content.tsx';
import { type Connection, connectionsQuery } from './connection.ts';

type RemoveProps = { readonly connection: Connection; readonly onClose: () => void };

export function RemoveConnection({ connection, onClose }: RemoveProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { id, title } = connection;
  const used = useQuery({
    queryKey: ['connection-used', id],
    staleTime: 0,
    queryFn: async () => {
      const [network, mailboxes] = await Promise.all([need(api.GET('/settings/network')), need(api.GET('/mailboxes'))]);
      const server = network.outgoingServer;
      const isSending = server !== null && 'connectionId' in server && server.connectionId === id;
      return { isSending, mailboxes: mailboxes.items.filter((one) => one.connectionId === id) };
    },
  });
  const remove = async () => {
    await need(api.DELETE('/connections/{id}', { params: { path: { id } } }));
    await navigate({ to: '/settings/connections' });
    await client.invalidateQueries({ queryKey: connectionsQuery.queryKey });
  };
  return (
    <Confirm
      title={t('connections.removeTitle', { title })}
      act={t('action.remove')}
      typed={{ label: t('connections.removeType'), word: title }}
      onConfirm={remove}
      onClose={onClose}
    >
      <p className="plain">{t('connections.removeStops')}</p>
      <Loaded query={used}>
        {({ isSending, mailboxes }) => (
          <ul className="plain">
            {isSending ? <li>{t('connections.removeSending')}</li> : null}
            {mailboxes.map((mailbox) => (
              <li key={mailbox.id}>{t('connections.removeMailbox', { title: mailbox.title })}</li>
            ))}
            <li>{t('connections.removeTokens')}</li>
          </ul>
        )}
      </Loaded>
    </Confirm>
  );
}
