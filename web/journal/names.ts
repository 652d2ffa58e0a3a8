/** Names of people whose ids stand in events; of API tokens the name itself stands there. */
import { useQuery } from '@tanstack/react-query';
import { api, need } from '../api/client.ts';
import { plain } from '../ui/words.ts';

export function useNames(): (actor: string) => string {
  const people = useQuery({
    queryKey: ['people'],
    queryFn: async () => (await need(api.GET('/users', { params: { query: { limit: 100 } } }))).items,
  });
  const names = new Map(people.data?.map(({ id, name }) => [id, name]));
  return (actor) => plain(names.get(actor) ?? actor);
}
