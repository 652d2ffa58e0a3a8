/** The settings of a mailbox: where it is, what happens to its messages, and where documents go. */
import { Button, Group, NumberInput, PasswordInput, Radio, Select, Stack, Switch, TextInput } from '@mantine/core';
import type { FormRulesRecord as FormRules } from '@mantine/form';
import type { TFunction } from 'i18next';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { currentLanguage } from '../app/texts.ts';
import type { Connection } from '../connections/connection.ts';
import { Failed } from '../ui/content.tsx';
import { fieldOf, type PlatenForm, usePlatenForm } from '../ui/form.tsx';
import { OTHER, type Queue, usualPort, type Values } from './mailbox.ts';
import { Documents, Proof, Replies, Senders } from './mailbox-rules.tsx';
import { MailboxTest } from './mailbox-test.tsx';

type FormProps = {
  readonly connections: readonly Connection[];
  readonly queues: readonly Queue[];
  readonly initial: Values;
  /** Of a mailbox that there is; none for a new one. */
  readonly id?: string;
  /** The filled button of the page is another one. */
  readonly isQuiet?: boolean;
  readonly onSave: (values: Values) => Promise<void>;
};

export function MailboxForm({ connections, queues, initial, id, isQuiet = false, onSave }: FormProps) {
  const { t } = useTranslation();
  const form = usePlatenForm<Values>(
    {
      initialValues: initial,
      validateInputOnBlur: false,
      validate: rulesFor(t, id === undefined ? undefined : initial),
    },
    async (values) => {
      await onSave(values);
      form.resetDirty();
    },
  );
  return (
    <form onSubmit={form.submit}>
      <Stack gap="md">
        <Section title={t('mailboxes.mailbox')}>
          <TextInput label={t('mailboxes.title')} autoComplete="off" {...fieldOf(form, 'title')} />
          <Source form={form} connections={connections} />
          <TextInput
            label={t('mailboxes.address')}
            description={t('mailboxes.addressHint')}
            type="email"
            autoComplete="off"
            {...fieldOf(form, 'address')}
          />
          <Reading form={form} />
        </Section>
        <Section title={t('mailboxes.whoTitle')}>
          <Senders form={form} />
          <Proof form={form} />
        </Section>
        <Section title={t('mailboxes.whichTitle')}>
          <Documents form={form} />
        </Section>
        <Section title={t('mailboxes.whereTitle')}>
          <Select
            label={t('mailboxes.queue')}
            allowDeselect={false}
            data={queues.map(({ id, name }) => ({ value: id, label: name }))}
            {...fieldOf(form, 'queueId')}
          />
          <Replies form={form} />
          <Switch label={t('mailboxes.enabled')} {...form.getInputProps('enabled', { type: 'checkbox' })} />
        </Section>
        {form.isDirty() && !form.isBusy && !form.isSaved ? <p className="plain hint">{t('form.unsaved')}</p> : null}
        {form.error === undefined ? null : <Failed error={form.error} />}
        <div className="card narrow">
          <MailboxTest form={form} id={id} />
        </div>
        <Button type="submit" variant={isQuiet ? 'default' : 'filled'} loading={form.isBusy} className="fit">
          {form.isSaved ? t('action.saved') : t('action.save')}
        </Button>
      </Stack>
    </form>
  );
}

/** What is checked before the server is asked; `kept` is what the server has of it. */
function rulesFor(t: TFunction, kept: Values | undefined): FormRules<Values> {
  const whenOther = (key: string) => (value: string, values: Values) =>
    values.source === OTHER && value.trim() === '' ? t(key) : null;
  return {
    title: (value) => (value.trim() === '' ? t('mailboxes.titleMissing') : null),
    address: (value) => (/^\S+@\S+$/.test(value.trim()) ? null : t('network.senderForm')),
    source: (value) => (value === '' ? t('mailboxes.serverMissing') : null),
    host: whenOther('network.hostMissing'),
    username: whenOther('mailboxes.userMissing'),
    password: (value, values) => {
      if (values.source !== OTHER || value !== '') return null;
      if (kept?.source !== OTHER) return t('signIn.passwordMissing');
      const isOther = OWN_PASSWORD.some((field) => kept[field] !== values[field]);
      return isOther ? t('mailboxes.passwordAgain') : null;
    },
    queueId: (value) => (value === '' ? t('mailboxes.queueMissing') : null),
    maxDocuments: (value) => (isCount(value) ? null : t('mailboxes.numberMissing')),
    maxMegabytes: (value) => (isCount(value) ? null : t('mailboxes.numberMissing')),
    maxPages: (value) => (isCount(value) ? null : t('mailboxes.numberMissing')),
  };
}

/** A kept password is only for these. */
const OWN_PASSWORD = ['host', 'port', 'security', 'username'] as const;

