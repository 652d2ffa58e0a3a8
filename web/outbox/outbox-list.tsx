/** The outbox: what leaves, what waits, and why. */
import { Anchor, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
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
import { type Message, type MessageState, OUTBOX_KEY, recipientsOf, STATES, summaryQuery } from './message.ts';
import { MessageLook } from './message-look.tsx';
import { Uncertain } from './uncertain.tsx';
import { Verdict } from './verdict.tsx';

export default function OutboxList() {
  const { t } = useTranslation();
  const search = useSearch({ strict: false }) as { state?: MessageState };
  const state = STATES.find((one) => one === search.state);
  useLiveQuery(['outbox-'], OUTBOX_KEY);
  const text = useAskedText();
  const pages = usePages<Message>([...OUTBOX_KEY, 'list', state ?? '', text ?? ''], (cursor) =>
    need(
      api.GET('/outbox', {
        params: {
          query: {
            limit: 100,
            ...(state === undefined ? {} : { state }),
            ...(text === undefined ? {} : { q: text }),
            ...(cursor === undefined ? {} : { cursor }),
          },
        },
      }),
    ),
  );
  const summary = useQuery(summaryQuery);
  const columns = useColumns();
  return (
    <Page title={t('nav.outbox')}>
      <Stack gap="md">
        <Verdict summary={summary.data} />
        {state === undefined && text === undefined ? <Uncertain summary={summary.data} /> : null}
        <MailFilters
          path="/outbox"
          param="state"
          label={t('outbox.state')}
          choices={STATES.map((value) => ({ value, label: t(`message.${value}`) }))}
          chosen={state}
          text={text}
        />
        <LongList
          label={t('nav.outbox')}
          pages={pages}
          columns={columns}
          keyOf={({ id }) => id}
          news={(count) => t('outbox.new', { count })}
          empty={<Nothing state={state} text={text} />}
        />
      </Stack>
    </Page>
  );
}

type Filter = { readonly state: MessageState | undefined; readonly text: string | undefined };

function Nothing({ state, text }: Filter) {
  const { t } = useTranslation();
  if (text !== undefined) {
    return (
      <Empty title={t('outbox.notFound')}>
        <p className="plain">{t('outbox.findHint')}</p>
      </Empty>
    );
  }
  return (
    <Empty title={state === undefined ? t('outbox.empty') : t('outbox.noHit')}>
      <p className="plain">{state === undefined ? t('outbox.emptyHint') : t(`message.${state}`)}</p>
    </Empty>
  );
}

/** The state, and when it is tried again. */
function useColumns(): readonly Column<Message>[] {
  const { t } = useTranslation();
  const devices = useDeviceNames();
  return [
    {
      key: 'time',
      title: t('outbox.time'),
      cell: ({ createdAt }) => <When at={createdAt} />,
      isShort: true,
      phone: 'detail',
    },
    {
      key: 'subject',
      title: t('outbox.subject'),
      cell: ({ id, subject }) => (
        <Anchor component={Link} to={`/outbox/${id}`} className="cut block" title={plain(subject)}>
          {subject === '' ? t('outbox.noSubject') : plain(subject)}
        </Anchor>
      ),
      width: '25%',
      phone: 'name',
    },
    {
      key: 'from',
      title: t('outbox.from'),
      cell: ({ sender, deviceId }) => <From sender={sender} device={devices.get(deviceId ?? '')} />,
      isNamedOnPhone: true,
      width: '24%',
      phone: 'detail',
    },
    {
      key: 'to',
      title: t('outbox.to'),
      cell: (message) => <Cut text={recipientsOf(message)} />,
      isNamedOnPhone: true,
      width: '26%',
      phone: 'detail',
    },
    {
      key: 'state',
      title: t('outbox.state'),
      cell: (message) => <MessageLook message={message} />,
      width: '130px',
      phone: 'state',
    },
  ];
}

function From({ sender, device }: { readonly sender: string; readonly device: string | undefined }) {
  if (device === undefined) return <Cut text={sender} />;
  return (
    <>
      <Cut text={plain(device)} />
      <Cut text={sender} isHint />
    </>
  );
}

function useDeviceNames(): ReadonlyMap<string, string> {
  const devices = useQuery({
    queryKey: ['devices', 'names'],
    queryFn: () => need(api.GET('/devices', { params: { query: { limit: 500 } } })),
  });
  return new Map((devices.data?.items ?? []).map(({ id, name }) => [id, name]));
}
