/** Messages of which nobody knows whether they arrived: above all others, with what that means and what Platen does. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { toneStyle } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { OUTBOX_KEY, recipientsOf, type Summary } from './message.ts';

const SHOWN = 5;

export function Uncertain({ summary }: { readonly summary: Summary | undefined }) {
  const { t } = useTranslation();
  const count = summary?.states.uncertain ?? 0;
  const found = useQuery({
    queryKey: [...OUTBOX_KEY, 'uncertain'],
    queryFn: () => need(api.GET('/outbox', { params: { query: { state: 'uncertain', limit: SHOWN } } })),
    enabled: count > 0,
  });
  if (count === 0 || found.data === undefined) return null;
  const { items } = found.data;
  return (
    <section className="finding" style={toneStyle('warning')} aria-label={t('message.uncertain')}>
      <p className="plain">{t('outbox.uncertainMeans')}</p>
      <ul className="plain">
        {items.map((message) => (
          <li key={message.id}>
            <Anchor component={Link} to={`/outbox/${message.id}`}>
              {message.subject === '' ? t('outbox.noSubject') : plain(message.subject)}
            </Anchor>{' '}
            {recipientsOf(message)}
            {message.dueAt === null ? null : (
              <span className="hint">
                {' '}
                {t('outbox.next')}: <When at={message.dueAt} />
              </span>
            )}
          </li>
        ))}
      </ul>
      {count > items.length ? (
        <Anchor component={Link} to="/outbox" search={{ state: 'uncertain' } as never}>
          {t('outbox.uncertain', { count })}
        </Anchor>
      ) : null}
    </section>
  );
}
