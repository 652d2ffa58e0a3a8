/** Narrows a list of mail by a text and by what became of it. Both stand in the address of the page. */
import { Group, Select } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { FindField } from './find-field.tsx';

type MailFiltersProps<Value extends string> = {
  /** The address of the list, and the name that the choice has in it. */
  readonly path: string;
  readonly param: string;
  readonly label: string;
  readonly choices: readonly { readonly value: Value; readonly label: string }[];
  readonly chosen: Value | undefined;
  readonly text: string | undefined;
};

export function MailFilters<Value extends string>(props: MailFiltersProps<Value>) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { path, param, label, choices, chosen, text } = props;
  const go = (q: string | undefined, value: string | undefined, replace: boolean) => {
    const search = { ...(q === undefined ? {} : { q }), ...(value === undefined ? {} : { [param]: value }) };
    void navigate({ to: path, search: search as never, replace });
  };
  return (
    <Group gap="sm" align="flex-end" className="filters">
      <FindField
        label={t('jobs.find')}
        description={t('outbox.findHint')}
        text={text}
        onFind={(found) => go(found, chosen, true)}
      />
      <Select
        label={label}
        placeholder={t('outbox.all')}
        clearable
        clearButtonProps={{ 'aria-label': t('outbox.clear') }}
        value={chosen ?? null}
        data={[...choices]}
        onChange={(value) => go(text, value ?? undefined, false)}
      />
    </Group>
  );
}
