/** Who did what, and what happened by itself: newest first, a sentence each. */
import { Anchor, Button, Group, Select, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { useLiveQuery } from '../app/live.tsx';
import { Empty } from '../ui/content.tsx';
import { type Column, LongList, usePages } from '../ui/list.tsx';
import { Page } from '../ui/page.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { type JournalEvent, pageOf, tell } from './event.ts';

type Kind = NonNullable<NonNullable<paths['/journal']['get']['parameters']['query']>['kind']>;
type Search = { readonly kind?: Kind; readonly subject?: string; readonly actor?: string };

const KEY = ['journal'] as const;
const KINDS: readonly Kind[] = [
  'job',
  'message',
  'outbox-message',
  'outbox',
  'connection',
  'mailbox',
  'printer',
  'queue',
  'device',
  'relay',
  'user',
  'api-token',
  'link',
  'network',
  'notices',
  'alarm',
  'node',
];

export default function JournalList() {
  const { t } = useTranslation();
  const search = useSearch({ strict: false }) as Search;
  const kind = KINDS.find((one) => one === search.kind);
  const { subject, actor } = search;
  const filter = {
    ...(kind === undefined ? {} : { kind }),
    ...(subject === undefined ? {} : { subject: String(subject) }),
    ...(actor === undefined ? {} : { actor: String(actor) }),
  };
  useLiveQuery([''], KEY);
  const pages = usePages<JournalEvent>([...KEY, filter], (cursor) =>
    need(
      api.GET('/journal', {
        params: { query: { order: 'newest', limit: 100, ...filter, ...(cursor === undefined ? {} : { cursor }) } },
      }),
    ),
  );
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <Page title={t('nav.journal')}>
      <Stack gap="md">
        <Choice kind={kind} isOfOne={subject !== undefined || actor !== undefined} />
        <LongList
          label={t('nav.journal')}
          pages={pages}
          columns={useColumns()}
          keyOf={({ cursor }) => cursor}
          empty={
            <Empty title={isFiltered ? t('journal.noHit') : t('journal.empty')}>
              <p className="plain">{isFiltered ? t('journal.noHitHint') : t('journal.emptyHint')}</p>
            </Empty>
          }
        />
      </Stack>
    </Page>
  );
}

function useColumns(): readonly Column<JournalEvent>[] {
  const { t } = useTranslation();
  const nameOf = useNames();
  return [
    { key: 'time', title: t('journal.time'), cell: ({ at }) => <When at={at} />, width: '130px' },
    {
      key: 'what',
      title: t('journal.what'),
      cell: (event) => {
        const page = pageOf(event);
        const words = tell(t, event);
        if (page === undefined) return words;
        return (
          <Anchor component={Link} to={page}>
            {words}
          </Anchor>
        );
      },
    },
    {
      key: 'who',
      title: t('journal.who'),
      cell: ({ actor }) => (actor === null ? <span className="hint">{t('journal.platen')}</span> : nameOf(actor)),
    },
  ];
}

/** Names of the people whose ids stand in the journal; of API tokens the name itself stands there. */
function useNames(): (actor: string) => string {
  const people = useQuery({
    queryKey: [...KEY, 'people'],
    queryFn: async () => (await need(api.GET('/users', { params: { query: { limit: 100 } } }))).items,
  });
  const names = new Map(people.data?.map(({ id, name }) => [id, name]));
  return (actor) => plain(names.get(actor) ?? actor);
}

function Choice({ kind, isOfOne }: { readonly kind: Kind | undefined; readonly isOfOne: boolean }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const show = (search: Search) => void navigate({ to: '/journal', search: search as never });
  if (isOfOne) {
    return (
      <Group gap="sm">
        <span>{t('journal.one')}</span>
        <Button variant="default" onClick={() => show({})}>
          {t('journal.clear')}
        </Button>
      </Group>
    );
  }
  return (
    <Select
      label={t('journal.kind')}
      placeholder={t('journal.anyKind')}
      clearable
      clearButtonProps={{ 'aria-label': t('journal.clear') }}
      className="fit"
      value={kind ?? null}
      data={KINDS.map((one) => ({ value: one, label: t(`journal.kinds.${one}`) }))}
      onChange={(chosen) => show(chosen === null ? {} : { kind: chosen as Kind })}
    />
  );
}
