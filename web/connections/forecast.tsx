/** How long the permission lasts, and why we think so. */
import { Anchor, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { State, type Tone } from '../ui/state.tsx';
import type { Connection } from './connection.ts';
import { AlarmLine } from './page/alarm-line.tsx';
import { dayOf, TimeLine } from './page/time-line.tsx';

type Expiry = Connection['expiry'];
const DAY_MS = 86_400_000;

export function Forecast({ connection }: { readonly connection: Connection }) {
  const { t, i18n } = useTranslation();
  const { expiry, id } = connection;
  if (expiry.method === null) return null;
  const date = expiry.at === null ? '' : dayOf(i18n.language, expiry.at);
  return (
    <section className="card">
      <Stack gap="sm">
        <h2 className="section">{t('expiry.title')}</h2>
        <State tone={toneOf(expiry)} word={t(`expiry.${expiry.kind}`, { date })} />
        <TimeLine expiry={expiry} />
        <p className="plain">{expiry.reasonText}</p>
        {expiry.at === null ? null : (
          <>
            <p className="plain">{t('expiry.reminder')}</p>
            <Anchor href={`/api/v1/connections/${id}/expiry.ics`} download>
              {t('expiry.calendar')}
            </Anchor>
          </>
        )}
        <AlarmLine />
        <Risks expiry={expiry} />
        <History expiry={expiry} />
      </Stack>
    </section>
  );
}

function toneOf({ at, kind }: Expiry): Tone {
  if (at === null) return kind === 'none' ? 'ok' : 'waiting';
  return new Date(at).getTime() - Date.now() < 7 * DAY_MS ? 'warning' : 'waiting';
}

function Risks({ expiry }: { readonly expiry: Expiry }) {
  const { t } = useTranslation();
  return (
    <div>
      <h3 className="plain">{t('expiry.risks')}</h3>
      <ul className="tests">
        {expiry.risks.map(({ code, text }) => (
          <li key={code}>{text}</li>
        ))}
      </ul>
    </div>
  );
}

/** What the forecast is made from. */
function History({ expiry }: { readonly expiry: Expiry }) {
  const { t, i18n } = useTranslation();
  const ended = expiry.history.filter(({ endedAt }) => endedAt !== null);
  if (ended.length === 0) return null;
  return (
    <div>
      <h3 className="plain">{t('expiry.history')}</h3>
      <ul className="tests">
        {ended.map(({ signedInAt, endedAt, aadsts }) => {
          const values = { from: dayOf(i18n.language, signedInAt), to: dayOf(i18n.language, endedAt ?? signedInAt) };
          return (
            <li key={signedInAt}>
              {aadsts === null ? t('expiry.past', values) : t('expiry.pastWith', { ...values, aadsts })}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
