/** Mail that came in, with what became of each message; also of those that made no job. */
import { Anchor, Group, Select, Stack } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { FindField, useAskedText } from '../find/find-field.tsx';
import { Empty } from '../ui/content.tsx';
import { type Column, LongList, usePages } from '../ui/list.tsx';
import { Page } from '../ui/page.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { MESSAGES_KEY, type Message, type MessageOutcome, OUTCOMES } from './message.ts';
import { Outcome } from './outcome.tsx';

export default function MessagesList() {
  const { t } = useTranslation();
  const filter = useFilter();
  const { text, outcome } = filter;
  useLiveQuery(['message-'], MESSAGES_KEY);
  const pages = usePages<Message>([...MESSAGES_KEY, 'list', outcome ?? '', text ?? ''], (cursor) => {
    const query = {
      limit: 100,
      ...(outcome === undefined ? {} : { outcome }),
      ...(text === undefined ? {} : { q: text }),
      ...(cursor === undefined ? {} : { cursor }),
    };
    return need(api.GET('/messages', { params: { query } }));
  });
  const columns: readonly Column<Message>[] = [
    { key: 'time', title: t('outbox.time'), cell: ({ receivedAt }) => <When at={receivedAt} />, width: '130px' },
    {
      key: 'subject',
      title: t('outbox.subject'),
      cell: ({ id, subject }) => (
        <Anchor component={Link} to={`/messages/${id}`}>
          {subject === '' ? t('outbox.noSubject') : plain(subject)}
        </Anchor>
      ),
    },
    { key: 'from', title: t('outbox.from'), cell: ({ sender }) => plain(sender) },
    { key: 'outcome', title: t('messages.outcome'), cell: (message) => <Outcome message={message} /> },
  ];
  const isNarrowed = text !== undefined || outcome !== undefined;
  return (
    <Page title={t('messages.title')}>
      <Stack gap="md">
        <Filters {...filter} />
        <LongList
          label={t('messages.title')}
          pages={pages}
          columns={columns}
          keyOf={({ id }) => id}
          news={(count) => t('messages.new', { count })}
          empty={
            <Empty title={isNarrowed ? t('outbox.notFound') : t('messages.empty')}>
              <p className="plain">{isNarrowed ? t('outbox.findHint') : t('messages.emptyHint')}</p>
            </Empty>
          }
        />
      </Stack>
    </Page>
  );
}

type Filter = { readonly text: string | undefined; readonly outcome: MessageOutcome | undefined };

function useFilter(): Filter {
  const search = useSearch({ strict: false }) as { outcome?: unknown };
  return { text: useAskedText(), outcome: OUTCOMES.find((one) => one === search.outcome) };
}

function Filters({ text, outcome }: Filter) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const go = (next: Filter, replace: boolean) => {
    const search = {
      ...(next.text === undefined ? {} : { q: next.text }),
      ...(next.outcome === undefined ? {} : { outcome: next.outcome }),
    };
    void navigate({ to: '/messages', search: search as never, replace });
  };
  return (
    <Group gap="sm" align="flex-end">
      <FindField
        label={t('jobs.find')}
        description={t('outbox.findHint')}
        text={text}
        onFind={(found) => go({ text: found, outcome }, true)}
      />
      <Select
        label={t('messages.outcome')}
        placeholder={t('outbox.all')}
        clearable
        clearButtonProps={{ 'aria-label': t('outbox.clear') }}
        value={outcome ?? null}
        data={OUTCOMES.map((one) => ({ value: one, label: t(`arrived.${one}`) }))}
        onChange={(chosen) => go({ text, outcome: OUTCOMES.find((one) => one === chosen) }, false)}
      />
    </Group>
  );
}
