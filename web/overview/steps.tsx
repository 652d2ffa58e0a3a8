/** The steps of the first run that are still open, found again on the start page until each is done. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { screens } from '../app/screens.ts';
import { useMay } from '../app/session.tsx';
import { connectionsQuery } from '../connections/connection.ts';
import { Loaded } from '../ui/content.tsx';
import { State } from '../ui/state.tsx';

export type Step = {
  readonly key: string;
  readonly path: string;
  readonly search?: Readonly<Record<string, string>>;
  readonly isDone: boolean;
};

export const STEPS_KEY = ['steps'] as const;

/** Which steps are done, as the server knows it, and where the next click of each is. */
export function useSteps({ isWanted = true }: { readonly isWanted?: boolean } = {}) {
  const isAdministrator = useMay('administrator');
  useLiveQuery(
    ['connection-', 'network-', 'printer-added', 'printer-removed', 'mailbox-', 'outbox-message-state'],
    STEPS_KEY,
  );
  return useQuery({
    queryKey: STEPS_KEY,
    enabled: isAdministrator && isWanted,
    queryFn: async ({ client }): Promise<readonly Step[]> => {
      const [connections, network, printers, mailboxes, sent] = await Promise.all([
        client.fetchQuery(connectionsQuery),
        need(api.GET('/settings/network')),
        need(api.GET('/printers', { params: { query: { limit: 1 } } })),
        need(api.GET('/mailboxes')),
        need(api.GET('/outbox', { params: { query: { state: 'sent', limit: 1 } } })),
      ]);
      const isConnected = connections.some(({ state }) => state === 'connected' || state === 'degraded');
      return [
        {
          key: 'connect',
          path: connections.length === 0 ? '/settings/connections/new' : '/settings/connections',
          isDone: isConnected,
        },
        {
          key: 'sender',
          path: '/settings/network',
          isDone: network.outgoingServer !== null && network.senderEmail !== null,
        },
        { key: 'printer', path: '/printers', search: { open: 'add' }, isDone: printers.items.length > 0 },
        { key: 'mailbox', path: '/settings/jobs/mailboxes/new', isDone: mailboxes.items.length > 0 },
        { key: 'test', path: '/settings/network', isDone: sent.items.length > 0 },
      ];
    },
  });
}

export function StepsToGo() {
  const { t } = useTranslation();
  const isAdministrator = useMay('administrator');
  const steps = useSteps();
  if (!isAdministrator) return null;
  return (
    <Loaded query={steps}>
      {(all) => {
        const open = all.filter(({ isDone }) => !isDone);
        // What is done for good takes no room from what happens.
        if (open.length === 0) return null;
        return (
          <section className="card steps">
            <h2>{t('overview.steps', { count: open.length })}</h2>
            <ol>
              {all.map((step) => (
                <li key={step.key}>
                  <State
                    tone={step.isDone ? 'ok' : 'waiting'}
                    word={step.isDone ? t('overview.stepDone') : t('overview.stepOpen')}
                  />
                  <StepName step={step} />
                </li>
              ))}
            </ol>
          </section>
        );
      }}
    </Loaded>
  );
}

function StepName({ step }: { readonly step: Step }) {
  const { t } = useTranslation();
  const name = t(`firstRun.${step.key}`);
  if (step.isDone || !screens.some(({ path }) => path === step.path)) return <span>{name}</span>;
  return (
    <Anchor component={Link} to={step.path} search={step.search as never}>
      {name}
    </Anchor>
  );
}
