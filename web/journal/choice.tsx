/** Of which thing, and by whom: fields that look for a name while it is typed, among all there are and not a first hundred. */
import { Select } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { plain } from '../ui/words.ts';
import type { By } from './narrowing.tsx';

type Named = paths['/journal/actors']['get']['responses'][200]['content']['application/json']['items'][number];
type Group = { readonly group: string; readonly items: { readonly value: string; readonly label: string }[] };
type Place = 'actors' | 'subjects';

const ask = async (place: Place, query: { readonly q?: string; readonly id?: string }): Promise<readonly Named[]> =>
  (await need(api.GET(`/journal/${place}`, { params: { query } }))).items;

/** What the typed text finds, and the one that is chosen, so that it has a name too. */
function useNamed(place: Place, chosen: string | undefined) {
  const [text, setText] = useState('');
  const [isOpen, setOpen] = useState(false);
  const q = text.trim().slice(0, 100);
  const found = useQuery({
    queryKey: ['journal-names', place, q],
    queryFn: () => ask(place, q === '' ? {} : { q }),
    placeholderData: keepPreviousData,
    enabled: isOpen,
  });
  const one = useQuery({
    queryKey: ['journal-names', place, 'one', chosen],
    queryFn: () => ask(place, { id: chosen ?? '' }),
    enabled: chosen !== undefined,
  });
  const typing = {
    onSearchChange: setText,
    onDropdownOpen: () => setOpen(true),
    onDropdownClose: () => setOpen(false),
  };
  return { found: found.data ?? [], one: one.data?.[0], typing };
}

type FieldProps = {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string | undefined;
  readonly data: readonly Group[];
  readonly typing: ReturnType<typeof useNamed>['typing'];
  readonly onChange: (value: string | undefined) => void;
};

function NameField({ value, data, typing, onChange, ...words }: FieldProps) {
  const { t } = useTranslation();
  return (
    <Select
      {...words}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': t('journal.clear') }}
      nothingFoundMessage={t('journal.noName')}
      value={value ?? null}
      data={[...data]}
      // The server has looked already.
      filter={({ options }) => options}
      selectFirstOptionOnChange
      // A part of the page for who reads it by ear.
      comboboxProps={{ withinPortal: false }}
      onChange={(chosen) => onChange(chosen ?? undefined)}
      {...typing}
    />
  );
}

const itemOf = ({ id, name }: Named) => ({ value: id, label: plain(name) });

export function OfThing({
  id,
  onChange,
}: {
  readonly id: string | undefined;
  readonly onChange: (id: string | undefined) => void;
}) {
  const { t } = useTranslation();
  const { found, one, typing } = useNamed('subjects', id);
  const kinds = [...new Set(found.map(({ kind }) => kind))];
  const groups = kinds.map((kind) => ({
    group: t(`journal.kinds.${kind}`),
    items: found.filter((thing) => thing.kind === kind).map(itemOf),
  }));
  const isListed = id === undefined || found.some((thing) => thing.id === id);
  const name = one === undefined || one.name === '' ? t('journal.oneThing') : plain(one.name);
  const chosen = isListed ? [] : [{ group: '', items: [{ value: id, label: name }] }];
  return (
    <NameField
      label={t('journal.thing')}
      placeholder={t('journal.find')}
      value={id}
      data={[...chosen, ...groups]}
      typing={typing}
      onChange={onChange}
    />
  );
}

/** Values of the field that are no id: anybody, nobody. */
const ANYBODY: readonly By[] = ['people', 'platen'];

type ByWhomProps = {
  readonly actor?: string;
  readonly by?: By;
  readonly onChange: (next: { readonly actor: string | undefined; readonly by: By | undefined }) => void;
};

export function ByWhom({ actor, by, onChange }: ByWhomProps) {
  const { t } = useTranslation();
  const { found, one, typing } = useNamed('actors', actor);
  const isListed = actor === undefined || found.some(({ id }) => id === actor);
  const known = isListed ? found : [{ id: actor, kind: 'user', name: one?.name ?? t('journal.gone') }, ...found];
  const groupOf = (kind: string) => ({
    group: t(`journal.kinds.${kind}`),
    items: known.filter((one) => one.kind === kind).map(itemOf),
  });
  const anybody = ANYBODY.map((value) => ({ value, label: t(`journal.${value}`) }));
  const groups = [{ group: '', items: anybody }, groupOf('user'), groupOf('api-token')];
  return (
    <NameField
      label={t('journal.who')}
      placeholder={t('journal.anyone')}
      value={by ?? actor}
      data={groups.filter(({ items }) => items.length > 0)}
      typing={typing}
      onChange={(chosen) => {
        const whoever = ANYBODY.find((one) => one === chosen);
        onChange({ by: whoever, actor: whoever === undefined ? chosen : undefined });
      }}
    />
  );
}
