/** The way by which an alarm comes when mail itself is what fails: a webhook, a mail server of its own, and a test. */
import { Button, Group, NumberInput, PasswordInput, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { useLiveQuery } from '../app/live.tsx';
import { Failed, Loaded } from '../ui/content.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { Dialog, FormEnd } from '../ui/dialog.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import { State } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { alarmQuery } from './notices.ts';

type Alarm = paths['/notices/alarm']['get']['responses'][200]['content']['application/json'];
type Change = NonNullable<paths['/notices/alarm']['put']['requestBody']>['content']['application/json'];

const { queryKey: KEY } = alarmQuery;

export function SecondWay() {
  const { t } = useTranslation();
  useLiveQuery(['alarm-'], KEY);
  const alarm = useQuery(alarmQuery);
  return (
    <section className="card">
      <h2 className="section">{t('notices.second')}</h2>
      <p className="hint">{t('notices.secondHint')}</p>
      <Loaded query={alarm}>{(shown) => <Ways alarm={shown} />}</Loaded>
    </section>
  );
}

function useChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Change) => need(api.PUT('/notices/alarm', { body })),
    onSuccess: ({ webhook, ...answer }) =>
      client.setQueryData(KEY, {
        ...answer,
        webhook: webhook === null ? null : { url: webhook.url, provedAt: webhook.provedAt },
      }),
  });
}

function Ways({ alarm }: { readonly alarm: Alarm }) {
  const { t } = useTranslation();
  const change = useChange();
  const [open, setOpen] = useState<'webhook' | 'server'>();
  const { webhook, server } = alarm;
  const hasNone = webhook === null && server === null;
  const close = () => setOpen(undefined);
  return (
    <Stack gap="md">
      {hasNone ? <State tone="warning" word={t('notices.none')} /> : null}
      {change.error === null ? null : <Failed error={change.error} />}
      <Way name={t('notices.webhook')} about={webhook?.url ?? t('notices.webhookHint')} proof={webhook}>
        {webhook === null ? (
          <Button variant="default" onClick={() => setOpen('webhook')}>
            {t('notices.add')}
          </Button>
        ) : (
          <Button variant="default" loading={change.isPending} onClick={() => change.mutate({ webhook: null })}>
            {t('notices.remove')}
          </Button>
        )}
      </Way>
      <Way
        name={t('notices.server')}
        about={server === null ? '' : t('notices.serverHint', { host: server.host, to: server.recipients.join(', ') })}
        proof={server}
      >
        <Button variant="default" onClick={() => setOpen('server')}>
          {server === null ? t('notices.add') : t('action.edit')}
        </Button>
        {server === null ? null : (
          <Button variant="default" loading={change.isPending} onClick={() => change.mutate({ server: null })}>
            {t('notices.remove')}
          </Button>
        )}
      </Way>
      {hasNone ? null : <Test />}
      <Alarms alarms={alarm.alarms} />
      {open === 'webhook' ? <WebhookForm onClose={close} /> : null}
      {open === 'server' ? <ServerForm server={server} onClose={close} /> : null}
    </Stack>
  );
}

type WayProps = {
  readonly name: string;
  readonly about: string;
  /** Absent where it is not set up. */
  readonly proof: { readonly provedAt: string | null } | null;
  readonly children: React.ReactNode;
};

function Way({ name, about, proof, children }: WayProps) {
  return (
    <div>
      <strong>{name}</strong>
      {about === '' ? null : <p className="hint">{about}</p>}
      {proof === null ? null : <Proof at={proof.provedAt} />}
      <Group gap="xs" mt={4}>
        {children}
      </Group>
    </div>
  );
}

/** A way that was never tried is not known to work on the day when it is needed. */
function Proof({ at }: { readonly at: string | null }) {
  const { t } = useTranslation();
  if (at === null) return <State tone="warning" word={t('notices.unproved')} />;
  return (
    <p className="hint">
      {t('notices.proved')} <When at={at} />
    </p>
  );
}

