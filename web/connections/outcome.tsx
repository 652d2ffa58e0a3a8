/** What became of a code: each end has its own title, advice and button. */
import { Button, Group, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { screens } from '../app/screens.ts';
import { Loaded } from '../ui/content.tsx';
import { Finding } from '../ui/finding.tsx';
import { State } from '../ui/state.tsx';
import type { Connection } from './connection.ts';

type OutcomeProps = {
  readonly connection: Connection;
  readonly onNewCode: () => void;
  readonly onClose: () => void;
};

export function Outcome({ connection, onNewCode, onClose }: OutcomeProps) {
  const { t } = useTranslation();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), []);
  const { login } = connection;
  return (
    <div ref={place} tabIndex={-1} className="outcome">
      {login?.state === 'granted' ? (
        <Confirmed connection={connection} onClose={onClose} />
      ) : (
        <div role="alert">
          <Finding
            title={login?.problem?.title ?? t('deviceCode.canceled')}
            since={login?.problem?.at}
            stops={t('deviceCode.nothingKept')}
            advice={login?.problem?.advice ?? t('deviceCode.canceledAdvice')}
            remote={login?.problem?.remote}
            reference={referenceOf(login?.problem?.facts)}
          >
            <Button onClick={onNewCode}>{t('action.newCode')}</Button>
            <Button variant="default" onClick={onClose}>
              {t('action.close')}
            </Button>
          </Finding>
        </div>
      )}
    </div>
  );
}

/** The id under which Microsoft's support finds the event. */
function referenceOf(facts: Readonly<Record<string, string | number>> | undefined): string | undefined {
  const id = facts?.traceId ?? facts?.correlationId;
  return id === undefined ? undefined : String(id);
}

function Confirmed({ connection, onClose }: Pick<OutcomeProps, 'connection' | 'onClose'>) {
  const { t } = useTranslation();
  const { id, account } = connection;
  const check = useQuery({
    queryKey: ['check', id, connection.expiry.signedInAt],
    queryFn: () =>
      need(api.POST('/connections/{id}/check', { params: { path: { id }, query: { wait: 'true' } }, body: {} })),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const has = (path: string) => screens.some((screen) => screen.path === path);
  return (
    <Stack gap="md">
      <div role="status">
        <State tone="ok" word={t('deviceCode.confirmed', { account: account?.username })} />
      </div>
      {check.isPending ? <State tone="waiting" word={t('deviceCode.checking')} /> : null}
      {check.isPending ? null : (
        <Loaded query={check}>
          {({ tests }) => (
            <ul className="tests">
              {tests.map((test) => (
                <li key={test.test}>
                  <CheckLine test={test} />
                </li>
              ))}
            </ul>
          )}
        </Loaded>
      )}
      <h3 className="plain">{t('deviceCode.connected')}</h3>
      <Group gap="xs">
        {has('/settings/network') ? (
          <Button component={Link} to="/settings/network">
            {t('deviceCode.useSending')}
          </Button>
        ) : null}
        {has('/settings/jobs/mailboxes') ? (
          <Button variant="default" component={Link} to="/settings/jobs/mailboxes">
            {t('deviceCode.useMailbox')}
          </Button>
        ) : null}
        <Button variant="default" onClick={onClose}>
          {t('action.close')}
        </Button>
      </Group>
    </Stack>
  );
}

type Test = NonNullable<Connection['checks']>['tests'][number];
const OUTCOME_TONES = { passed: 'ok', failed: 'broken', skipped: 'off' } as const;

export function CheckLine({ test }: { readonly test: Test }) {
  const { t } = useTranslation();
  if (test.problem !== undefined) {
    const { title, advice, remote, at } = test.problem;
    return <Finding level={3} title={title} since={at} advice={advice} remote={remote} />;
  }
  return <State tone={OUTCOME_TONES[test.outcome]} word={`${test.title}: ${t(`check.${test.outcome}`)}`} />;
}
