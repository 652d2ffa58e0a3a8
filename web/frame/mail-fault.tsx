/** One line above each page that depends on mail, while the connection that carries it is not confirmed. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import type { MailUse } from '../app/screen.ts';
import { useMay } from '../app/session.tsx';
import { type Connection, connectionsQuery } from '../connections/connection.ts';
import { ToneIcon, toneStyle } from '../ui/state.tsx';

const USED = ['mail-fault'] as const;

export function MailFault({ use }: { readonly use: MailUse }) {
  const { t } = useTranslation();
  const faulty = useFaulty(use);
  if (faulty === undefined) return null;
  const isAgain = faulty.state === 'needs-confirmation';
  return (
    <div className="mailfault" role="status" style={toneStyle(isAgain ? 'broken' : 'warning')}>
      <ToneIcon tone={isAgain ? 'broken' : 'warning'} />
      <span className="grow">
        {isAgain ? t('mailOff.again', { title: faulty.title }) : t('mailOff.title', { title: faulty.title })}
      </span>
      <Anchor component={Link} to={`/settings/connections/${faulty.id}`}>
        {t('mailOff.look')}
      </Anchor>
    </div>
  );
}

/** The first unconfirmed connection that carries this mail; what uses it is asked only when there is an unconfirmed one. */
function useFaulty(use: MailUse): Connection | undefined {
  const mayAsk = useMay('operator');
  useLiveQuery(['connection-', 'login-'], connectionsQuery.queryKey);
  useLiveQuery(['network-', 'mailbox-'], USED);
  const connections = useQuery({ ...connectionsQuery, enabled: mayAsk });
  const faulty = connections.data?.filter(isUnconfirmed) ?? [];
  const used = useQuery({
    queryKey: USED,
    queryFn: async () => {
      const [network, mailboxes] = await Promise.all([need(api.GET('/settings/network')), need(api.GET('/mailboxes'))]);
      return { outgoing: network.outgoingServer, mailboxes: mailboxes.items };
    },
    enabled: mayAsk && faulty.length > 0,
  });
  if (connections.data === undefined || used.data === undefined || faulty.length === 0) return undefined;
  const { outgoing, mailboxes } = used.data;
  const leaving = outgoing === null ? undefined : 'connectionId' in outgoing ? [outgoing.connectionId] : [];
  const arriving = mailboxes.length === 0 ? undefined : mailboxes.map((mailbox) => mailbox.connectionId);
  // While nothing was chosen yet, mail waits for the first connection that is confirmed, whichever that is.
  const isFirst = connections.data.every(isUnconfirmed);
  const carries = ({ id }: Connection, ids: readonly (string | null)[] | undefined) => ids?.includes(id) ?? isFirst;
  return faulty.find(
    (one) => (use !== 'incoming' && carries(one, leaving)) || (use !== 'outgoing' && carries(one, arriving)),
  );
}

function isUnconfirmed({ state }: Connection): boolean {
  return state === 'awaiting-confirmation' || state === 'needs-confirmation';
}
