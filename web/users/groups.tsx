/** The groups that people belong to, and the choice of one of them. */
import { Select } from '@mantine/core';
import { queryOptions } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { plain } from '../ui/words.ts';

export const GROUPS_KEY = ['users', 'groups'] as const;

/** By name. */
export const groupsQuery = queryOptions({
  queryKey: GROUPS_KEY,
  queryFn: async () => (await need(api.GET('/groups'))).items.map(({ name }) => name),
});

type GroupChoiceProps = {
  readonly groups: readonly string[];
  readonly chosen: string | undefined;
  readonly onChoose: (group: string | undefined) => void;
};

/** Nothing where nobody belongs to a group. */
export function GroupChoice({ groups, chosen, onChoose }: GroupChoiceProps) {
  const { t } = useTranslation();
  const known = chosen === undefined || groups.includes(chosen) ? groups : [...groups, chosen];
  if (known.length === 0) return null;
  return (
    <Select
      label={t('users.groupShort')}
      placeholder={t('users.everyGroup')}
      clearable
      clearButtonProps={{ 'aria-label': t('users.everyGroup') }}
      value={chosen ?? null}
      data={known.map((name) => ({ value: name, label: plain(name) }))}
      onChange={(name) => onChoose(name ?? undefined)}
    />
  );
}
