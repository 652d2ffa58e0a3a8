/** A test page: printed for whoever asks, and followed until it has come out or not. */
import { Button } from '@mantine/core';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Sent } from '../jobs/upload/entries.tsx';
import { newKey } from '../jobs/upload/send.ts';
import { Failed } from '../ui/content.tsx';

export function TestPage({ printerId }: { readonly printerId: string }) {
  const { t } = useTranslation();
  // Kept until there is an answer: asking again after a lost one prints nothing twice.
  const key = useRef<string>(undefined);
  const [jobId, setJobId] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const print = async () => {
    key.current ??= newKey();
    setBusy(true);
    setError(undefined);
    try {
      const params = { path: { id: printerId }, header: { 'idempotency-key': key.current } };
      setJobId((await need(api.POST('/printers/{id}/test-page', { params, body: {} }))).id);
      key.current = undefined;
    } catch (thrown) {
      setError(thrown);
    }
    setBusy(false);
  };
  return (
    <section>
      <h2>{t('testPage.title')}</h2>
      <p className="hint">{t('testPage.hint')}</p>
      <Button onClick={() => void print()} loading={isBusy}>
        {t('testPage.print')}
      </Button>
      {error === undefined ? null : <Failed error={error} />}
      {jobId === undefined ? null : (
        <div className="card" role="status">
          <Sent key={jobId} jobId={jobId} />
        </div>
      )}
    </section>
  );
}
