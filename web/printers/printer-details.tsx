/** One printer: its name, its address, what it can do, and a certificate that has changed. */
import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useMay } from '../app/session.tsx';
import { Failed } from '../ui/content.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Finding } from '../ui/finding.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import { OfferFacts } from './add-printer.tsx';
import type { Printer } from './printer.ts';

type DetailsProps = {
  readonly printer: Printer;
  readonly onClose: () => void;
  readonly onChanged: () => Promise<void>;
};

export function PrinterDetails({ printer, onClose, onChanged }: DetailsProps) {
  const { t } = useTranslation();
  const isAdministrator = useMay('administrator');
  const path = { id: printer.id };
  const form = usePlatenForm(
    {
      initialValues: { name: printer.name },
      validate: { name: (value) => (value.trim() === '' ? t('printers.nameMissing') : null) },
    },
    async ({ name }) => {
      await need(api.PATCH('/printers/{id}', { params: { path }, body: { name: name.trim() } }));
      await onChanged();
    },
  );
  return (
    <Dialog title={printer.name} onClose={onClose}>
      <Stack gap="md">
        <PrinterProblem printer={printer} onClose={onClose} onChanged={onChanged} />
        <dl className="facts">
          <dt>{t('printers.uri')}</dt>
          <dd>
            <code className="words">{printer.uri}</code>
          </dd>
        </dl>
        <OfferFacts offer={printer} />
        {isAdministrator ? (
          <form onSubmit={form.submit}>
            <Stack gap="md">
              <TextInput label={t('printers.name')} {...fieldOf(form, 'name')} />
              {form.error === undefined ? null : <Failed error={form.error} />}
              <Group justify="flex-end">
                <Button type="submit" loading={form.isBusy}>
                  {form.isSaved ? t('action.saved') : t('action.save')}
                </Button>
              </Group>
            </Stack>
          </form>
        ) : null}
      </Stack>
    </Dialog>
  );
}

function PrinterProblem({ printer, onClose, onChanged }: DetailsProps) {
  const { t } = useTranslation();
  const isAdministrator = useMay('administrator');
  const [error, setError] = useState<unknown>();
  const { problem } = printer;
  if (problem === null) return null;
  const { expected, seen } = problem.facts ?? {};
  const isChanged = problem.code === 'printer-certificate-changed' && typeof seen === 'string';
  const accept = async (sha256: string) => {
    try {
      const params = { path: { id: printer.id } };
      await need(api.PUT('/printers/{id}/certificate', { params, body: { sha256 } }));
      await onChanged();
      onClose();
    } catch (thrown) {
      setError(thrown);
    }
  };
  return (
    <>
      <Finding
        title={problem.title}
        detail={<span lang="en">{problem.detail}</span>}
        since={problem.at}
        advice={problem.advice}
        remote={problem.remote}
        level={3}
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
