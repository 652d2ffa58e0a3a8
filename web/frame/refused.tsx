/** A page that this person may not open, and an address that no page has: never empty, never a redirect without a word. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { Screen } from '../app/screen.ts';
import { useMay } from '../app/session.tsx';
import { Finding } from '../ui/finding.tsx';
import { Page } from '../ui/page.tsx';
import { BareFrame } from './shell.tsx';

export function NoPermission({ screen }: { readonly screen: Screen }) {
  const { t } = useTranslation();
  const mayAsk = useMay('operator');
  const users = useQuery({
    queryKey: ['users', 'administrators'],
    queryFn: () => need(api.GET('/users', { params: { query: { limit: 100 } } })),
    enabled: mayAsk,
  });
  const names = users.data?.items
    .filter(({ role, disabledAt }) => role === 'administrator' && disabledAt === null)
    .slice(0, 3)
    .map(({ name }) => name);
  const title = screen.least === 'administrator' ? t('noPermission.title') : t('noPermission.operators');
  return (
    <Page title={t(screen.title)}>
      <Finding
        tone="off"
        title={title}
        advice={names === undefined ? t('noPermission.ask') : t('noPermission.detail', { names: names.join(', ') })}
      >
        <Anchor component={Link} to="/">
          {t('noPermission.back')}
        </Anchor>
      </Finding>
    </Page>
  );
}

export function NoPage() {
  const { t } = useTranslation();
  return (
    <BareFrame>
      <Page title={t('noPage.title')}>
        <p>{t('noPage.detail')}</p>
        <Anchor component={Link} to="/">
          {t('noPermission.back')}
        </Anchor>
      </Page>
    </BareFrame>
  );
}
