/** What is wrong with a printer; a certificate that has changed is shown beside the old one and can be trusted. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useMay } from '../app/session.tsx';
import { Failed } from '../ui/content.tsx';
import { Finding } from '../ui/finding.tsx';
import { referenceOf } from '../ui/words.ts';
import { type Printer, reasonsInWords } from './printer.ts';

type ProblemProps = { readonly printer: Printer; readonly onChanged: () => Promise<void> };

export function PrinterProblem({ printer, onChanged }: ProblemProps) {
  const { t } = useTranslation();
  const isAdministrator = useMay('administrator');
  const [error, setError] = useState<unknown>();
  const { problem } = printer;
  if (problem === null) return <Stopped printer={printer} />;
  const { expected, seen } = problem.facts ?? {};
  const isChanged = problem.code === 'printer-certificate-changed' && typeof seen === 'string';
  const accept = async (sha256: string) => {
    try {
      const params = { path: { id: printer.id } };
      await need(api.PUT('/printers/{id}/certificate', { params, body: { sha256 } }));
      await onChanged();
    } catch (thrown) {
      setError(thrown);
    }
  };
  return (
    <>
      <Finding
        title={problem.title}
        own={problem.detail}
        since={problem.at}
        advice={problem.advice}
        remote={problem.remote}
        reference={referenceOf(problem.code, printer.id)}
      >
        {isChanged && isAdministrator ? (
          <Button variant="outline" onClick={() => void accept(seen)}>
            {t('printers.trustNew')}
          </Button>
        ) : undefined}
      </Finding>
      {isChanged ? (
        <dl className="facts">
          <dt>{t('printers.oldCertificate')}</dt>
          <dd>
            <code className="words">{expected}</code>
          </dd>
          <dt>{t('printers.newCertificate')}</dt>
          <dd>
            <code className="words">{seen}</code>
          </dd>
        </dl>
      ) : null}
      {error === undefined ? null : <Failed error={error} />}
    </>
  );
}

/** A printer that stands still for a reason of its own, such as paper, needs somebody to go there. */
function Stopped({ printer }: { readonly printer: Printer }) {
  const { t } = useTranslation();
  const { name, state, stateSince, reasons } = printer;
  if (state !== 'stopped') return null;
  return (
    <Finding
      tone="warning"
      title={t('overview.fault.printer', { name })}
      detail={reasonsInWords(t, reasons).join(' · ')}
      since={stateSince}
      stops={t('overview.stops.printer')}
      advice={t('overview.advice.printer')}
    />
  );
}
