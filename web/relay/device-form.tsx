/** The settings of a device in the order of the three questions: its name, how it is known, whom it may write to. */
import { Anchor, Button, Checkbox, NumberInput, Radio, Stack, Switch, Textarea, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Failed } from '../ui/content.tsx';
import { fieldOf, type PlatenForm, usePlatenForm } from '../ui/form.tsx';
import { LIMITS, type Values } from './device.ts';

type FormProps = {
  readonly initial: Values;
  readonly isReadOnly?: boolean;
  readonly onSave: (values: Values) => Promise<void>;
};

export function DeviceForm({ initial, isReadOnly = false, onSave }: FormProps) {
  const { t } = useTranslation();
  const form = usePlatenForm<Values>(
    {
      initialValues: initial,
      validateInputOnBlur: false,
      validate: {
        name: (value) => (value.trim() === '' ? t('devices.nameMissing') : null),
        addresses: (value, { known }) =>
          known !== 'password' && value.trim() === '' ? t('devices.addressMissing') : null,
        username: (value, { known }) => (known !== 'address' && value.trim() === '' ? t('devices.userMissing') : null),
      },
    },
    async (values) => {
      await onSave(values);
      form.setFieldValue('makesPassword', false);
      form.resetDirty();
    },
  );
  return (
    <form onSubmit={form.submit}>
      <fieldset className="plain-set" disabled={isReadOnly}>
        <Stack gap="md">
          <Section title={t('devices.whatTitle')}>
            <TextInput label={t('devices.name')} autoComplete="off" {...fieldOf(form, 'name')} />
          </Section>
          <Section title={t('devices.knownTitle')}>
            <KnownBy form={form} isNew={initial.username === ''} />
          </Section>
          <Section title={t('devices.whomTitle')}>
            <Textarea
              label={`${t('devices.domains')} ${t('label.optional')}`}
              description={t('devices.domainsHint')}
              autosize
              minRows={2}
              {...fieldOf(form, 'allowedDomains')}
            />
            <SenderMap form={form} />
          </Section>
          <More form={form} />
          {form.error === undefined ? null : <Failed error={form.error} />}
          {isReadOnly ? null : (
            <Button type="submit" loading={form.isBusy} className="fit">
              {form.isSaved ? t('action.saved') : t('action.save')}
            </Button>
          )}
        </Stack>
      </fieldset>
    </form>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="card narrow">
      <h2 className="section">{title}</h2>
      <Stack gap="md" mt="sm">
        {children}
      </Stack>
    </section>
  );
}

type Part = { readonly form: PlatenForm<Values> };

function KnownBy({ form, isNew }: Part & { readonly isNew: boolean }) {
  const { t } = useTranslation();
  const { known } = form.values;
  return (
    <>
      <Radio.Group label={t('devices.known')} {...form.getInputProps('known')}>
        <Stack gap="xs" mt="xs">
          {(['address', 'password', 'both'] as const).map((one) => (
            <Radio key={one} value={one} label={t(`knownBy.${one}`)} />
          ))}
        </Stack>
      </Radio.Group>
      {known === 'password' ? null : (
        <Textarea
          label={t('devices.addresses')}
          description={t('devices.addressesHint')}
          autosize
          minRows={2}
          {...fieldOf(form, 'addresses')}
        />
      )}
      {known === 'address' ? null : (
        <>
          <TextInput
            label={t('network.user')}
            description={t('devices.passwordMade')}
            autoComplete="off"
            {...fieldOf(form, 'username')}
          />
          {isNew ? null : (
            <Checkbox label={t('devices.newPassword')} {...form.getInputProps('makesPassword', { type: 'checkbox' })} />
          )}
          <Checkbox
            label={t('devices.plainAuth')}
            description={t('devices.plainAuthRisk')}
            {...form.getInputProps('allowsPlainAuth', { type: 'checkbox' })}
          />
        </>
      )}
    </>
  );
}

function SenderMap({ form }: Part) {
  const { t } = useTranslation();
  return (
    <>
      <TextInput
        label={`${t('devices.sender')} ${t('label.optional')}`}
        description={t('devices.senderHint')}
        type="email"
        autoComplete="off"
        {...fieldOf(form, 'sender')}
      />
      <TextInput
        label={`${t('devices.displayName')} ${t('label.optional')}`}
        autoComplete="off"
        {...fieldOf(form, 'displayName')}
      />
      <Radio.Group label={t('devices.ownAddress')} {...form.getInputProps('ownAddress')}>
        <Stack gap="xs" mt="xs">
          {(['reply-to', 'display-name', 'nowhere'] as const).map((one) => (
            <Radio key={one} value={one} label={t(`ownAddress.${one}`)} />
          ))}
        </Stack>
      </Radio.Group>
    </>
  );
}

/** Limits, and what few devices need. */
function More({ form }: Part) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Switch label={t('devices.enabled')} {...form.getInputProps('enabled', { type: 'checkbox' })} />
      <Anchor component="button" type="button" aria-expanded={isOpen} className="fit" onClick={() => setOpen(!isOpen)}>
        {t('devices.limits')}
      </Anchor>
      {isOpen ? (
        <Section title={t('devices.limits')}>
          {LIMITS.map((one) => (
            <NumberInput
              key={one}
              label={t(`deviceLimit.${one}`)}
              min={1}
              allowDecimal={false}
              {...form.getInputProps(one)}
            />
          ))}
          <NumberInput
            label={t('deviceLimit.megabytes')}
            min={0.1}
            max={149}
            decimalScale={1}
            {...form.getInputProps('megabytes')}
          />
          <Checkbox label={t('devices.bareLf')} {...form.getInputProps('normalisesBareLf', { type: 'checkbox' })} />
        </Section>
      ) : null}
    </>
  );
}
