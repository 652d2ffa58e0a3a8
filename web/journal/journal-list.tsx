/** Who did what, and what happened by itself: newest first, a sentence each. */
import { Anchor, Stack } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { Empty } from '../ui/content.tsx';
import { type Column, LongList, usePages } from '../ui/list.tsx';
import { Page } from '../ui/page.tsx';
import { When } from '../ui/when.tsx';
import { type JournalEvent, nameOfActor, nameOfThing, pageOf, tell } from './event.ts';
import { NarrowingFields, useNarrowing } from './narrowing.tsx';

const KEY = ['journal'] as const;

export default function JournalList() {
  const { t } = useTranslation();
  const filter = useNarrowing();
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
        <NarrowingFields />
        <LongList
          label={t('nav.journal')}
          pages={pages}
          columns={useColumns()}
          keyOf={({ cursor }) => cursor}
          news={(count) => t('journal.new', { count })}
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
  return [
    { key: 'time', title: t('journal.time'), cell: ({ at }) => <When at={at} />, width: '140px' },
    { key: 'who', title: t('journal.who'), cell: (event) => <Who event={event} />, width: '180px' },
    { key: 'what', title: t('journal.what'), cell: (event) => tell(t, event) },
    { key: 'thing', title: t('journal.thing'), cell: (event) => <Thing event={event} />, width: '30%' },
  ];
}

function Who({ event }: { readonly event: JournalEvent }) {
  const { t } = useTranslation();
  const name = nameOfActor(t, event);
  return event.actor === null || event.actorName === null ? <span className="hint">{name}</span> : name;
}

function Thing({ event }: { readonly event: JournalEvent }) {
  const { t } = useTranslation();
  const page = pageOf(event);
  const name = nameOfThing(t, event);
  if (page === undefined) return <span className="hint">{name}</span>;
  return (
    <Anchor component={Link} to={page.to} search={page.search as never}>
      {name}
    </Anchor>
  );
}
