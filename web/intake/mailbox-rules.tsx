/** The rules of a mailbox: who may print, what proves a sender, which documents are taken, and which answers are written. */
import { Anchor, Checkbox, Group, NumberInput, Radio, Stack, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LANGUAGES } from '../app/texts.ts';
import { fieldOf, type PlatenForm } from '../ui/form.tsx';
import { DOCUMENT_KINDS, MOST_DOCUMENTS, MOST_MEGABYTES, MOST_PAGES, OTHER, type Values } from './mailbox.ts';

type Part = { readonly form: PlatenForm<Values> };

export function Senders({ form }: Part) {
  const { t } = useTranslation();
  return (
    <>
      <p className="plain">{t('mailboxes.knownPrint')}</p>
      <Radio.Group label={t('mailboxes.unknown')} {...form.getInputProps('unknown')}>
        <Stack gap="xs" mt="xs">
          <Radio value="refuse" label={t('unknownSender.refuse')} />
          <Radio value="register" label={t('unknownSender.register')} />
          <Radio value="hold" label={t('unknownSender.hold')} />
        </Stack>
      </Radio.Group>
      {form.values.unknown === 'register' ? (
        <Textarea
          label={`${t('mailboxes.domains')} ${t('label.optional')}`}
          description={t('mailboxes.domainsHint')}
          autosize
          minRows={2}
          {...fieldOf(form, 'domains')}
        />
      ) : null}
      {form.values.unknown === 'refuse' ? null : (
        <TextInput
          label={t('mailboxes.group')}
          description={t('users.groupHint')}
          autoComplete="off"
          {...fieldOf(form, 'group')}
        />
      )}
      <Radio.Group
        label={t('mailboxes.machines')}
        description={t('mailboxes.machinesHint')}
        {...form.getInputProps('machines')}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="print" label={t('automaticMail.print')} />
          <Radio value="refuse" label={t('automaticMail.refuse')} />
        </Stack>
      </Radio.Group>
    </>
  );
}

export function Proof({ form }: Part) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const check = (name: 'compauth' | 'internal') => form.getInputProps(name, { type: 'checkbox' });
  return (
    <>
      <Radio.Group label={t('mailboxes.noProof')} {...form.getInputProps('unproven')}>
        <Stack gap="xs" mt="xs">
          <Radio value="hold" label={t('unproven.hold')} />
          <Radio value="refuse" label={t('unproven.refuse')} />
          <Radio value="accept" label={t('unproven.accept')} description={t('mailboxes.acceptRisk')} />
        </Stack>
      </Radio.Group>
      <Anchor component="button" type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)} className="fit">
        {t('mailboxes.proofMore')}
      </Anchor>
      {isOpen ? (
        <Stack gap="md" pl="lg">
          {form.values.source === OTHER ? <OtherHost form={form} /> : null}
          <Checkbox label={t('mailboxes.compauth')} {...check('compauth')} />
          <Checkbox label={t('mailboxes.internal')} {...check('internal')} />
          <Textarea
            label={`${t('mailboxes.arcSealers')} ${t('label.optional')}`}
            description={t('mailboxes.arcSealersHint')}
            autosize
            minRows={2}
            {...fieldOf(form, 'arcSealers')}
          />
        </Stack>
      ) : null}
    </>
  );
}

function OtherHost({ form }: Part) {
  const { t } = useTranslation();
  return (
    <>
      <Radio.Group label={t('mailboxes.hostKind')} {...form.getInputProps('hostKind')}>
        <Stack gap="xs" mt="xs">
          <Radio value="other" label={t('mailboxes.hostOther')} />
          <Radio value="exchange-online" label={t('connections.kind')} />
        </Stack>
      </Radio.Group>
      {form.values.hostKind === 'other' ? (
        <TextInput
          label={`${t('mailboxes.authserv')} ${t('label.optional')}`}
          description={t('mailboxes.authservHint')}
          autoComplete="off"
          {...fieldOf(form, 'authservId')}
        />
      ) : null}
    </>
  );
}

export function Documents({ form }: Part) {
  const { t } = useTranslation();
  return (
    <>
      <Checkbox.Group
        label={t('mailboxes.kinds')}
        description={t('mailboxes.kindsHint')}
        {...form.getInputProps('kinds')}
      >
        <Stack gap="xs" mt="xs">
          {DOCUMENT_KINDS.map((kind) => (
            <Checkbox key={kind} value={kind} label={t(`documentKind.${kind}`)} />
          ))}
        </Stack>
      </Checkbox.Group>
      <Radio.Group label={t('mailboxes.body')} {...form.getInputProps('body')}>
        <Stack gap="xs" mt="xs">
          {(['without-attachment', 'always', 'never'] as const).map((one) => (
            <Radio key={one} value={one} label={t(`messageBody.${one}`)} />
          ))}
        </Stack>
      </Radio.Group>
      <Group gap="md" grow align="end">
        <NumberInput
          label={t('mailboxes.maxDocuments')}
          min={1}
          max={MOST_DOCUMENTS}
          allowDecimal={false}
          {...fieldOf(form, 'maxDocuments')}
        />
        <NumberInput
          label={t('mailboxes.maxMegabytes')}
          min={1}
          max={MOST_MEGABYTES}
          allowDecimal={false}
          {...fieldOf(form, 'maxMegabytes')}
        />
      </Group>
      <NumberInput
        label={t('mailboxes.maxPages')}
        min={1}
        max={MOST_PAGES}
        allowDecimal={false}
        className="fit"
        {...fieldOf(form, 'maxPages')}
      />
    </>
  );
}

export function Replies({ form }: Part) {
  const { t } = useTranslation();
  return (
    <>
      <fieldset className="plain-set">
        <legend>{t('mailboxes.replies')}</legend>
        <Stack gap="xs" mt="xs">
          {(['printed', 'held', 'refused'] as const).map((one) => (
            <Checkbox key={one} label={t(`reply.${one}`)} {...form.getInputProps(one, { type: 'checkbox' })} />
          ))}
        </Stack>
      </fieldset>
      <Radio.Group
        label={t('mailboxes.language')}
        description={t('mailboxes.languageHint')}
        {...form.getInputProps('language')}
      >
        <Group gap="md" mt="xs">
          {LANGUAGES.map(({ code, name }) => (
            <Radio key={code} value={code} label={name} />
          ))}
        </Group>
      </Radio.Group>
    </>
  );
}
