/** The key file: where it lies, whether it is as it should be, and that a copy has to be kept. Never what is in it. */
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Loaded } from '../ui/content.tsx';
import { Finding } from '../ui/finding.tsx';
import { State } from '../ui/state.tsx';

export function KeyFile() {
  const { t } = useTranslation();
  const keyFile = useQuery({ queryKey: ['key-file'], queryFn: () => need(api.GET('/key-file')) });
  return (
    <section className="card">
      <h2 className="section">{t('keyFile.title')}</h2>
      <p>{t('keyFile.hint')}</p>
      <Loaded query={keyFile}>
        {({ file, fingerprint, state }) => (
          <>
            {state === 'safe' ? (
              <State tone="ok" word={t('keyFile.states.safe')} />
            ) : (
              <Finding
                level={3}
                title={t(`keyFile.states.${state}`)}
                detail={t(`keyFile.details.${state}`)}
                advice={t(`keyFile.advice.${state}`, { file })}
              />
            )}
            <dl className="facts">
              <dt>{t('keyFile.file')}</dt>
              <dd className="words">{file}</dd>
              <dt>{t('keyFile.fingerprint')}</dt>
              <dd className="words">{fingerprint}</dd>
            </dl>
            <p className="plain">{t('keyFile.keep')}</p>
          </>
        )}
      </Loaded>
    </section>
  );
}
