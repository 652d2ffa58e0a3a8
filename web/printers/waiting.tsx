/** How many jobs wait for a printer, as a link to them. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useLiveQuery } from '../app/live.tsx';
import { waitingQuery } from './printer.ts';

export function WaitingJobs({ printerId }: { readonly printerId: string }) {
  const { t } = useTranslation();
  useLiveQuery(['job-'], waitingQuery.queryKey);
  const { data } = useQuery(waitingQuery);
  if (data === undefined) return null;
  const count = data.get(printerId) ?? 0;
  if (count === 0) return t('printers.noneWait');
  return (
    <Anchor component={Link} to="/jobs" search={{ state: 'pending', printer: printerId } as never}>
      {t('printers.wait', { count })}
    </Anchor>
  );
}
