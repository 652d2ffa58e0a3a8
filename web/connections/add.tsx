/** `/settings/connections/new`: title, client ID, tenant ID; then the code. */
import { Anchor } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Loaded } from '../ui/content.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { connectionsQuery } from './connection.ts';
import { ConnectionForm, type ConnectionValues } from './connection-form.tsx';
import ConnectionsList from './connections-list.tsx';
import { readUses } from './register/wish.ts';

export default function AddConnection() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  // What the registration wizard has found out already.
  const found = useSearch({ strict: false }) as Readonly<Record<string, unknown>>;
  const given = (name: string, otherwise: string) => (typeof found[name] === 'string' ? found[name] : otherwise);
  const clouds = useQuery({ queryKey: ['clouds'], queryFn: () => need(api.GET('/clouds')) });
  const close = () => void navigate({ to: '/settings/connections' });
  useEffect(() => {
    // What shows the code is there before OK is pressed; when it cannot be had now, it is loaded then.
    import('./device-code.tsx').catch(() => undefined);
  }, []);
  const add = async ({ expectedAccount, ...values }: ConnectionValues) => {
    const pin = expectedAccount.trim() === '' ? {} : { expectedAccount: expectedAccount.trim() };
    const made = await need(api.POST('/connections', { body: { kind: 'exchange-online', ...values, ...pin } }));
    // The code is asked for at once: nobody waits here for the list to be read again.
    client.setQueryData(connectionsQuery.queryKey, (all) => (all === undefined ? undefined : [...all, made]));
    void client.invalidateQueries({ queryKey: connectionsQuery.queryKey });
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
                title: given('title', t('connections.titleDefault')),
                clientId: given('clientId', ''),
                tenantId: given('tenantId', ''),
                expectedAccount: given('expectedAccount', ''),
                cloud: given('cloud', cloud),
                uses: readUses(given('uses', '')),
              }}
              send={add}
              onCancel={close}
            >
              <span>
                {t('register.none')}{' '}
                <Anchor component={Link} to="/settings/connections/registration">
                  {t('register.openShort')}
                </Anchor>
              </span>
            </ConnectionForm>
          )}
        </Loaded>
      </Dialog>
    </>
  );
}
