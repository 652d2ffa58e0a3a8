/** What became of a code: each end has its own title, advice and button. */
import { Button, Group, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { screens } from '../app/screens.ts';
import { useNames } from '../journal/names.ts';
import { Loaded } from '../ui/content.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { Finding } from '../ui/finding.tsx';
import { State } from '../ui/state.tsx';
import { clockTime } from '../ui/when.tsx';
import { ConsentLink } from './code/consent.tsx';
import { needsConsent, titleOf } from './code/ends.ts';
import { RightAccount } from './code/right-account.tsx';
import type { Connection } from './connection.ts';
import { Explained, requestText } from './explained.tsx';

type OutcomeProps = {
  readonly connection: Connection;
  readonly onNewCode: () => void;
  readonly onClose: () => void;
};

export function Outcome({ connection, onNewCode, onClose }: OutcomeProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), []);
  return (
    <div ref={place} tabIndex={-1} className="outcome">
      {connection.login?.state === 'granted' ? (
        <Confirmed connection={connection} onClose={onClose} />
      ) : (
        <div role="alert">
          <Ended connection={connection} onNewCode={onNewCode} onClose={onClose} />
        </div>
      )}
    </div>
  );
}

/** The sign-in by link comes first where a new code would be refused again. */
function Ended({ connection, onNewCode, onClose }: OutcomeProps) {
  const { t } = useTranslation();
  const { login } = connection;
  const offersLink = login?.offersLink === true;
  const isFirst = !offersLink && !needsConsent(login?.problem);
  const newCode = (
    <Button key="code" variant={isFirst ? 'filled' : 'default'} onClick={onNewCode}>
      {t('action.newCode')}
    </Button>
  );
  const consent = needsConsent(login?.problem) ? <ConsentLink key="consent" connection={connection} /> : null;
  const link = <SignInByLink key="link" connection={connection} variant={offersLink ? 'filled' : 'default'} />;
  const buttons = (
    <>
      {consent}
      {offersLink ? [link, newCode] : [newCode, link]}
      {login?.state === 'refused' ? <EditLink connection={connection} /> : null}
      {/* Of a code that nobody confirmed in time there is nothing to be changed at Microsoft. */}
      {offersLink && login?.state === 'refused' && login.problem !== undefined ? (
        <CopyButton text={requestText(t, login.problem)} label={t('action.copyEntra')} />
      ) : null}
      <HandOverLink connection={connection} />
      <RightAccount connection={connection} onNewCode={onNewCode} />
      <Button variant="default" onClick={onClose}>
        {t('action.close')}
      </Button>
    </>
  );
  if (login?.problem !== undefined) {
    return (
      <Explained
        problem={login.problem}
        of={connection.id}
        title={titleOf(t, login.problem)}
        stops={t('deviceCode.nothingKept')}
      >
        {buttons}
      </Explained>
    );
  }
  return <Canceled login={login}>{buttons}</Canceled>;
}

type CanceledProps = { readonly login: Connection['login']; readonly children: ReactNode };

/** Perhaps in another window or by somebody else, who is named. */
function Canceled({ login, children }: CanceledProps) {
  const { t, i18n } = useTranslation();
  const nameOf = useNames();
  const { endedAt = null, endedBy = null } = login ?? {};
  const time = endedAt === null ? undefined : clockTime(i18n.language, endedAt);
  const by = endedBy === null || time === undefined ? undefined : { name: nameOf(endedBy), time };
  return (
    <Finding
      title={t('deviceCode.canceled')}
      detail={by === undefined ? undefined : t('deviceCode.canceledBy', by)}
      since={endedAt ?? undefined}
      stops={t('deviceCode.nothingKept')}
      advice={t('deviceCode.canceledAdvice')}
    >
      {children}
    </Finding>
  );
}

/** The ids stand there; whoever corrects them comes back for a new code. */
export function EditLink({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  const to = `/settings/connections/${connection.id}`;
  return (
    <Button component={Link} to={to} search={{ edit: 'yes' } as never} variant="default">
      {t('action.edit')}
    </Button>
  );
}

type SignInByLinkProps = { readonly connection: Connection; readonly variant?: 'filled' | 'default' };

/** The way that works where codes are blocked. */
export function SignInByLink({ connection, variant = 'default' }: SignInByLinkProps) {
  const { t } = useTranslation();
  return (
    <Button component={Link} to={`/settings/connections/${connection.id}/sign-in-link`} variant={variant}>
      {t('action.signInByLink')}
    </Button>
  );
}

/** For an owner of the mailbox who does not sign in to Platen. */
export function HandOverLink({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  return (
    <Button component={Link} to={`/settings/connections/${connection.id}/hand-over`} variant="default">
      {t('handOver.open')}
    </Button>
  );
}

export function Confirmed({ connection, onClose }: Pick<OutcomeProps, 'connection' | 'onClose'>) {
  const { t } = useTranslation();
  const { id, account } = connection;
  const check = useQuery({
    queryKey: ['first-check', id, connection.expiry.signedInAt],
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
                  <CheckLine test={test} of={connection.id} />
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

export function CheckLine({ test, of }: { readonly test: Test; readonly of: string }) {
  const { t } = useTranslation();
  if (test.problem !== undefined) return <Explained level={3} problem={test.problem} of={of} />;
  return <State tone={OUTCOME_TONES[test.outcome]} word={`${test.title}: ${t(`check.${test.outcome}`)}`} />;
}
