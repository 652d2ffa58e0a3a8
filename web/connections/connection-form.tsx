/** The fields of a connection: checked for form when they are left, the tenant looked up at Microsoft. */
import { Button, Checkbox, Group, Select, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ClipboardEvent, type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Failed } from '../ui/content.tsx';
import { fieldOf, type PlatenForm, usePlatenForm } from '../ui/form.tsx';
import { Already } from './form/already.tsx';
import { mayPaste, PasteButton } from './form/paste-button.tsx';
import { cloudName, TenantState } from './form/tenant-state.tsx';
import { cleanId, findIds, isGuid, isTenant } from './ids.ts';

export type ConnectionValues = {
  readonly title: string;
  readonly clientId: string;
  readonly tenantId: string;
  readonly expectedAccount: string;
  readonly cloud: string;
  readonly uses: ('imap' | 'pop3' | 'smtp')[];
};

type FormProps = {
  readonly initial: ConnectionValues;
  readonly send: (values: ConnectionValues) => Promise<void>;
  readonly onCancel: () => void;
  /** The connection that is edited. */
  readonly ownId?: string;
  /** What else can be done, above the buttons. */
  readonly children?: ReactNode;
};

export function ConnectionForm({ initial, send, onCancel, ownId, children }: FormProps) {
  const { t } = useTranslation();
  const form = usePlatenForm<ConnectionValues>(
    {
      initialValues: initial,
      validate: {
        title: (value) => (value.trim() === '' ? t('connections.titleMissing') : null),
        clientId: (value) => (isGuid(cleanId(value)) ? null : t('connections.idForm')),
        tenantId: (value) => (isTenant(cleanId(value)) ? null : t('connections.tenantForm')),
        uses: (value) => (value.length === 0 ? t('connections.usesMissing') : null),
      },
    },
    async (values) => {
      await send({ ...values, clientId: cleanId(values.clientId), tenantId: cleanId(values.tenantId) });
    },
  );
  const paste = (event: ClipboardEvent) => {
    const found = findIds(event.clipboardData.getData('text'));
    if (found === undefined) return;
    event.preventDefault();
    form.setValues(found);
  };
  return (
    <form onSubmit={form.submit} onPaste={paste}>
      <Stack gap="md">
        <Named form={form} />
        <AboutIds form={form} ownId={ownId} />
        <TextInput
          label={`${t('connections.expected')} ${t('label.optional')}`}
          type="email"
          autoComplete="off"
          {...fieldOf(form, 'expectedAccount')}
        />
        <Advanced form={form} />
        {children}
        {form.error === undefined ? null : <Failed error={form.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onCancel}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={form.isBusy}>
            {t('action.ok')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The three fields that are required. */
function Named({ form }: { readonly form: PlatenForm<ConnectionValues> }) {
  const { t } = useTranslation();
  const paste = (
    <PasteButton
      onIds={(ids) => {
        form.setValues(ids);
        form.clearErrors();
      }}
      onFault={(words) => form.setFieldError('clientId', words)}
    />
  );
  return (
    <>
      <TextInput
        label={t('connections.title')}
        description={t('connections.titleHint')}
        data-autofocus
        {...fieldOf(form, 'title')}
      />
      <TextInput
        label={t('connections.clientId')}
        description={t('connections.clientIdHint')}
        autoComplete="off"
        {...(mayPaste() ? { rightSection: paste, rightSectionWidth: 84 } : {})}
        {...fieldOf(form, 'clientId')}
      />
      <TextInput
        label={t('connections.tenantId')}
        description={t('connections.tenantIdHint')}
        autoComplete="off"
        {...fieldOf(form, 'tenantId')}
      />
    </>
  );
}

type AboutProps = { readonly form: PlatenForm<ConnectionValues>; readonly ownId: string | undefined };

/** What is known about the tenant, and whether the two are there already. */
function AboutIds({ form, ownId }: AboutProps) {
  const { cloud } = form.values;
  const clientId = cleanId(form.values.clientId);
  const tenantId = cleanId(form.values.tenantId);
  return (
    <>
      <TenantState
        tenant={tenantId}
        cloud={cloud}
        clientId={clientId}
        onSwap={() => form.setValues({ clientId: tenantId, tenantId: clientId })}
        onCloud={(other) => form.setValues({ cloud: other })}
      />
      <Already clientId={clientId} tenantId={tenantId} cloud={cloud} ownId={ownId} />
    </>
  );
}

function Advanced({ form }: { readonly form: PlatenForm<ConnectionValues> }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(form.values.cloud !== 'worldwide');
  const clouds = useQuery({ queryKey: ['clouds'], queryFn: () => need(api.GET('/clouds')) });
  const names = clouds.data?.items ?? [form.values.cloud];
  return (
    <div>
      <Button variant="subtle" px={0} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {t('label.advanced')}
      </Button>
      {isOpen ? (
        <Stack gap="md" mt="xs">
          <Select
            label={t('connections.cloud')}
            data={names.map((name) => ({ value: name, label: cloudName(t, name) }))}
            allowDeselect={false}
            {...form.getInputProps('cloud')}
          />
          <Checkbox.Group label={t('connections.permissions')} {...form.getInputProps('uses')}>
            <Stack gap="xs" mt="xs">
              {(['smtp', 'imap', 'pop3'] as const).map((use) => (
                <Checkbox key={use} value={use} label={t(`use.${use}`)} />
              ))}
            </Stack>
          </Checkbox.Group>
        </Stack>
      ) : null}
    </div>
  );
}
