/** The sender e-mail is not the account that confirmed: two ways out of it, each one press away. */
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useMay } from '../app/session.tsx';
import { type Connection, connectionsQuery } from '../connections/connection.ts';
import { Confirm } from '../ui/confirm.tsx';
import { Failed } from '../ui/content.tsx';
import { Finding } from '../ui/finding.tsx';
import { referenceOf } from '../ui/words.ts';
import { NETWORK_KEY, type Network } from './settings.ts';

export type Foreign = { readonly connectionId: string; readonly account: string; readonly sender: string };

/** The account that confirmed and the sender that is not its; none where something else is in the way. */
export function findForeign(network: Network, connections: readonly Connection[]): Foreign | undefined {
  const { outgoingServer: server, problem, senderEmail: sender } = network;
  if (problem?.code !== 'wrong-account' || sender === null) return undefined;
  if (server === null || !('connectionId' in server)) return undefined;
  const used = connections.find(({ id }) => id === server.connectionId);
  // One that waits to be confirmed by the sender already is confirmed on its own page.
  if (used?.state !== 'connected' || used.account === null) return undefined;
  return { connectionId: used.id, account: used.account.username, sender };
}

type ForeignProps = Foreign & { readonly network: Network; readonly onUsed: () => void };

export function ForeignSender({ network, onUsed, ...foreign }: ForeignProps) {
  const { t } = useTranslation();
  const mayChange = useMay('administrator');
  return (
    <Finding
      title={t('network.foreign')}
      since={network.problem?.at}
      stops={t('network.stops')}
      advice={t('network.foreignAdvice', { account: foreign.account, sender: foreign.sender })}
      reference={referenceOf(network.problem?.code, foreign.connectionId)}
    >
      {mayChange ? <Ways {...foreign} network={network} onUsed={onUsed} /> : undefined}
    </Finding>
  );
}

function Ways({ network, onUsed, ...foreign }: ForeignProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const { connectionId, account, sender } = foreign;
  const use = useMutation({
    mutationFn: () => {
      const { senderName } = network;
      const body = { outgoingServer: { connectionId }, senderEmail: account, senderName };
      return need(api.PUT('/settings/network', { body }));
    },
    onSuccess: (saved) => {
      client.setQueryData(NETWORK_KEY, saved);
      onUsed();
    },
  });
  return (
    <>
      <Button variant="default" onClick={() => setAsking(true)}>
        {t('network.confirmWith', { sender })}
      </Button>
      <Button variant="default" loading={use.isPending} onClick={() => use.mutate()}>
        {t('network.useAccount', { account })}
      </Button>
      {use.error === null ? null : <Failed error={use.error} />}
      {isAsking ? <ConfirmWith {...foreign} onClose={() => setAsking(false)} /> : null}
    </>
  );
}

/** The access that is there ends with it, so it is asked first. */
function ConfirmWith({ connectionId, account, sender, onClose }: Foreign & { readonly onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  return (
    <Confirm
      title={t('network.confirmWithTitle', { sender })}
      act={t('network.confirmWithAct')}
      onClose={onClose}
      onConfirm={async () => {
        const params = { path: { id: connectionId } };
        await need(api.PATCH('/connections/{id}', { params, body: { expectedAccount: sender } }));
        // A code that was open before was one for the other account.
        await need(api.POST('/connections/{id}/device-code', { params }));
        await Promise.all([
          client.invalidateQueries({ queryKey: connectionsQuery.queryKey }),
          client.invalidateQueries({ queryKey: NETWORK_KEY }),
        ]);
        await navigate({ to: `/settings/connections/${connectionId}/device-code` });
      }}
    >
      <p className="plain">{t('network.confirmWithStops', { account, sender })}</p>
    </Confirm>
  );
}
