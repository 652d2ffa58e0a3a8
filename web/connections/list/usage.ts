/** What uses a connection: mail that leaves through it, and the mailboxes that are read with it. */
import { useQuery } from '@tanstack/react-query';
import { api, need } from '../../api/client.ts';
import { useLiveQuery } from '../../app/live.tsx';
import { type Mailbox, mailboxesQuery } from '../../intake/mailbox.ts';

export type Usage = { readonly isSending: boolean; readonly mailboxes: readonly Mailbox[] };

const NETWORK_KEY = ['network'] as const;

/** For each connection by its id; `undefined` until it is known. */
export function useUsage(): ((connectionId: string) => Usage) | undefined {
  useLiveQuery(['network-'], NETWORK_KEY);
  useLiveQuery(['mailbox-'], mailboxesQuery.queryKey);
  const network = useQuery({ queryKey: NETWORK_KEY, queryFn: () => need(api.GET('/settings/network')) });
  const mailboxes = useQuery(mailboxesQuery);
  if (network.data === undefined || mailboxes.data === undefined) return undefined;
  const server = network.data.outgoingServer;
  const sending = server !== null && 'connectionId' in server ? server.connectionId : undefined;
  const all = mailboxes.data;
  return (id) => ({ isSending: id === sending, mailboxes: all.filter(({ connectionId }) => connectionId === id) });
}

export function isUsed({ isSending, mailboxes }: Usage): boolean {
  return isSending || mailboxes.length > 0;
}
