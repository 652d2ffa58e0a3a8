/** The same application of the same tenant is there already: rarely meant, except for another mailbox. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { toneStyle } from '../../ui/state.tsx';
import { type Connection, connectionsQuery } from '../connection.ts';
import { isGuid, isTenant } from '../ids.ts';
import { useTenant } from './tenant-state.tsx';

type Ids = { readonly clientId: string; readonly tenantId: string; readonly cloud: string };
type AlreadyProps = Ids & {
  /** The connection that is edited. */
  readonly ownId: string | undefined;
};

export function Already({ ownId, ...ids }: AlreadyProps) {
  const { t } = useTranslation();
  const connections = useQuery(connectionsQuery);
  // A domain and the id behind it are the same tenant.
  const found = useTenant({ tenant: ids.tenantId, cloud: ids.cloud }).data?.tenantId ?? undefined;
  if (!isGuid(ids.clientId) || !isTenant(ids.tenantId)) return null;
  const same = connections.data?.find((one) => one.id !== ownId && isSame(one, ids, found));
  if (same === undefined) return null;
  // In a window of its own: what is typed here stays.
  return (
    <p className="note" role="status" style={toneStyle('warning')}>
      {t('connections.already', { account: same.account?.username ?? same.expectedAccount ?? '–' })}{' '}
      <Anchor component={Link} to={`/settings/connections/${same.id}`} target="_blank">
        {same.title}
      </Anchor>
    </p>
  );
}

function isSame(one: Connection, { clientId, tenantId, cloud }: Ids, found: string | undefined): boolean {
  const tenants = [one.tenantId, one.account?.tenantId].map((id) => id?.toLowerCase());
  const asked = [tenantId.toLowerCase(), found?.toLowerCase()];
  return (
    one.cloud === cloud &&
    one.clientId.toLowerCase() === clientId.toLowerCase() &&
    asked.some((id) => id !== undefined && tenants.includes(id))
  );
}
