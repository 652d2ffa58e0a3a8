/** `/settings/connections/new`: title, client ID, tenant ID; then the code. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Loaded } from '../ui/content.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { connectionsQuery } from './connection.ts';
import { ConnectionForm, type ConnectionValues } from './connection-form.tsx';
import ConnectionsList from './connections-list.tsx';

export default function AddConnection() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const clouds = useQuery({ queryKey: ['clouds'], queryFn: () => need(api.GET('/clouds')) });
  const close = () => void navigate({ to: '/settings/connections' });
  const add = async ({ expectedAccount, ...values }: ConnectionValues) => {
    const pin = expectedAccount.trim() === '' ? {} : { expectedAccount: expectedAccount.trim() };
    const made = await need(api.POST('/connections', { body: { kind: 'exchange-online', ...values, ...pin } }));
    await client.invalidateQueries({ queryKey: connectionsQuery.queryKey });
    await navigate({ to: `/settings/connections/${made.id}/device-code` });
  };
  return (
    <>
      <ConnectionsList />
      <Dialog title={t('connections.addTitle')} onClose={close}>
        <Loaded query={clouds}>
          {({ default: cloud }) => (
            <ConnectionForm
              initial={{
                title: t('connections.titleDefault'),
                clientId: '',
                tenantId: '',
                expectedAccount: '',
                cloud,
                uses: ['smtp', 'imap', 'pop3'],
              }}
              send={add}
              onCancel={close}
            />
          )}
        </Loaded>
      </Dialog>
    </>
  );
}
