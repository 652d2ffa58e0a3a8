/** Devices: who may hand mail to Platen, and what to type into a copier. */
import { Anchor, Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { Empty } from '../ui/content.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { type Column, LongList, usePages } from '../ui/list.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { DEVICES_KEY, type Device, relayQuery } from './device.ts';
import { DeviceFaults, type Fault, isMended, useDeviceFaults } from './faults.tsx';

export default function DevicesList() {
  const { t } = useTranslation();
  const mayChange = useMay('administrator');
  useLiveQuery(['device-added', 'device-changed', 'device-removed', 'outbox-message-queued'], DEVICES_KEY);
  const faults = useDeviceFaults();
  const pages = usePages<Device>(DEVICES_KEY, (cursor) =>
    need(api.GET('/devices', { params: { query: { limit: 100, ...(cursor === undefined ? {} : { cursor }) } } })),
  );
  const columns = useColumns(faults);
  const add = mayChange ? (
    <Button component={Link} to="/devices/new">
      {t('devices.add')}
    </Button>
  ) : null;
  return (
    <Page title={t('nav.devices')} actions={add}>
      <DeviceFaults faults={faults.filter((fault) => !isMended(fault))} isOnList />
      <TypeThis />
      <LongList
        label={t('nav.devices')}
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        empty={
          <Empty title={t('devices.empty')}>
            <p className="plain">{t('devices.emptyHint')}</p>
          </Empty>
        }
      />
    </Page>
  );
}

function useColumns(faults: readonly Fault[]): readonly Column<Device>[] {
  const { t } = useTranslation();
  return [
    {
      key: 'name',
      title: t('devices.name'),
      cell: ({ id, name }) => (
        <Anchor component={Link} to={`/devices/${id}`}>
          {name}
        </Anchor>
      ),
    },
    {
      key: 'last',
      title: t('devices.last'),
      cell: ({ lastMessageAt }) => (lastMessageAt === null ? '–' : <When at={lastMessageAt} />),
      isNamedOnPhone: true,
    },
    {
      key: 'today',
      title: t('devices.today'),
      cell: ({ messagesToday, limits }) => t('devices.todayOf', { count: messagesToday, limit: limits.messagesPerDay }),
      isNamedOnPhone: true,
    },
    { key: 'known', title: t('devices.known'), cell: (device) => <Known device={device} /> },
    {
      key: 'domains',
      title: t('devices.domains'),
      cell: ({ allowedDomains }) => (allowedDomains.length === 0 ? t('devices.ownDomain') : allowedDomains.join(' · ')),
      isNamedOnPhone: true,
    },
    {
      key: 'state',
      title: t('devices.state'),
      cell: (device) => <DeviceState device={device} fault={faults.find(({ deviceId }) => deviceId === device.id)} />,
    },
  ];
}

type DeviceStateProps = { readonly device: Device; readonly fault: Pick<Fault, 'reason' | 'title'> | undefined };

/** Whether it may send; what stands in its way, or is mended, is said in its own words. */
function DeviceState({ device, fault }: DeviceStateProps) {
  const { t } = useTranslation();
  if (!device.enabled) return <State tone="off" word={t('devices.off')} />;
  if (fault !== undefined && !isMended(fault)) return <State tone="warning" word={fault.title} />;
  return (
    <>
      <State tone="ok" word={t('devices.on')} />
      {fault === undefined ? null : <div className="hint">{fault.title}</div>}
    </>
  );
}

/** How a device is recognized, in words. */
function Known({ device }: { readonly device: Device }) {
  const { t } = useTranslation();
  const { username, addresses, allowsPlainAuth } = device;
  const way = allowsPlainAuth ? 'devices.byPlainPassword' : 'devices.byPassword';
  const parts = [username === null ? '' : t(way, { username }), addresses.join(' · ')];
  return <>{parts.filter((part) => part !== '').join(' · ') || '–'}</>;
}

/** What the technician types into the copier. */
export function TypeThis({ username }: { readonly username?: string | null }) {
  const { t } = useTranslation();
  const relay = useQuery(relayQuery);
  const address = relay.data?.address;
  if (address === undefined) return null;
  if (address === null) return <p>{t('devices.noRelay')}</p>;
  return (
    <section className="card narrow spaced">
      <h2 className="section">{t('devices.typeThis')}</h2>
      <dl className="facts">
        <dt>{t('network.host')}</dt>
        <dd>
          <code className="words">{address.host}</code> <CopyButton text={address.host} />
        </dd>
        <dt>{t('network.port')}</dt>
        <dd>
          <code className="words">{address.port}</code> <CopyButton text={String(address.port)} />
        </dd>
        {username === undefined || username === null ? null : (
          <>
            <dt>{t('network.user')}</dt>
            <dd>
              <code className="words">{username}</code> <CopyButton text={username} />
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}