/** An emptied field of numbers is a text without a number. */
const isCount = (value: number | string) => Number.isInteger(Number(value)) && Number(value) >= 1;

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

function Source({ form, connections }: Part & { readonly connections: readonly Connection[] }) {
  const { t } = useTranslation();
  return (
    <>
      <Radio.Group label={t('mailboxes.server')} {...form.getInputProps('source')}>
        <Stack gap="xs" mt="xs">
          {connections.map(({ id, title, state, account }) => (
            <Radio
              key={id}
              value={id}
              label={account === null ? title : `${title}, ${account.username}`}
              description={t(`connection.${state}`)}
            />
          ))}
          <Radio value={OTHER} label={t('network.otherServer')} />
        </Stack>
      </Radio.Group>
      {form.values.source === OTHER ? <OtherServer form={form} /> : null}
      <Radio.Group
        label={t('mailboxes.protocol')}
        {...form.getInputProps('protocol')}
        onChange={(protocol) => change(form, { protocol: protocol as Values['protocol'] })}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="imap" label={t('protocol.imap')} description={t('mailboxes.imapHint')} />
          <Radio value="pop3" label={t('protocol.pop3')} description={t('mailboxes.pop3Hint')} />
        </Stack>
      </Radio.Group>
    </>
  );
}

/** Changes how the server is spoken to; its usual port goes along, one that somebody typed stays. */
function change(
  { values, setValues }: PlatenForm<Values>,
  changed: Partial<Pick<Values, 'protocol' | 'security'>>,
): void {
  const { protocol, security } = { ...values, ...changed };
  const isUsual = values.port === usualPort(values.protocol, values.security);
  setValues({ ...changed, ...(isUsual ? { port: usualPort(protocol, security) } : {}) });
}

function OtherServer({ form }: Part) {
  const { t } = useTranslation();
  return (
    <Stack gap="md" pl="lg">
      <TextInput label={t('network.host')} autoComplete="off" {...fieldOf(form, 'host')} />
      <Group gap="md" grow>
        <NumberInput
          label={t('network.port')}
          min={1}
          max={65_535}
          allowDecimal={false}
          {...form.getInputProps('port')}
        />
        <Select
          label={t('network.security')}
          allowDeselect={false}
          data={(['tls', 'starttls', 'none'] as const).map((one) => ({ value: one, label: t(`security.${one}`) }))}
          {...form.getInputProps('security')}
          onChange={(security) => change(form, { security: security as Values['security'] })}
        />
      </Group>
      <TextInput label={t('network.user')} autoComplete="off" {...fieldOf(form, 'username')} />
      <PasswordInput
        label={t('signIn.password')}
        description={t('network.passwordHint')}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ 'aria-label': t('signIn.showPassword') }}
        {...fieldOf(form, 'password')}
      />
    </Stack>
  );
}

const POLL_SECONDS = [30, 60, 120, 300, 600, 1800, 3600];

/** How often, which folder, and what becomes of a message that was read. */
function Reading({ form }: Part) {
  const { t } = useTranslation();
  const { protocol, afterIntake, pollSeconds } = form.values;
  const isPop = protocol === 'pop3';
  const { setFieldValue } = form;
  useEffect(() => {
    if (isPop && afterIntake === 'move') setFieldValue('afterIntake', 'delete');
  }, [isPop, afterIntake, setFieldValue]);
  const seconds = [...new Set([...POLL_SECONDS, Number(pollSeconds)])].sort((a, b) => a - b);
  return (
    <>
      {isPop ? (
        <Select
          label={t('mailboxes.pollEvery')}
          allowDeselect={false}
          data={seconds.map((one) => ({ value: String(one), label: duration(one) }))}
          {...fieldOf(form, 'pollSeconds')}
        />
      ) : (
        <TextInput
          label={t('mailboxes.folder')}
          description={t('mailboxes.folderHint')}
          autoComplete="off"
          {...fieldOf(form, 'folder')}
        />
      )}
      <Radio.Group label={t('mailboxes.afterwards')} {...form.getInputProps('afterIntake')}>
        <Stack gap="xs" mt="xs">
          {isPop ? null : <Radio value="move" label={t('afterIntake.move')} />}
          <Radio value="delete" label={t('afterIntake.delete')} description={t('mailboxes.deleteLoses')} />
          <Radio value="keep" label={t('afterIntake.keep')} description={t('mailboxes.keepHint')} />
        </Stack>
      </Radio.Group>
    </>
  );
}

function duration(seconds: number): string {
  const [unit, amount] = seconds % 60 === 0 ? ['minute', seconds / 60] : ['second', seconds];
  return new Intl.NumberFormat(currentLanguage(), { style: 'unit', unit: String(unit), unitDisplay: 'long' }).format(
    Number(amount),
  );
}
