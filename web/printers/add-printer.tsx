/** Adding a printer that was found or by its address: it is asked at once, and what it says is shown before it is added. */
import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Failed } from '../ui/content.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import { Found, type FoundPrinter } from './found.tsx';
import { abilities, type Offer } from './printer.ts';

type AddPrinterProps = { readonly onClose: () => void; readonly onAdded: () => Promise<void> };

export function AddPrinter({ onClose, onAdded }: AddPrinterProps) {
  const { t } = useTranslation();
  const [offer, setOffer] = useState<Offer & { readonly typed: string }>();
  const form = usePlatenForm(
    {
      initialValues: { uri: '', name: '' },
      validateInputOnBlur: false,
      validate: {
        uri: (value) => (value.trim() === '' ? t('printers.uriMissing') : null),
        name: (value) => (offer !== undefined && value.trim() === '' ? t('printers.nameMissing') : null),
      },
    },
    async ({ uri, name }) => {
      const typed = uri.trim();
      if (offer?.typed !== typed) {
        setOffer(undefined);
        const found = await need(api.POST('/printers/probe', { body: { uri: typed } }));
        setOffer({ ...found, typed });
        if (name.trim() === '') form.setFieldValue('name', (found.capabilities?.model ?? '').slice(0, 100));
        return;
      }
      await need(api.POST('/printers', { body: { uri: typed, name: name.trim() } }));
      await onAdded();
      onClose();
    },
  );
  const isKnown = offer !== undefined && offer.typed === form.values.uri.trim();
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
          {isKnown ? <OfferFacts offer={offer} /> : null}
          {isKnown ? <TextInput label={t('printers.name')} {...fieldOf(form, 'name')} /> : null}
          {form.error === undefined ? null : <Failed error={form.error} />}
          <Acts isKnown={isKnown} isBusy={form.isBusy} onClose={onClose} />
        </Stack>
      </form>
    </Dialog>
  );
}

type ActsProps = { readonly isKnown: boolean; readonly isBusy: boolean; readonly onClose: () => void };

function Acts({ isKnown, isBusy, onClose }: ActsProps) {
  const { t } = useTranslation();
  return (
    <Group justify="flex-end" gap="xs">
      <Button variant="default" onClick={onClose}>
        {t('action.cancel')}
      </Button>
      <Button type="submit" loading={isBusy}>
        {isKnown ? t('action.addIt') : t('printers.ask')}
      </Button>
    </Group>
  );
}

export function OfferFacts({ offer }: { readonly offer: Pick<Offer, 'capabilities' | 'certificate' | 'uri'> }) {
  const { t } = useTranslation();
  const { capabilities, certificate } = offer;
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
