/** Removing a connection: first what stops, then its title typed. */
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Confirm } from '../ui/confirm.tsx';
import { Loading } from '../ui/content.tsx';
import { type Connection, connectionsQuery } from './connection.ts';
import { useUsage } from './list/usage.ts';

type RemoveProps = { readonly connection: Connection; readonly onClose: () => void };

export function RemoveConnection({ connection, onClose }: RemoveProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { id, title } = connection;
  const usage = useUsage()?.(id);
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
      {usage === undefined ? (
        <Loading />
      ) : (
        <ul className="plain">
          {usage.isSending ? <li>{t('connections.removeSending')}</li> : null}
          {usage.mailboxes.map((mailbox) => (
            <li key={mailbox.id}>{t('connections.removeMailbox', { title: mailbox.title })}</li>
          ))}
          <li>{t('connections.removeTokens')}</li>
        </ul>
      )}
    </Confirm>
  );
}
