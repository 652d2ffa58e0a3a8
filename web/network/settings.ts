/** The network settings as the screens see them. */
import { queryOptions } from '@tanstack/react-query';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';

export type Network = paths['/settings/network']['get']['responses'][200]['content']['application/json'];

export const NETWORK_KEY = ['network'] as const;

export const companyQuery = queryOptions({
  queryKey: ['company'] as const,
  queryFn: () => need(api.GET('/settings/company')),
});

/** What a mail domain looks like; the server knows exactly. */
export const DOMAIN = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i;
