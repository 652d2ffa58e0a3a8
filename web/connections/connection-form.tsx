/** The fields of a connection: checked for form when they are left, the tenant looked up at Microsoft. */
import { Button, Checkbox, Group, Select, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ClipboardEvent, type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Failed } from '../ui/content.tsx';
import { fieldOf, type PlatenForm, usePlatenForm } from '../ui/form.tsx';
import { State } from '../ui/state.tsx';
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
  /** What else can be done, above the buttons. */
  readonly children?: ReactNode;
};

export function ConnectionForm({ initial, send, onCancel, children }: FormProps) {
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
        <TenantState form={form} />
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

/** What Microsoft says about the tenant; a Microsoft that cannot be asked hinders nobody. */
function TenantState({ form }: { readonly form: PlatenForm<ConnectionValues> }) {
  const { t } = useTranslation();
  const { cloud } = form.values;
  const tenant = cleanId(form.values.tenantId);
  const looked = useQuery({
    queryKey: ['tenant', cloud, tenant],
    enabled: isTenant(tenant),
    retry: false,
    queryFn: () =>
      need(api.GET('/tenants/{idOrDomain}', { params: { path: { idOrDomain: tenant }, query: { cloud } } })),
  });
  if (!isTenant(tenant) || looked.isPending) return null;
  if (looked.data === undefined) return <State tone="warning" word={t('connections.tenantUnknown')} />;
  if (looked.data.exists) {
    const words = t('connections.tenantFound', { tenant, cloud: cloudName(t, cloud) });
    return <State tone="ok" word={words} />;
  }
  const swap = () => form.setValues({ clientId: tenant, tenantId: cleanId(form.values.clientId) });
  return (
    <Group gap="xs" role="status">
      <State tone="warning" word={t('connections.tenantMissing')} />
      {isGuid(tenant) && isGuid(cleanId(form.values.clientId)) ? (
        <Button variant="default" size="xs" onClick={swap}>
          {t('connections.swap')}
        </Button>
      ) : null}
    </Group>
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

/** Clouds of Microsoft have a name in words; others are called as their file calls them. */
function cloudName(t: (key: string, values: { defaultValue: string }) => string, cloud: string): string {
  return t(`cloud.${cloud}`, { defaultValue: cloud });
}
