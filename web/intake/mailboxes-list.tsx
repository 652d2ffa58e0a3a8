/** Settings > Jobs > Jobs via e-mail: which mailboxes are printed, and how each is. */
import { Anchor, Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { type Connection, connectionsQuery } from '../connections/connection.ts';
import { Empty, Loaded } from '../ui/content.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { LOOK_AGAIN_MS, lookOf, type Mailbox, mailboxesQuery, type Queue, queuesQuery, serverName } from './mailbox.ts';

export default function MailboxesList() {
  const { t } = useTranslation();
  const mayChange = useMay('administrator');
  useLiveQuery(['mailbox-', 'connection-'], mailboxesQuery.queryKey);
  const mailboxes = useQuery({ ...mailboxesQuery, refetchInterval: LOOK_AGAIN_MS });
  const connections = useQuery(connectionsQuery);
  const queues = useQuery(queuesQuery);
  const isBroken = mailboxes.data?.some(({ enabled, state }) => enabled && state === 'failing') === true;
  const acts = (
    <>
      <Button variant="default" component={Link} to="/messages">
        {t('messages.title')}
      </Button>
      {mayChange ? (
        <Button component={Link} to="/settings/jobs/mailboxes/new">
          {t('mailboxes.add')}
        </Button>
      ) : null}
    </>
  );
  return (
    <Page title={t('nav.mailboxes')} isBroken={isBroken} actions={acts}>
      <Loaded query={mailboxes}>
        {(all) =>
          all.length === 0 ? (
            <Empty title={t('mailboxes.empty')}>
              <p className="plain">{t('mailboxes.emptyHint')}</p>
            </Empty>
          ) : (
            <MailboxTable mailboxes={all} connections={connections.data ?? []} queues={queues.data ?? []} />
          )
        }
      </Loaded>
    </Page>
  );
}

type TableProps = {
  readonly mailboxes: readonly Mailbox[];
  readonly connections: readonly Connection[];
  readonly queues: readonly Queue[];
};

function MailboxTable({ mailboxes, connections, queues }: TableProps) {
  const { t } = useTranslation();
  return (
    <table className="list" aria-label={t('nav.mailboxes')}>
      <thead>
        <tr>
          <th scope="col">{t('mailboxes.title')}</th>
          <th scope="col">{t('mailboxes.address')}</th>
          <th scope="col">{t('mailboxes.serverShort')}</th>
          <th scope="col">{t('mailboxes.state')}</th>
          <th scope="col">{t('mailboxes.today')}</th>
          <th scope="col">{t('mailboxes.queue')}</th>
        </tr>
      </thead>
      <tbody>
        {mailboxes.map((mailbox) => (
          <tr key={mailbox.id} data-row>
            <td>
              <Anchor component={Link} to={`/settings/jobs/mailboxes/${mailbox.id}`}>
                {mailbox.title}
              </Anchor>
            </td>
            <td>{mailbox.address}</td>
            <td>
              {serverName(mailbox, connections)} {t(`protocol.${mailbox.protocol}`)}
            </td>
            <td>
              <MailboxState mailbox={mailbox} />
            </td>
            <td>
              <Today mailbox={mailbox} />
            </td>
            <td>{queues.find(({ id }) => id === mailbox.queueId)?.name ?? '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function MailboxState({ mailbox }: { readonly mailbox: Mailbox }) {
  const { t } = useTranslation();
  const { tone, word } = lookOf(mailbox);
  const { enabled, problem } = mailbox;
  return (
    <div>
      <State tone={tone} word={t(word)} />
      {enabled && problem !== null ? <div>{problem.title}</div> : null}
      <LastLook mailbox={mailbox} />
    </div>
  );
}

/** How fresh what the page says is; for one that is not read, since when. */
function LastLook({ mailbox }: { readonly mailbox: Mailbox }) {
  const { t } = useTranslation();
  const { enabled, state, stateSince, lookedAt } = mailbox;
  const isWatched = enabled && state === 'connected' && lookedAt !== null;
  return (
    <div className="hint">
      {isWatched ? `${t('mailboxes.lastLook')}: ` : null}
      <When at={isWatched ? lookedAt : stateSince} />
    </div>
  );
}

function Today({ mailbox: { today } }: { readonly mailbox: Mailbox }) {
  const { t } = useTranslation();
  return (
    <>
      <div>{t('mailboxes.todayMessages', { count: today.messages })}</div>
      <div className="hint">{t('mailboxes.todayJobs', { count: today.jobs })}</div>
    </>
  );
}

/** The last look and today's count, on the page of a mailbox. */
export function MailboxUse({ mailbox }: { readonly mailbox: Mailbox }) {
  const { t } = useTranslation();
  return (
    <dl className="facts">
      {mailbox.lookedAt === null ? null : (
        <>
          <dt>{t('mailboxes.lastLook')}</dt>
          <dd>
            <When at={mailbox.lookedAt} />
          </dd>
        </>
      )}
      <dt>{t('mailboxes.today')}</dt>
      <dd>
        <Today mailbox={mailbox} />
      </dd>
    </dl>
  );
}
