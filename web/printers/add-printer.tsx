/** Adding a printer that was found or by its address: it is asked at once, and what it says is shown before it is added. */
import { Radio, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Dialog, FormEnd } from '../ui/dialog.tsx';
import { Finding } from '../ui/finding.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import { Found, type FoundPrinter } from './found.tsx';
import { abilities, type Offer } from './printer.ts';

type AddPrinterProps = {
  readonly onClose: () => void;
  readonly onAdded: () => Promise<void>;
  /** Closes the dialog after the deed. */
  readonly onDone: () => Promise<void>;
};
type Known = Offer & { readonly typed: string };

/** Asks the printer, then adds it with its queue; what was done is not done twice when a later part fails. */
function useAddPrinter({ onAdded, onDone }: Omit<AddPrinterProps, 'onClose'>) {
  const { t } = useTranslation();
  const [offer, setOffer] = useState<Known>();
  const [added, setAdded] = useState<{ readonly id: string; readonly typed: string }>();
  const form = usePlatenForm<{ uri: string; name: string; queue: QueueWish }>(
    {
      initialValues: { uri: '', name: '', queue: '' },
      validateInputOnBlur: false,
      validate: {
        uri: (value) => (value.trim() === '' ? t('printers.uriMissing') : null),
        name: (value) => (offer !== undefined && value.trim() === '' ? t('printers.nameMissing') : null),
      },
    },
    async ({ uri, name, queue }) => {
      const typed = uri.trim();
      if (offer?.typed !== typed) {
        setOffer(undefined);
        const [found, { items }] = await Promise.all([
          need(api.POST('/printers/probe', { body: { uri: typed } })),
          need(api.GET('/queues')),
        ]);
        setOffer({ ...found, typed });
        if (name.trim() === '') form.setFieldValue('name', (found.capabilities?.model ?? '').slice(0, 100));
        // Without any queue nothing could be printed: then one comes with the printer.
        if (queue === '') form.setFieldValue('queue', items.length === 0 ? 'direct' : 'none');
        return;
      }
      const body = { uri: typed, name: name.trim() };
      const printer = added?.typed === typed ? added : { ...(await need(api.POST('/printers', { body }))), typed };
      setAdded(printer);
      await onAdded();
      if (queue === 'direct' || queue === 'hold') {
        await need(api.POST('/queues', { body: { name: body.name, mode: queue, printerIds: [printer.id] } }));
      }
      await onDone();
    },
  );
  return { form, offer: offer?.typed === form.values.uri.trim() ? offer : undefined };
}

export function AddPrinter({ onClose, ...done }: AddPrinterProps) {
  const { t } = useTranslation();
  const { form, offer } = useAddPrinter(done);
  const choose = ({ uri, name }: FoundPrinter) => {
    if (form.isBusy || offer?.typed === uri) return;
    form.setValues({ uri, name });
    form.submit();
  };
  return (
    <Dialog title={t('printers.addTitle')} onClose={onClose}>
      <form onSubmit={form.submit}>
        <Stack gap="md">
          <Found chosen={form.values.uri.trim()} onChoose={choose} />
          <TextInput
            label={t('printers.uri')}
            description={t('printers.uriHint')}
            data-autofocus
            autoComplete="off"
            spellCheck={false}
            {...fieldOf(form, 'uri')}
          />
          {offer === undefined ? null : (
            <>
              <OfferFacts offer={offer} />
              <TextInput label={t('printers.name')} {...fieldOf(form, 'name')} />
              <QueueChoice value={form.values.queue} onChange={(queue) => form.setFieldValue('queue', queue)} />
            </>
          )}
          <FormEnd form={form} act={offer === undefined ? t('printers.ask') : t('action.addIt')} onClose={onClose} />
        </Stack>
      </form>
    </Dialog>
  );
}

/** Empty until it is known whether there is a queue already. */
type QueueWish = 'direct' | 'hold' | 'none' | '';
type QueueChoiceProps = { readonly value: QueueWish; readonly onChange: (value: QueueWish) => void };

/** Documents reach a printer through a queue: one that bears its name can come with it. */
function QueueChoice({ value, onChange }: QueueChoiceProps) {
  const { t } = useTranslation();
  return (
    <Radio.Group
      label={t('printers.queue')}
      description={t('printers.queueHint')}
      value={value}
      onChange={(chosen) => onChange(chosen as QueueWish)}
    >
      <Stack gap="xs" mt="xs">
        <Radio value="direct" label={t('queueMode.direct')} />
        <Radio value="hold" label={t('queueMode.hold')} description={t('queues.holdHint')} />
        <Radio value="none" label={t('printers.noQueue')} description={t('printers.noQueueHint')} />
      </Stack>
    </Radio.Group>
  );
}

export function OfferFacts({ offer }: { readonly offer: Pick<Offer, 'capabilities' | 'certificate' | 'uri'> }) {
  const { t } = useTranslation();
  const { capabilities } = offer;
  const canPrint = capabilities?.taken !== 'nothing';
  return (
    <>
      {canPrint ? null : (
        <Finding tone="warning" level={3} title={t('printers.takesNothing')} advice={t('printers.takesNothingHint')} />
      )}
      <Facts offer={offer} />
    </>
  );
}

function Facts({
  offer: { capabilities, certificate },
}: {
  readonly offer: Pick<Offer, 'capabilities' | 'certificate'>;
}) {
  const { t } = useTranslation();
  return (
    <dl className="facts">
      <dt>{t('printers.model')}</dt>
      <dd>{capabilities?.model ?? '–'}</dd>
      <dt>{t('printers.can')}</dt>
      <dd>{abilities(t, capabilities).join(' · ') || '–'}</dd>
      <dt>{t('printers.certificate')}</dt>
      <dd>
        {certificate === null ? (
          t('printers.noTls')
        ) : certificate === 'authorities' ? (
          t('printers.byAuthorities')
        ) : (
          <code className="words">{certificate}</code>
        )}
      </dd>
    </dl>
  );
}
