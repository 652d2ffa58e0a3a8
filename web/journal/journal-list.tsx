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
import { type JournalEvent, pageOf, tell } from './event.ts';
import { useNames } from './names.ts';
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
  const nameOf = useNames();
  return [
    { key: 'time', title: t('journal.time'), cell: ({ at }) => <When at={at} />, width: '160px' },
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
