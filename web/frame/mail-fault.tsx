/** One line above each page that uses mail, while a connection is not confirmed or must be confirmed again. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { connectionsQuery } from '../connections/connection.ts';
import { ToneIcon, toneStyle } from '../ui/state.tsx';

export function MailFault() {
  const { t } = useTranslation();
  const mayAsk = useMay('operator');
  useLiveQuery(['connection-', 'login-'], connectionsQuery.queryKey);
  const connections = useQuery({ ...connectionsQuery, enabled: mayAsk });
  const faulty = connections.data?.find(
    ({ state }) => state === 'awaiting-confirmation' || state === 'needs-confirmation',
  );
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
