/** Removing a connection: first where it is still used, then its title typed. */
import { Anchor, Button, Group, Stack } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Confirm } from '../ui/confirm.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { type Connection, connectionsQuery } from './connection.ts';
import { isUsed, type Usage, useUsage } from './list/usage.ts';

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
  if (usage === undefined) return null;
  if (isUsed(usage))
    return <StillUsed title={t('connections.removeTitle', { title })} usage={usage} onClose={onClose} />;
  return (
    <Confirm
      title={t('connections.removeTitle', { title })}
      act={t('action.remove')}
      typed={{ label: t('connections.removeType'), word: title }}
      onConfirm={remove}
      onClose={onClose}
    >
      <p className="plain">{t('connections.removeTokens')}</p>
    </Confirm>
  );
}

type StillUsedProps = { readonly title: string; readonly usage: Usage; readonly onClose: () => void };

/** The server removes nothing that mail leaves or arrives by: here is where another one can be chosen. */
function StillUsed({ title, usage, onClose }: StillUsedProps) {
  const { t } = useTranslation();
  return (
    <Dialog title={title} onClose={onClose}>
      <Stack gap="md">
        <p className="plain">{t('connections.stillUsed')}</p>
        <Stack gap="xs" align="flex-start">
          {usage.isSending ? (
            <Anchor component={Link} to="/settings/network">
              {t('network.outgoing')}
            </Anchor>
          ) : null}
          {usage.mailboxes.map((mailbox) => (
            <Anchor key={mailbox.id} component={Link} to={`/settings/jobs/mailboxes/${mailbox.id}`}>
              {t('connections.stillReads', { title: mailbox.title })}
            </Anchor>
          ))}
        </Stack>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('action.close')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
