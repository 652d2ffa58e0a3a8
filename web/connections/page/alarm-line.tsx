/** Whether somebody is told over another way when mail itself is what fails; for those who may set it up. */
import { Anchor, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import { useLiveQuery } from '../../app/live.tsx';
import { useMay } from '../../app/session.tsx';
import { State } from '../../ui/state.tsx';

/** The same answer that the page of notices shows. */
const KEY = ['notices', 'alarm'] as const;

export function AlarmLine() {
  const { t } = useTranslation();
  const mayAsk = useMay('administrator');
  useLiveQuery(['alarm-'], KEY);
  const { data } = useQuery({ queryKey: KEY, queryFn: () => need(api.GET('/notices/alarm')), enabled: mayAsk });
  if (data === undefined) return null;
  const ways = (['webhook', 'server'] as const).filter((way) => data[way] !== null);
  return (
    <Group component="section" gap="xs" aria-label={t('notices.second')}>
      {ways.length === 0 ? <State tone="warning" word={t('notices.none')} /> : null}
      {ways.map((way) => {
        const isTested = data[way]?.provedAt !== null;
        return (
          <State
            key={way}
            tone={isTested ? 'ok' : 'warning'}
            word={t(`expiry.alarmBy.${way}.${isTested ? 'tested' : 'untested'}`)}
          />
        );
      })}
      <Anchor component={Link} to="/settings/notices">
        {t('nav.notices')}
      </Anchor>
    </Group>
  );
}
