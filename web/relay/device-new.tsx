/** A further device: what it is called, how it is known, whom it may write to. */
import { Anchor } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Page } from '../ui/page.tsx';
import { bodyOf, DEVICES_KEY, NEW } from './device.ts';
import { DeviceForm } from './device-form.tsx';
import { Password, type Shown } from './password.tsx';

export default function DeviceNew() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const asked = useSearch({ strict: false }) as { address?: unknown };
  const initial = typeof asked.address === 'string' ? { ...NEW, addresses: asked.address } : NEW;
  const [made, setMade] = useState<Shown & { readonly id: string }>();
  const toDevice = (id: string) => void navigate({ to: `/devices/${id}` });
  return (
    <Page
      title={t('devices.addTitle')}
      above={
        <Anchor component={Link} to="/devices">
          {t('nav.devices')}
        </Anchor>
      }
    >
      <DeviceForm
        initial={initial}
        onSave={async (values) => {
          const { id, username, password } = await need(api.POST('/devices', { body: bodyOf(values) }));
          await client.invalidateQueries({ queryKey: DEVICES_KEY });
          if (password === null || username === null) toDevice(id);
          else setMade({ id, username, password });
        }}
      />
      {made === undefined ? null : <Password shown={made} onClose={() => toDevice(made.id)} />}
    </Page>
  );
}
