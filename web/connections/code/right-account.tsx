/**
 * Another account confirmed than was expected, and it is the one that is meant: it is expected from now on, and a new code
 * is asked for, because nothing of the first one was kept.
 */
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import { Failed } from '../../ui/content.tsx';
import { type Connection, connectionsQuery } from '../connection.ts';

type RightAccountProps = { readonly connection: Connection; readonly onNewCode: () => void };

export function RightAccount({ connection, onNewCode }: RightAccountProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { id, state, login } = connection;
  const network = useQuery({ queryKey: ['network'], queryFn: () => need(api.GET('/settings/network')) });
  const account = login?.tried ?? null;
  const accept = useMutation({
    mutationFn: (expectedAccount: string) =>
      need(api.PATCH('/connections/{id}', { params: { path: { id } }, body: { expectedAccount } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: connectionsQuery.queryKey });
      onNewCode();
    },
  });
  // With a sender e-mail the account could not send; and a connection that works with its own one keeps it.
  const isOpen = state === 'awaiting-confirmation' || state === 'needs-confirmation';
  if (account === null || !isOpen || network.data === undefined || network.data.senderEmail !== null) return null;
  return (
    <>
      <Button variant="default" loading={accept.isPending} onClick={() => accept.mutate(account)}>
        {t('deviceCode.rightAccount')}
      </Button>
      {accept.error === null ? null : <Failed error={accept.error} />}
    </>
  );
}
