/** When people printed last, and how much of theirs is not finished: asked for those whose rows are loaded. */
import { useQueries } from '@tanstack/react-query';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';

export type JobOwner = paths['/jobs/owners']['get']['responses'][200]['content']['application/json']['items'][number];

/** As many as the server tells of at once. */
const AT_ONCE = 100;

export function useOwners(userIds: readonly string[]): ReadonlyMap<string, JobOwner> {
  const groups = Array.from({ length: Math.ceil(userIds.length / AT_ONCE) }, (_, at) =>
    userIds.slice(at * AT_ONCE, (at + 1) * AT_ONCE).join(','),
  );
  const asked = useQueries({
    queries: groups.map((users) => ({
      queryKey: ['users', 'owners', users],
      queryFn: () => need(api.GET('/jobs/owners', { params: { query: { users } } })),
    })),
  });
  return new Map(asked.flatMap(({ data }) => data?.items ?? []).map((owner) => [owner.userId, owner]));
}
