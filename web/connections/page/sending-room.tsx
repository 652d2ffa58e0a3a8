/** How much of what Exchange Online lets one mailbox send is used: at once, in a minute, in a day. */
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import { useLiveQuery } from '../../app/live.tsx';
import { nextWords } from '../../outbox/next.ts';

const KEY = ['outbox', 'summary'] as const;
/** A minute is over without an event. */
const LOOK_MS = 10_000;

export function SendingRoom() {
  const { t, i18n } = useTranslation();
  useLiveQuery(['outbox-'], KEY);
  const summary = useQuery({
    queryKey: KEY,
    queryFn: () => need(api.GET('/outbox/summary')),
    refetchInterval: LOOK_MS,
  });
  const room = summary.data?.headroom;
  if (room === undefined || room === null) return null;
  const number = new Intl.NumberFormat(i18n.language);
  const of = (used: number, most: number) =>
    t('connections.usedOf', { used: number.format(used), most: number.format(most) });
  const { messagesPerMinute, recipientsPerDay, recipientsLeftToday } = room;
  return (
    <section className="card">
      <h2 className="section">{t('connections.room')}</h2>
      <dl className="facts">
        <dt>{t('connections.roomSessions')}</dt>
        <dd>{of(room.sessionsOpen, room.sessions)}</dd>
        {messagesPerMinute === null ? null : (
          <>
            <dt>{t('connections.roomMinute')}</dt>
            <dd>{of(room.triesLastMinute, messagesPerMinute)}</dd>
          </>
        )}
        {recipientsPerDay === null || recipientsLeftToday === null ? null : (
          <>
            <dt>{t('connections.roomDay')}</dt>
            <dd>{of(recipientsPerDay - recipientsLeftToday, recipientsPerDay)}</dd>
          </>
        )}
      </dl>
      {room.nextAt === null ? null : (
        <p className="plain hint">{nextWords(t, i18n.language, { at: room.nextAt, code: room.problem?.code })}</p>
      )}
    </section>
  );
}
