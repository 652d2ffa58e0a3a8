/** What has happened to a connection lately, and the way to all of it. */
import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import { useLiveQuery } from '../../app/live.tsx';
import { type JournalEvent, tell } from '../../journal/event.ts';
import { useNames } from '../../journal/names.ts';
import { Loaded } from '../../ui/content.tsx';
import { When } from '../../ui/when.tsx';
import { plain } from '../../ui/words.ts';

const SHOWN = 8;
/** Looked through for them: a check writes a line for each of its tests, and a renewal comes every hour. */
const LOOKED_AT = 100;

export function History({ id }: { readonly id: string }) {
  const { t } = useTranslation();
  const nameOf = useNames();
  const key = ['connection-history', id];
  useLiveQuery(['connection-', 'login-', 'token-', 'hand-over-'], key);
  const query = { kind: 'connection', subject: id, order: 'newest', limit: LOOKED_AT } as const;
  const events = useQuery({
    queryKey: key,
    queryFn: async () => (await need(api.GET('/journal', { params: { query } }))).items,
  });
  return (
    <section className="card">
      <h2 className="section">{t('connections.history')}</h2>
      <Loaded query={events}>
        {(all) => (
          <ol className="tests" reversed>
            {shorten(all).map((event) => (
              <li key={event.cursor}>
                <When at={event.at} /> · {wordsOf(t, event)}
                {event.actor === null ? null : <span className="hint"> · {nameOf(event.actor)}</span>}
              </li>
            ))}
          </ol>
        )}
      </Loaded>
      <p className="plain">
        <Anchor component={Link} to="/journal" search={{ kind: 'connection', subject: id } as never}>
          {t('connections.wholeHistory')}
        </Anchor>
      </p>
    </section>
  );
}

/** Who confirmed is what most people look for here. */
function wordsOf(t: TFunction, event: JournalEvent): string {
  const account = confirmedBy(event);
  return account === undefined ? tell(t, event) : t('deviceCode.confirmed', { account: plain(account) });
}

function confirmedBy({ type, data: { state, account } }: JournalEvent): string | undefined {
  return type === 'login-ended' && state === 'granted' && typeof account === 'string' ? account : undefined;
}

/** Without the single tests of a check, and of renewals in a row only the latest; the last confirmation is always there. */
function shorten(events: readonly JournalEvent[]): JournalEvent[] {
  const told = events.filter(({ type, data }) => type !== 'connection-tested' || data.test === undefined);
  const isAgain = (at: number) => told[at]?.type === 'token-renewed' && told[at - 1]?.type === 'token-renewed';
  const kept = told.filter((_, at) => !isAgain(at));
  const confirmed = kept.findIndex((event) => confirmedBy(event) !== undefined);
  return kept.filter((_, at) => at < SHOWN || at === confirmed);
}
