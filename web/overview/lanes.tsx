/** The two ways of a document, station by station, with what is at each now and what the last day brought. */
import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { screens } from '../app/screens.ts';
import { State, type Tone } from '../ui/state.tsx';
import type { OverviewData } from './overview.tsx';

type Hours = OverviewData['mailToPaper']['hours'];
type StationProps = {
  readonly name: string;
  readonly to: string;
  readonly tone: Tone;
  readonly children: ReactNode;
};

export function MailToPaper({ lane }: { readonly lane: OverviewData['mailToPaper'] }) {
  const { t } = useTranslation();
  const { mailboxes, converters, jobs, printers, hours } = lane;
  const waiting = jobs.waiting + jobs.printing;
  return (
    <Lane title={t('overview.mailToPaper')} sum={t('overview.printed', { count: sumOf(hours) })} hours={hours}>
      <Station
        name={t('nav.mailboxes')}
        to="/settings/jobs/mailboxes"
        tone={
          mailboxes.failing > 0 ? 'broken' : mailboxes.waiting > 0 ? 'waiting' : mailboxes.watched > 0 ? 'ok' : 'off'
        }
      >
        {mailboxes.failing > 0
          ? t('overview.mailboxesFail', { count: mailboxes.failing })
          : t('overview.watched', { count: mailboxes.watched })}
      </Station>
      <Station name={t('overview.documents')} to="/jobs" tone="ok">
        {t('overview.atOnce', { count: converters })}
      </Station>
      <Station name={t('nav.queues')} to="/queues" tone={jobs.stopped > 0 ? 'warning' : jobs.held > 0 ? 'held' : 'ok'}>
        {jobs.stopped > 0
          ? t('overview.jobsStopped', { count: jobs.stopped })
          : jobs.held > 0
            ? t('overview.jobsHeld', { count: jobs.held })
            : t('overview.jobsWait', { count: waiting })}
      </Station>
      <Station
        name={t('nav.printers')}
        to="/printers"
        tone={printers.troubled > 0 ? 'warning' : printers.all > 0 ? 'ok' : 'off'}
      >
        {printers.troubled > 0
          ? t('overview.printersTroubled', { count: printers.troubled, all: printers.all })
          : t('overview.printersReady', { count: printers.ready })}
      </Station>
    </Lane>
  );
}

export function ScanToMail({ lane }: { readonly lane: OverviewData['scanToMail'] }) {
  const { t } = useTranslation();
  const { devices, outbox, outgoing, hours } = lane;
  return (
    <Lane title={t('overview.scanToMail')} sum={t('overview.sent', { count: sumOf(hours) })} hours={hours}>
      <Station name={t('nav.devices')} to="/devices" tone={devices > 0 ? 'ok' : 'off'}>
        {t('overview.devicesOn', { count: devices })}
      </Station>
      <Station name={t('nav.outbox')} to="/outbox" tone={outbox.held > 0 ? 'held' : 'ok'}>
        {outbox.held > 0
          ? t('overview.messagesHeld', { count: outbox.held })
          : t('overview.messagesWait', { count: outbox.waiting })}
      </Station>
      <Station
        name={t('overview.server')}
        to="/settings/network"
        tone={outgoing === 'ready' ? 'ok' : outgoing === 'waiting' ? 'broken' : 'off'}
      >
        {t(`overview.outgoing.${outgoing}`)}
      </Station>
    </Lane>
  );
}

type LaneProps = {
  readonly title: string;
  readonly sum: string;
  readonly hours: Hours;
  readonly children: ReactNode;
};

function Lane({ title, sum, hours, children }: LaneProps) {
  return (
    <section className="card lane">
      <h2>{title}</h2>
      <ol className="stations">{children}</ol>
      <LastDay title={title} sum={sum} hours={hours} />
    </section>
  );
}

function Station({ name, to, tone, children }: StationProps) {
  const hasPage = screens.some(({ path }) => path === to);
  return (
    <li>
      <span className="station-name">
        {hasPage ? (
          <Anchor component={Link} to={to}>
            {name}
          </Anchor>
        ) : (
          name
        )}
      </span>
      <State tone={tone} word={String(children)} />
    </li>
  );
}

const HEIGHT = 40;
const WIDTH = 10;

/** A bar for each hour, the failed part on top; the figures in words beside it and in a table behind a button. */
function LastDay({ title, sum, hours }: { readonly title: string; readonly sum: string; readonly hours: Hours }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const failed = hours.reduce((all, hour) => all + hour.failed, 0);
  const most = Math.max(1, ...hours.map((hour) => hour.done + hour.failed));
  return (
    <div className="last-day">
      <svg viewBox={`0 0 ${hours.length * WIDTH} ${HEIGHT}`} aria-hidden="true" preserveAspectRatio="none">
        {hours.map(({ at, done, failed: bad }, index) => {
          const [good, wrong] = [(done / most) * HEIGHT, (bad / most) * HEIGHT];
          return (
            <g key={at}>
              <rect className="bar" x={index * WIDTH + 1} width={WIDTH - 2} y={HEIGHT - good} height={good} />
              <rect
                className="bar-failed"
                x={index * WIDTH + 1}
                width={WIDTH - 2}
                y={HEIGHT - good - wrong}
                height={wrong}
              />
            </g>
          );
        })}
      </svg>
      <p>
        {t('overview.lastDay')}: {sum}
        {failed === 0 ? '' : `, ${t('overview.failed', { count: failed })}`}.{' '}
        <Anchor component="button" type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? t('overview.hideFigures') : t('overview.showFigures')}
        </Anchor>
      </p>
      {isOpen ? <Figures title={title} hours={hours} /> : null}
    </div>
  );
}

function Figures({ title, hours }: { readonly title: string; readonly hours: Hours }) {
  const { t, i18n } = useTranslation();
  const hourOf = new Intl.DateTimeFormat(i18n.language, { hour: '2-digit', minute: '2-digit' });
  const number = new Intl.NumberFormat(i18n.language);
  return (
    <table>
      <caption className="quiet">{title}</caption>
      <thead>
        <tr>
          <th className="figure" scope="col">
            {t('overview.hour')}
          </th>
          <th className="figure" scope="col">
            {t('overview.done')}
          </th>
          <th className="figure" scope="col">
            {t('overview.notDone')}
          </th>
        </tr>
      </thead>
      <tbody>
        {hours.map(({ at, done, failed }) => (
          <tr key={at}>
            <th className="figure" scope="row">
              {hourOf.format(new Date(at))}
            </th>
            <td className="figure">{number.format(done)}</td>
            <td className="figure">{number.format(failed)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const sumOf = (hours: Hours): number => hours.reduce((all, { done }) => all + done, 0);
