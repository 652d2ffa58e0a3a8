/** What Microsoft says about the tenant of a form; a Microsoft that cannot be asked hinders nobody. */
import { Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import { State } from '../../ui/state.tsx';
import { isGuid, isTenant } from '../ids.ts';

type Asked = { readonly tenant: string; readonly cloud: string };

/** Nobody is asked for each sign that is typed. */
const REST_MS = 400;

export function useTenant({ tenant, cloud }: Asked) {
  const rested = useRested(tenant);
  const isAsked = isTenant(tenant) && rested === tenant;
  return useQuery({
    queryKey: ['tenant', cloud, rested],
    enabled: isAsked,
    retry: false,
    queryFn: () =>
      need(api.GET('/tenants/{idOrDomain}', { params: { path: { idOrDomain: rested }, query: { cloud } } })),
  });
}

/** A value once it has not changed for a moment. */
function useRested(value: string): string {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), REST_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}

type TenantProps = Asked & {
  readonly clientId: string;
  readonly onSwap: () => void;
  readonly onCloud: (cloud: string) => void;
};

export function TenantState({ tenant, cloud, ...acts }: TenantProps) {
  const { t } = useTranslation();
  const looked = useTenant({ tenant, cloud });
  if (!isTenant(tenant) || looked.isPending) return null;
  if (looked.data === undefined) return <State tone="warning" word={t('connections.tenantUnknown')} />;
  if (looked.data.exists) {
    return <State tone="ok" word={t('connections.tenantFound', { tenant, cloud: cloudName(t, cloud) })} />;
  }
  return <MissingTenant tenant={tenant} otherCloud={looked.data.otherCloud} {...acts} />;
}

type MissingProps = Omit<TenantProps, 'cloud'> & { readonly otherCloud: string | null };

/** It lives in another cloud, or the two ids were swapped, or it is simply wrong. */
export function MissingTenant({ tenant, clientId, otherCloud, onSwap, onCloud }: MissingProps) {
  const { t } = useTranslation();
  if (otherCloud !== null) {
    return (
      <Group gap="xs" role="status">
        <State tone="warning" word={t('connections.tenantElsewhere', { cloud: cloudName(t, otherCloud) })} />
        <Button variant="default" size="xs" onClick={() => onCloud(otherCloud)}>
          {t('connections.chooseCloud')}
        </Button>
      </Group>
    );
  }
  return (
    <Group gap="xs" role="status">
      <State tone="warning" word={t('connections.tenantMissing')} />
      {isGuid(tenant) && isGuid(clientId) ? (
        <Button variant="default" size="xs" onClick={onSwap}>
          {t('connections.swap')}
        </Button>
      ) : null}
    </Group>
  );
}

/** Clouds of Microsoft have a name in words; others are called as their file calls them. */
export function cloudName(t: TFunction, cloud: string): string {
  return t(`cloud.${cloud}`, { defaultValue: cloud });
}
