/** Asking for a new code, and going where it is shown. */
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import { Failed } from '../../ui/content.tsx';
import { type Connection, connectionsQuery } from '../connection.ts';

export function useNewCode({ id }: Connection) {
  const navigate = useNavigate();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => need(api.POST('/connections/{id}/device-code', { params: { path: { id } } })),
    onSuccess: async (made) => {
      client.setQueryData(['device-code', id], made);
      await client.invalidateQueries({ queryKey: connectionsQuery.queryKey });
      await navigate({ to: `/settings/connections/${id}/device-code` });
    },
  });
}

/** How it is called depends on whether somebody has ever confirmed. */
export function newCodeText({ state }: Connection): string {
  return state === 'awaiting-confirmation' ? 'action.newCode' : 'action.confirmAgain';
}

type NewCodeButtonProps = { readonly connection: Connection; readonly variant: 'filled' | 'default' };

export function NewCodeButton({ connection, variant }: NewCodeButtonProps) {
  const { t } = useTranslation();
  const begin = useNewCode(connection);
  return (
    <>
      <Button variant={variant} loading={begin.isPending} onClick={() => begin.mutate()}>
        {t(newCodeText(connection))}
      </Button>
      {begin.error === null ? null : <Failed error={begin.error} />}
    </>
  );
}
