/** A further device: what it is called, how it is known, whom it may write to. */
import { Anchor } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { companyQuery } from '../network/settings.ts';
import { Loaded } from '../ui/content.tsx';
import { Page } from '../ui/page.tsx';
import { bodyOf, DEVICES_KEY, NEW } from './device.ts';
import { DeviceForm } from './device-form.tsx';
import { Password, type Shown } from './password.tsx';

export default function DeviceNew() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const asked = useSearch({ strict: false }) as { address?: unknown };
  const company = useQuery(companyQuery);
  const [made, setMade] = useState<Shown & { readonly id: string }>();
  const toDevice = (id: string) => void navigate({ to: `/devices/${id}` });
  return (
    <Page
      title={t('devices.addTitle')}
      above={
        <Anchor component={Link} to="/devices">
          ‹ {t('nav.devices')}
        </Anchor>
      }
    >
      <Loaded query={company}>
        {({ mailDomain }) => (
          <DeviceForm
            initial={{
              ...NEW,
              addresses: typeof asked.address === 'string' ? asked.address : '',
              allowedDomains: mailDomain ?? '',
            }}
            onSave={async (values) => {
              const { id, username, password } = await need(api.POST('/devices', { body: bodyOf(values) }));
              await client.invalidateQueries({ queryKey: DEVICES_KEY });
              if (password === null || username === null) toDevice(id);
              else setMade({ id, username, password });
            }}
          />
        )}
      </Loaded>
      {made === undefined ? null : <Password shown={made} onClose={() => toDevice(made.id)} />}
    </Page>
  );
}