function Test() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const test = useMutation({
    mutationFn: () => need(api.POST('/notices/alarm/test')),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
  return (
    <div>
      <Button loading={test.isPending} onClick={() => test.mutate()}>
        {t('notices.test')}
      </Button>
      {test.error === null ? null : <Failed error={test.error} />}
      <div role="status">
        {test.data?.ways.map(({ way, outcome, problem }) => (
          <div key={way}>
            <State
              tone={outcome === 'delivered' ? 'ok' : 'broken'}
              word={t(outcome === 'delivered' ? 'notices.delivered' : 'notices.failed', {
                way: t(`notices.ways.${way}`),
              })}
            />
            {problem === null ? null : (
              <p className="hint">
                {problem.title} {problem.advice} {problem.remote ?? ''}
              </p>
            )}
          </div>
        ))}
      </div>
    </div>
  );
}

function Alarms({ alarms }: { readonly alarms: Alarm['alarms'] }) {
  const { t } = useTranslation();
  if (alarms.length === 0) return null;
  return (
    <div>
      <h3 className="section">{t('notices.alarms')}</h3>
      <ul className="plain">
        {alarms.map(({ id, title, problem, raisedAt, solvedAt }) => (
          <li key={id}>
            {title ?? problem?.title ?? t('nav.outbox')} ·{' '}
            {solvedAt === null ? t('notices.alarmOpen') : t('notices.alarmSolved')} <When at={solvedAt ?? raisedAt} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function WebhookForm({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation();
  const change = useChange();
  const [secret, setSecret] = useState<string>();
  const form = usePlatenForm(
    { initialValues: { url: '' }, validate: { url: (url) => (url.trim() === '' ? t('notices.missing') : null) } },
    async ({ url }) => {
      const { webhook } = await change.mutateAsync({ webhook: { url: url.trim() } });
      if (webhook?.secret === undefined) onClose();
      else setSecret(webhook.secret);
    },
  );
  return (
    <Dialog title={t('notices.webhook')} onClose={onClose}>
      {secret === undefined ? (
        <form onSubmit={form.submit}>
          <Stack gap="md">
            <TextInput
              label={t('notices.webhookUrl')}
              description={t('notices.webhookHint')}
              data-autofocus
              {...fieldOf(form, 'url')}
            />
            <FormEnd form={form} onClose={onClose} />
          </Stack>
        </form>
      ) : (
        <Stack gap="md">
          <p>{t('notices.secret')}</p>
          <code className="code">{secret}</code>
          <CopyButton text={secret} label={t('action.copy')} />
          <Group justify="flex-end">
            <Button onClick={onClose}>{t('action.close')}</Button>
          </Group>
        </Stack>
      )}
    </Dialog>
  );
}

function ServerForm({ server, onClose }: { readonly server: Alarm['server']; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const change = useChange();
  const needed = (value: string) => (value.trim() === '' ? t('notices.missing') : null);
  const form = usePlatenForm(
    {
      initialValues: {
        host: server?.host ?? '',
        port: server?.port ?? 587,
        security: server?.security ?? ('starttls' as const),
        username: server?.username ?? '',
        password: '',
        sender: server?.sender ?? '',
        recipients: server?.recipients.join(' ') ?? '',
      },
      validate: { host: needed, sender: needed, recipients: needed },
    },
    async ({ username, password, recipients, ...values }) => {
      const to = recipients.split(/[\s,;]+/).filter((one) => one !== '');
      const user = username.trim() === '' ? null : username.trim();
      await change.mutateAsync({
        server: { ...values, username: user, recipients: to, ...(password === '' ? {} : { password }) },
      });
      onClose();
    },
  );
  return (
    <Dialog title={t('notices.server')} onClose={onClose}>
      <form onSubmit={form.submit}>
        <Stack gap="sm">
          <TextInput label={t('notices.host')} data-autofocus {...fieldOf(form, 'host')} />
          <NumberInput label={t('notices.port')} min={1} max={65_535} {...fieldOf(form, 'port')} />
          <Select
            label={t('notices.security')}
            allowDeselect={false}
            data={(['starttls', 'tls', 'none'] as const).map((value) => ({ value, label: t(`security.${value}`) }))}
            {...fieldOf(form, 'security')}
          />
          <TextInput label={t('notices.username')} autoComplete="off" {...fieldOf(form, 'username')} />
          <PasswordInput
            label={t('notices.password')}
            autoComplete="new-password"
            {...(server?.hasPassword === true ? { description: t('notices.passwordKept') } : {})}
            {...fieldOf(form, 'password')}
          />
          <TextInput label={t('notices.sender')} {...fieldOf(form, 'sender')} />
          <TextInput label={t('notices.recipients')} {...fieldOf(form, 'recipients')} />
          <FormEnd form={form} onClose={onClose} />
        </Stack>
      </form>
    </Dialog>
  );
}
