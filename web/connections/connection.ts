/** Connections as the screens see them. */
import { queryOptions } from '@tanstack/react-query';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import type { Tone } from '../ui/state.tsx';

export type Connection = paths['/connections']['get']['responses'][200]['content']['application/json']['items'][number];

export const connectionsQuery = queryOptions({
  queryKey: ['connections'],
  queryFn: async () => (await need(api.GET('/connections'))).items as readonly Connection[],
});

export const STATE_TONES: Readonly<Record<Connection['state'], Tone>> = {
  'awaiting-confirmation': 'waiting',
  connected: 'ok',
  degraded: 'warning',
  'needs-confirmation': 'broken',
};
