/** Mail that came in, with what became of each message; also of those that made no job. */
import { Anchor, Stack } from '@mantine/core';
import { Link, useSearch } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useAskedText } from '../find/find-field.tsx';
import { MailFilters } from '../find/mail-filters.tsx';
import { Empty } from '../ui/content.tsx';
import { type Column, LongList, usePages } from '../ui/list.tsx';
import { Page } from '../ui/page.tsx';
import { Cut } from '../ui/rows/cut.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { MESSAGES_KEY, type Message, type MessageOutcome, OUTCOMES } from './message.ts';
import { Outcome } from './outcome.tsx';

export default function MessagesList() {
  const { t } = useTranslation();
  const { text, outcome } = useFilter();
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
  const columns = columnsOf(t);
  const isNarrowed = text !== undefined || outcome !== undefined;
  return (
    <Page title={t('messages.title')}>
      <Stack gap="md">
        <MailFilters
          path="/messages"
          param="outcome"
          label={t('messages.outcome')}
          choices={OUTCOMES.map((value) => ({ value, label: t(`arrived.${value}`) }))}
          chosen={outcome}
          text={text}
        />
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

function columnsOf(t: TFunction): readonly Column<Message>[] {
  return [
    {
      key: 'time',
      title: t('outbox.time'),
      cell: ({ receivedAt }) => <When at={receivedAt} />,
      isShort: true,
      phone: 'detail',
    },
    {
      key: 'subject',
      title: t('outbox.subject'),
      cell: ({ id, subject }) => (
        <Anchor component={Link} to={`/messages/${id}`} className="cut block" title={plain(subject)}>
          {subject === '' ? t('outbox.noSubject') : plain(subject)}
        </Anchor>
      ),
      width: '32%',
      phone: 'name',
    },
    {
      key: 'from',
      title: t('outbox.from'),
      cell: ({ sender }) => <Cut text={plain(sender)} />,
      width: '26%',
      phone: 'detail',
    },
    {
      key: 'outcome',
      title: t('messages.outcome'),
      cell: (message) => <Outcome message={message} />,
      phone: 'state',
    },
  ];
}
