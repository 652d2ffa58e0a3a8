/** `/settings/readiness`: what uses a password at Microsoft or plain SMTP towards Platen, for the end of December 2026. */
import { Anchor, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Loaded } from '../ui/content.tsx';
import { Finding } from '../ui/finding.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';

const TONES = { now: 'broken', 'by-the-end-of-2026': 'warning', 'when-you-can': 'held' } as const;

export default function ReadinessPage() {
  const { t } = useTranslation();
  const report = useQuery({ queryKey: ['readiness'], queryFn: () => need(api.GET('/readiness')) });
  return (
    <Page
      title={t('readiness.title')}
      above={
        <Anchor component={Link} to="/settings/connections">
          ‹ {t('nav.connections')}
        </Anchor>
      }
    >
      <Stack gap="md" maw={860}>
        <p className="plain">{t('readiness.intro')}</p>
        <Loaded query={report}>
          {({ isReady, items }) => (
            <>
              <div role="status">
                <State tone={isReady ? 'ok' : 'warning'} word={t(isReady ? 'readiness.ready' : 'readiness.notReady')} />
              </div>
              {items.map(({ kind, name, urgency, title, advice }) => (
                <Finding
                  key={`${kind}/${name}`}
                  tone={TONES[urgency]}
                  title={title}
                  detail={t(`readinessUrgency.${urgency}`)}
                  advice={advice}
                />
              ))}
            </>
          )}
        </Loaded>
      </Stack>
    </Page>
  );
}
