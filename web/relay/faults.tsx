/** What goes wrong with devices: who was refused and why, how often and since when, and the one act that helps. */
import { Button, Stack } from '@mantine/core';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { Failed } from '../ui/content.tsx';
import { Finding } from '../ui/finding.tsx';
import { When } from '../ui/when.tsx';
import { plain, referenceOf } from '../ui/words.ts';

export type Fault = paths['/device-faults']['get']['responses'][200]['content']['application/json']['items'][number];

const FAULTS_KEY = ['device-faults'] as const;
const faultsQuery = queryOptions({ queryKey: FAULTS_KEY, queryFn: () => need(api.GET('/device-faults')) });

export const isMended = ({ reason }: Pick<Fault, 'reason'>) => reason === 'repaired';

/** Of one device, or of all and of addresses that nobody knows. */
export function useDeviceFaults(deviceId?: string): readonly Fault[] {
  useLiveQuery(['device-', 'outbox-message-queued'], FAULTS_KEY);
  const { data } = useQuery(faultsQuery);
  // What asks for something stands first.
  const items = [...(data?.items ?? [])].sort((left, right) => Number(isMended(left)) - Number(isMended(right)));
  return deviceId === undefined ? items : items.filter((fault) => fault.deviceId === deviceId);
}

/** Whoever scans the network is many addresses: the list of devices stays in sight below them. */
const SHOWN_FIRST = 5;

type DeviceFaultsProps = { readonly faults: readonly Fault[]; readonly isOnList?: boolean };

export function DeviceFaults({ faults, isOnList = false }: DeviceFaultsProps) {
  const { t } = useTranslation();
  const [showsAll, setShowsAll] = useState(false);
  if (faults.length === 0) return null;
  const shown = showsAll ? faults : faults.slice(0, SHOWN_FIRST);
  const left = faults.length - shown.length;
  return (
    <section aria-label={t('devices.faults')}>
      <Stack gap="md" mb="md" align="flex-start">
        {shown.map((fault) => (
          <FaultCard key={fault.id} fault={fault} isOnList={isOnList} />
        ))}
        {left === 0 ? null : (
          <Button variant="default" onClick={() => setShowsAll(true)}>
            {t('devices.showMore', { count: left })}
          </Button>
        )}
      </Stack>
    </section>
  );
}

function FaultCard({ fault, isOnList }: { readonly fault: Fault; readonly isOnList: boolean }) {
  const { t } = useTranslation();
  const mayChange = useMay('administrator');
  return (
    <Finding
      title={fault.title}
      tone={isMended(fault) ? 'off' : 'warning'}
      detail={<Told fault={fault} />}
      since={fault.firstAt}
      stops={t(isMended(fault) ? 'devices.stopsNothing' : 'devices.stops')}
      advice={fault.advice}
      remote={fault.remote === null ? undefined : plain(fault.remote)}
      reference={referenceOf(fault.reason, fault.reply, fault.deviceId)}
    >
      {mayChange ? <Acts fault={fault} isOnList={isOnList} /> : undefined}
    </Finding>
  );
}

function Told({ fault }: { readonly fault: Fault }) {
  const { t } = useTranslation();
  const { count, lastAt, repairs } = fault;
  const name = nameOf(fault);
  if (isMended(fault)) {
    const what = repairs.map(({ text }) => text).join(', ');
    return <>{`${t('devices.repairedTimes', { name, count })} ${t('devices.repairedWhat', { what })}`}</>;
  }
  return (
    <>
      {t('devices.refusedTimes', { name, count })} {t('devices.refusedLast')} <When at={lastAt} />
    </>
  );
}

function nameOf({ name, address }: Fault): string {
  return name === null ? address : `${plain(name)} (${address})`;
}

function Acts({ fault, isOnList }: { readonly fault: Fault; readonly isOnList: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { id, deviceId, address } = fault;
  const dismiss = useMutation({
    mutationFn: () => need(api.DELETE('/device-faults/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: FAULTS_KEY }),
  });
  return (
    <>
      {deviceId === null ? (
        <Button component={Link} to="/devices/new" search={{ address } as never} variant="default">
          {t('devices.addIt')}
        </Button>
      ) : null}
      {deviceId !== null && isOnList ? (
        <Button component={Link} to={`/devices/${deviceId}`} variant="default">
          {t('action.edit')}
        </Button>
      ) : null}
      <Button variant="default" loading={dismiss.isPending} onClick={() => dismiss.mutate()}>
        {t(deviceId === null ? 'devices.ignore' : 'devices.dismiss')}
      </Button>
      {dismiss.error === null ? null : <Failed error={dismiss.error} />}
    </>
  );
}
