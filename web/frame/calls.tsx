/** Numbers at the entries of the navigation, only where a person must act; running work has none. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLive } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';

const KEY = ['calls'] as const;
/** However much happens, it is counted at most this often. */
const PAUSE_MS = 2_000;
const TOLD_BY = ['job-state-changed', 'outbox-message-', 'outbox-sending-', 'printer-', 'connection-', 'login-'];

export type Calls = Readonly<Record<string, number | undefined>>;

/** By the path of the entry. */
export function useCalls(): Calls {
  const mayAsk = useMay('operator');
  const { data } = useQuery({
    queryKey: KEY,
    queryFn: () => need(api.GET('/overview/calls')),
    enabled: mayAsk,
    staleTime: PAUSE_MS,
  });
  if (data === undefined) return {};
  const { jobs, outbox, printers, connections } = data;
  return { '/jobs': jobs, '/outbox': outbox, '/printers': printers, '/settings/connections': connections };
}

export function CallCount({ count }: { readonly count: number | undefined }) {
  const { t, i18n } = useTranslation();
  if (count === undefined || count === 0) return null;
  return (
    <span className="callcount">
      <span aria-hidden="true">{new Intl.NumberFormat(i18n.language).format(count)}</span>
      <span className="quiet">{t('nav.calls', { count })}</span>
    </span>
  );
}

/** Counts again when something has happened: stands once in the frame, inside the stream of events. */
export function LiveCalls() {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useLive(TOLD_BY, () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void client.invalidateQueries({ queryKey: KEY });
    }, PAUSE_MS);
  });
  return null;
}
