/** Who gets a notice beside the people of a role: a shared mailbox of the help desk, a ticket system. */
import { Button, Stack, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog, FormEnd } from '../ui/dialog.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import type { Rule } from './notices.ts';

type AddressesProps = {
  readonly rule: Rule;
  readonly name: string;
  readonly onSave: (rule: Rule) => Promise<void>;
};

const MOST = 20;

export function Addresses({ rule, name, onSave }: AddressesProps) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const { addresses } = rule;
  return (
    <>
      {addresses.length === 0 ? null : <div className="hint">{addresses.join(' · ')}</div>}
      <Button
        variant="subtle"
        size="compact-md"
        mt="xs"
        aria-label={t('notices.furtherOf', { event: name })}
        disabled={!rule.enabled}
        onClick={() => setOpen(true)}
      >
        {t('notices.further')}
      </Button>
      {isOpen ? (
        <Form
          name={name}
          addresses={addresses}
          onClose={() => setOpen(false)}
          onSave={(next) => onSave({ ...rule, addresses: [...next] })}
        />
      ) : null}
    </>
  );
}

const listOf = (text: string) => [...new Set(text.split(/[\s,;]+/).filter((one) => one !== ''))];

type FormProps = {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly onClose: () => void;
  readonly onSave: (addresses: readonly string[]) => Promise<void>;
};

function Form({ name, addresses, onClose, onSave }: FormProps) {
  const { t } = useTranslation();
  const judge = (text: string) => {
    const list = listOf(text);
    const wrong = list.find((one) => !/^[^\s@<>()[\]\\:"]+@[^\s@<>()[\]\\:"]+$/.test(one));
    if (wrong !== undefined) return t('notices.noAddress', { text: wrong });
    return list.length > MOST ? t('notices.tooMany', { count: MOST }) : null;
  };
  const form = usePlatenForm(
    { initialValues: { addresses: addresses.join('\n') }, validate: { addresses: judge } },
    async (values) => {
      await onSave(listOf(values.addresses));
      onClose();
    },
  );
  return (
    <Dialog title={name} onClose={onClose}>
      <form onSubmit={form.submit}>
        <Stack gap="md">
          <Textarea
            label={t('notices.further')}
            description={t('notices.furtherHint')}
            data-autofocus
            autosize
            minRows={3}
            {...fieldOf(form, 'addresses')}
          />
          <FormEnd form={form} onClose={onClose} />
        </Stack>
      </form>
    </Dialog>
  );
}
