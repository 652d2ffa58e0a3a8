/** What is found by a text: jobs, mail that came in, mail that leaves, people. Each kind leads to its whole list. */
import { Anchor, Stack } from '@mantine/core';
import { keepPreviousData, queryOptions, useQueries, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { ComponentProps, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { ownerOf } from '../jobs/job.ts';
import { JobStateShown } from '../jobs/jobs-list.tsx';
import { Outcome } from '../messages/outcome.tsx';
import { recipientsOf } from '../outbox/message.ts';
import { MessageLook } from '../outbox/message-look.tsx';
import { Empty, Loaded } from '../ui/content.tsx';
import { Page } from '../ui/page.tsx';
import { KeptNote, useKept } from '../ui/rows/kept.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { addressesOf, UserState } from '../users/users-list.tsx';
import { FindField, useAskedText } from './find-field.tsx';
import './find.css';

/** As many of each kind are shown here; all of them stand in their list. */
const SHOWN = 5;
const KEY = ['find'] as const;
const EVENTS = ['job-', 'outbox-', 'message-', 'user-'];

export default function FindPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const text = useAskedText();
  useLiveQuery(EVENTS, KEY);
  const find = (q: string | undefined) =>
    void navigate({ to: '/find', search: (q === undefined ? {} : { q }) as never, replace: true });
  return (
    <Page title={t('find.title')}>
      <Stack gap="lg">
        <div className="narrow">
          <FindField label={t('search.label')} description={t('find.hint')} text={text} onFind={find} />
        </div>
        {text === undefined ? null : (
          <>
            <Jobs q={text} />
            <Arriving q={text} />
            <Leaving q={text} />
            <People q={text} />
            <NothingFound q={text} />
          </>
        )}
      </Stack>
    </Page>
  );
}

type Asked = { readonly q: string };
const queryOf = (q: string) => ({ params: { query: { q, limit: SHOWN + 1 } } });

const jobsOf = (q: string) =>
  queryOptions({ queryKey: [...KEY, 'jobs', q], queryFn: () => need(api.GET('/jobs', queryOf(q))) });
const arrivedOf = (q: string) =>
  queryOptions({ queryKey: [...KEY, 'messages', q], queryFn: () => need(api.GET('/messages', queryOf(q))) });
const leavingOf = (q: string) =>
  queryOptions({ queryKey: [...KEY, 'outbox', q], queryFn: () => need(api.GET('/outbox', queryOf(q))) });
const peopleOf = (q: string) =>
  queryOptions({ queryKey: [...KEY, 'users', q], queryFn: () => need(api.GET('/users', queryOf(q))) });

/** Said once for all kinds. */
function NothingFound({ q }: Asked) {
  const { t } = useTranslation();
  const all = useQueries({ queries: [jobsOf(q), arrivedOf(q), leavingOf(q), peopleOf(q)] });
  if (!all.every(({ data }) => data?.items.length === 0)) return null;
  return <Empty title={t('find.none', { text: plain(q) })} />;
}

type FoundProps<T> = Pick<ComponentProps<typeof Loaded<T>>, 'query' | 'children'>;

/** What was found before stays while nobody answers. */
function Found<T>({ query, children }: FoundProps<T>) {
  const { data, isKept } = useKept(query);
  return (
    <>
      {isKept ? <KeptNote error={query.error} retry={query.refetch} /> : null}
      <Loaded query={{ ...query, data }}>{children}</Loaded>
    </>
  );
}

function Jobs({ q }: Asked) {
  const { t } = useTranslation();
  const found = useQuery({ ...jobsOf(q), placeholderData: keepPreviousData });
  return (
    <Found query={found}>
      {({ items }) => (
        <Group title={t('nav.jobs')} all={{ to: '/jobs', q }} items={items}>
          {(job) => [
            ['when', <When key="when" at={job.createdAt} />],
            ['what', <Go key="what" to={`/jobs/${job.id}`} text={`${job.number} · ${plain(job.title)}`} />],
            ['who', ownerOf(t, job)],
            ['state', <JobStateShown key="state" job={job} />],
          ]}
        </Group>
      )}
    </Found>
  );
}

function Arriving({ q }: Asked) {
  const { t } = useTranslation();
  const found = useQuery({ ...arrivedOf(q), placeholderData: keepPreviousData });
  return (
    <Found query={found}>
      {({ items }) => (
        <Group title={t('messages.title')} all={{ to: '/messages', q }} items={items}>
          {(message) => [
            ['when', <When key="when" at={message.receivedAt} />],
            [
              'what',
              <Go
                key="what"
                to={`/messages/${message.id}`}
                text={message.subject === '' ? t('outbox.noSubject') : plain(message.subject)}
              />,
            ],
            ['who', plain(message.sender)],
            ['state', <Outcome key="state" message={message} />],
          ]}
        </Group>
      )}
    </Found>
  );
}

function Leaving({ q }: Asked) {
  const { t } = useTranslation();
  const found = useQuery({ ...leavingOf(q), placeholderData: keepPreviousData });
  return (
    <Found query={found}>
      {({ items }) => (
        <Group title={t('nav.outbox')} all={{ to: '/outbox', q }} items={items}>
          {(message) => [
            ['when', <When key="when" at={message.createdAt} />],
            [
              'what',
              <Go
                key="what"
                to={`/outbox/${message.id}`}
                text={message.subject === '' ? t('outbox.noSubject') : plain(message.subject)}
              />,
            ],
            ['who', recipientsOf(message)],
            ['state', <MessageLook key="state" message={message} />],
          ]}
        </Group>
      )}
    </Found>
  );
}

function People({ q }: Asked) {
  const { t } = useTranslation();
  const found = useQuery({ ...peopleOf(q), placeholderData: keepPreviousData });
  return (
    <Found query={found}>
      {({ items }) => (
        <Group title={t('nav.users')} all={{ to: '/users', q }} items={items}>
          {(user) => [
            ['when', t(`role.${user.role}`)],
            ['what', <Go key="what" to={`/jobs?owner=${user.id}`} text={plain(user.name)} />],
            ['who', addressesOf(user)],
            ['state', <UserState key="state" isBlocked={user.disabledAt !== null} />],
          ]}
        </Group>
      )}
    </Found>
  );
}

function Go({ to, text }: { readonly to: string; readonly text: string }) {
  const [path = to, query] = to.split('?');
  const search = query === undefined ? {} : { search: Object.fromEntries(new URLSearchParams(query)) as never };
  return (
    <Anchor component={Link} to={path} {...search}>
      {text}
    </Anchor>
  );
}

type GroupProps<T> = {
  readonly title: string;
  /** Where all of them are listed. */
  readonly all: { readonly to: string; readonly q: string };
  readonly items: readonly T[];
  /** The cells of one of them, each with its name. */
  readonly children: (item: T) => readonly (readonly [string, ReactNode])[];
};

function Group<T extends { readonly id: string }>({ title, all, items, children }: GroupProps<T>) {
  const { t } = useTranslation();
  const hasMore = items.length > SHOWN;
  if (items.length === 0) return null;
  return (
    <section>
      <h2 className="section">{title}</h2>
      <table className="list hits" aria-label={title}>
        <tbody>
          {items.slice(0, SHOWN).map((item) => (
            <tr key={item.id} data-row>
              {children(item).map(([name, cell]) => (
                <td key={name}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {hasMore ? (
        <p>
          <Anchor component={Link} to={all.to} search={{ q: all.q } as never}>
            {t('find.all')}
          </Anchor>
        </p>
      ) : null}
    </section>
  );
}
