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
  const { faulty, isPart } = useFaulty(use);
  if (faulty === undefined) return null;
  const isAgain = faulty.state === 'needs-confirmation';
  return (
    <div className="mailfault" role="status" style={toneStyle(isAgain ? 'broken' : 'warning')}>
      <ToneIcon tone={isAgain ? 'broken' : 'warning'} />
      <span className="grow">
        {t(isAgain ? 'mailOff.again' : isPart ? 'mailOff.part' : 'mailOff.title', { title: faulty.title })}
      </span>
      <Anchor component={Link} to={`/settings/connections/${faulty.id}`}>
        {t('mailOff.look')}
      </Anchor>
    </div>
  );
}

/** The first unconfirmed connection that carries this mail, and whether another one does its work; what uses it is asked only when there is an unconfirmed one. */
function useFaulty(use: MailUse): { readonly faulty?: Connection | undefined; readonly isPart?: boolean } {
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
  if (connections.data === undefined || used.data === undefined || faulty.length === 0) return {};
  const { outgoing, mailboxes } = used.data;
  const leaving = outgoing === null ? undefined : 'connectionId' in outgoing ? [outgoing.connectionId] : [];
  const arriving = mailboxes.length === 0 ? undefined : mailboxes.map((mailbox) => mailbox.connectionId);
  // While nothing was chosen yet, mail waits for the first connection that is confirmed, whichever that is.
  const isFirst = connections.data.every(isUnconfirmed);
  const carries = ({ id }: Connection, ids: readonly (string | null)[] | undefined) => ids?.includes(id) ?? isFirst;
  const doesCarry = (one: Connection) =>
    (use !== 'incoming' && carries(one, leaving)) || (use !== 'outgoing' && carries(one, arriving));
  return {
    faulty: faulty.find(doesCarry),
    isPart: connections.data.some((one) => !isUnconfirmed(one) && doesCarry(one)),
  };
}

function isUnconfirmed({ state }: Connection): boolean {
  return state === 'awaiting-confirmation' || state === 'needs-confirmation';
}
