/** What does not work, each with the one act that helps. */
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { screens } from '../app/screens.ts';
import { reasonsInWords } from '../printers/printer.ts';
import { Finding } from '../ui/finding.tsx';
import { exactTime } from '../ui/when.tsx';
import { plain, referenceOf } from '../ui/words.ts';
import type { OverviewData } from './overview.tsx';

type Fault = OverviewData['faults'][number];

export function Faults({ faults }: { readonly faults: readonly Fault[] }) {
  const { t } = useTranslation();
  if (faults.length === 0) return null;
  return (
    <section className="faults" aria-label={t('overview.faults')}>
      {faults.map((fault) => (
        <FaultCard key={`${fault.kind} ${fault.subjectId ?? ''}`} fault={fault} />
      ))}
    </section>
  );
}

function FaultCard({ fault }: { readonly fault: Fault }) {
  const { t, i18n } = useTranslation();
  const { severity, kind, problem, since, due, waiting, subjectId } = fault;
  const place = placeOf(fault);
  // Of who is not known there is nothing more to say.
  const title = kind === 'knock' ? undefined : problem?.title;
  const named = t(`overview.fault.${kind}`, {
    name: fault.name ?? '',
    count: waiting ?? 0,
    date: due === null ? '' : exactTime(i18n.language, due),
  });
  const detail = [title ?? '', ...reasonsInWords(t, fault.reasons)].filter((word) => word !== '');
  return (
    <Finding
      title={named}
      tone={severity === 'broken' ? 'broken' : 'warning'}
      detail={detail.length === 0 ? undefined : detail.join(' · ')}
      since={since ?? undefined}
      stops={waiting === null ? t(`overview.stops.${kind}`) : stopsWith(t, kind, waiting)}
      advice={problem?.advice ?? t(`overview.advice.${kind}`)}
      remote={problem?.remote == null ? undefined : plain(problem.remote)}
      reference={referenceOf(problem?.code, subjectId) || undefined}
    >
      {place === undefined ? undefined : (
        <Button
          component={Link}
          to={place}
          search={(kind === 'jobs' ? { state: 'processing-stopped' } : {}) as never}
          variant="default"
        >
          {t(`overview.act.${kind}`)}
        </Button>
      )}
    </Finding>
  );
}

function stopsWith(t: TFunction, kind: string, count: number): string {
  const stops = t(`overview.stops.${kind}`);
  return kind === 'jobs' || kind === 'knock' ? stops : `${stops} ${t('overview.messagesWait', { count })}`;
}

/** Where it is mended; none while that page does not exist. */
function placeOf({ kind, subjectId }: Fault): string | undefined {
  const places: Readonly<Record<Fault['kind'], readonly [string, string]>> = {
    connection: ['/settings/connections/$id', `/settings/connections/${subjectId}`],
    expiry: ['/settings/connections/$id', `/settings/connections/${subjectId}`],
    'hand-over': ['/settings/connections/$id/hand-over', `/settings/connections/${subjectId}/hand-over`],
    network: ['/settings/network', '/settings/network'],
    mailbox: ['/settings/jobs/mailboxes/$id', `/settings/jobs/mailboxes/${subjectId}`],
    printer: ['/printers/$id', `/printers/${subjectId}`],
    jobs: ['/jobs', '/jobs'],
    device: ['/devices/$id', `/devices/${subjectId}`],
    knock: ['/devices', '/devices'],
    outbox: ['/outbox', '/outbox'],
    disk: ['/settings/about', '/settings/about'],
    clock: ['/journal', '/journal'],
    conversion: ['/settings/security', '/settings/security'],
  };
  const [screen, place] = places[kind];
  return screens.some(({ path }) => path === screen) ? place : undefined;
}
