/** How well the box is closed in which documents of strangers are opened, and what that means. */
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Loaded } from '../ui/content.tsx';
import { Finding } from '../ui/finding.tsx';
import { State } from '../ui/state.tsx';

export function Sandbox() {
  const { t } = useTranslation();
  const conversion = useQuery({ queryKey: ['conversion'], queryFn: () => need(api.GET('/conversion')) });
  return (
    <section className="card">
      <h2 className="section">{t('sandbox.title')}</h2>
      <Loaded query={conversion}>
        {({ level, canary, missingPackages }) => (
          <>
            <State tone={level === 'A' ? 'ok' : 'warning'} word={t('sandbox.level', { level })} />
            <p>{t(`sandbox.means.${level}`)}</p>
            <p>{t(`sandbox.canary.${canary}`)}</p>
            {missingPackages.length === 0 ? null : (
              <Finding
                level={3}
                tone="warning"
                title={t('sandbox.missing')}
                detail={missingPackages.join(', ')}
                advice={t('sandbox.missingAdvice')}
              />
            )}
          </>
        )}
      </Loaded>
    </section>
  );
}
