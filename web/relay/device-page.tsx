/** One device: what to type into it, its settings, and taking it away. */
import { Anchor, Button, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { JournalLink } from '../journal/journal-link.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Loaded } from '../ui/content.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { bodyOf, DEVICES_KEY, type Device, valuesOf } from './device.ts';
import { DeviceForm } from './device-form.tsx';
import { TypeThis } from './devices-list.tsx';
import { DeviceFaults, useDeviceFaults } from './faults.tsx';
import { Password, type Shown } from './password.tsx';

export default function DeviceScreen() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const key = [...DEVICES_KEY, id];
  useLiveQuery(['device-changed', 'outbox-message-queued'], key);
  const device = useQuery({
    queryKey: key,
    queryFn: () => need(api.GET('/devices/{id}', { params: { path: { id } } })) as Promise<Device>,
  });
  return <Loaded query={device}>{(one) => <DeviceView device={one} />}</Loaded>;
}

function DeviceView({ device }: { readonly device: Device }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const mayChange = useMay('administrator');
  const [made, setMade] = useState<Shown>();
  const faults = useDeviceFaults(device.id);
  return (
    <Page
      title={device.name}
      above={
        <Anchor component={Link} to="/devices">
          ‹ {t('nav.devices')}
        </Anchor>
      }
      actions={mayChange ? <Remove device={device} /> : null}
    >
      <Stack gap="md">
        <LastMessage device={device} />
        <UseOfDay device={device} />
        <DeviceFaults faults={faults} />
        <TypeThis username={device.username} />
        <DeviceForm
          // Asking for a password again would make another one.
          key={device.username}
          initial={valuesOf(device)}
          isReadOnly={!mayChange}
          onSave={async (values) => {
            const params = { path: { id: device.id } };
            const saved = await need(api.PATCH('/devices/{id}', { params, body: bodyOf(values, device) }));
            if (saved.password !== null && saved.username !== null) {
              setMade({ username: saved.username, password: saved.password });
            }
            await client.invalidateQueries({ queryKey: DEVICES_KEY });
          }}
        />
        <JournalLink subject={device.id} />
      </Stack>
      {made === undefined ? null : <Password shown={made} onClose={() => setMade(undefined)} />}
    </Page>
  );
}

/** Whether mail has come from it: what whoever sets up a copier waits for. */
function LastMessage({ device: { lastMessageAt, enabled } }: { readonly device: Device }) {
  const { t } = useTranslation();
  if (lastMessageAt === null) return enabled ? <State tone="waiting" word={t('devices.waitsForFirst')} /> : null;
  return (
    <p className="plain">
      {t('devices.lastAt')} <When at={lastMessageAt} />
    </p>
  );
}

/** How much of its limits of the day is used. */
function UseOfDay({ device: { messagesToday, recipientsToday, limits } }: { readonly device: Device }) {
  const { t } = useTranslation();
  return (
    <Stack gap={0}>
      <p className="plain">{t('devices.messagesToday', { count: messagesToday, limit: limits.messagesPerDay })}</p>
      <p className="plain">
        {t('devices.recipientsToday', { count: recipientsToday, limit: limits.recipientsPerDay })}
      </p>
    </Stack>
  );
}

function Remove({ device }: { readonly device: Device }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        {t('action.remove')}
      </Button>
      {isOpen ? (
        <Confirm
          title={t('devices.removeTitle', { name: device.name })}
          act={t('action.remove')}
          onClose={() => setOpen(false)}
          onConfirm={async () => {
            await need(api.DELETE('/devices/{id}', { params: { path: { id: device.id } } }));
            await navigate({ to: '/devices' });
            await client.invalidateQueries({ queryKey: DEVICES_KEY });
          }}
        >
          <p className="plain">{t('devices.removeStops')}</p>
        </Confirm>
      ) : null}
    </>
  );
}
