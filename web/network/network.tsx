/** Settings > Network: the server that mail leaves through, who it is from, and a message to try it. */
import { Anchor, Button, Group, NumberInput, PasswordInput, Radio, Select, Stack, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { type Connection, connectionsQuery } from '../connections/connection.ts';
import { Explained } from '../connections/explained.tsx';
import { NextStep, STEP_DONE, useNextStep, useStepsAgain } from '../overview/next-step.tsx';
import { Failed, Loaded } from '../ui/content.tsx';
import { Finding } from '../ui/finding.tsx';
import { fieldOf, type PlatenForm, usePlatenForm } from '../ui/form.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';
import { Company } from './company.tsx';
import { ForeignSender, findForeign } from './foreign-sender.tsx';
import { NETWORK_KEY as KEY, type Network } from './settings.ts';
import { TestMessage } from './test-message.tsx';

type NetworkBody = paths['/settings/network']['put']['requestBody']['content']['application/json'];
const OTHER = 'other';
const MAIL_PORT = 587;

export default function NetworkScreen() {
  const { t } = useTranslation();
  const mayChange = useMay('administrator');
  useLiveQuery(['network-', 'connection-'], KEY);
  const network = useQuery({ queryKey: KEY, queryFn: () => need(api.GET('/settings/network')) });
  const connections = useQuery(connectionsQuery);
  const next = useNextStep();
  const [timesUsed, setTimesUsed] = useState(0);
  return (
    <Page title={t('nav.network')}>
      <Loaded query={network}>
        {(settings) => (
          <Loaded query={connections}>
            {(all) => (
              <Stack gap="md">
                <Verdict network={settings} connections={all} onUsed={() => setTimesUsed(timesUsed + 1)} />
                {mayChange && all.length === 0 ? (
                  <Anchor component={Link} to="/settings/connections/new" className="fit">
                    {t('firstRun.connect')}
                  </Anchor>
                ) : null}
                {mayChange ? (
                  <NetworkForm
                    // What was chosen above stands in the form.
                    key={timesUsed}
                    network={settings}
                    connections={all}
                    isQuiet={next !== undefined}
                  />
                ) : null}
                <NextStep step={next} />
                {mayChange ? <TestMessage /> : null}
                {mayChange ? <Company /> : null}
              </Stack>
            )}
          </Loaded>
        )}
      </Loaded>
    </Page>
  );
}

type Shown = { readonly network: Network; readonly connections: readonly Connection[] };

function Verdict({ network, connections, onUsed }: Shown & { readonly onUsed: () => void }) {
  const { t } = useTranslation();
  const { outgoingServer: server, problem } = network;
  if (problem !== null) {
    const foreign = findForeign(network, connections);
    if (foreign !== undefined) return <ForeignSender {...foreign} network={network} onUsed={onUsed} />;
    const of = server !== null && 'connectionId' in server ? server.connectionId : undefined;
    return <Explained problem={problem} of={of} stops={t('network.stops')} />;
  }
  if (server === null || network.senderEmail === null) {
    return <State tone="warning" word={t('network.none')} />;
  }
  const title =
    'connectionId' in server ? connections.find(({ id }) => id === server.connectionId)?.title : server.host;
  return <State tone="ok" word={t('network.works', { title, sender: network.senderEmail })} />;
}

type Values = {
  server: string;
  senderEmail: string;
  senderName: string;
  host: string;
  port: number;
  security: 'tls' | 'starttls' | 'none';
  username: string;
  password: string;
};

/** The mailbox that a connection was confirmed with is what most people send from. */
const mailboxOf = (connections: readonly Connection[], id: string) =>
  connections.find((one) => one.id === id)?.account?.username;

/** What is stored; where nothing is yet and only one connection can be meant, that one and its mailbox. */
function valuesOf({ network, connections }: Shown): Values {
  const stored = storedOf(network);
  const confirmed = connections.filter(({ account }) => account !== null);
  const [only] = confirmed;
  const server = stored.server !== '' || only === undefined || confirmed.length > 1 ? stored.server : only.id;
  return { ...stored, server, senderEmail: stored.senderEmail || (mailboxOf(connections, server) ?? '') };
}

function storedOf({ outgoingServer: server, senderEmail, senderName }: Network): Values {
  const classic = server !== null && 'host' in server ? server : undefined;
  return {
    server: server === null ? '' : 'connectionId' in server ? server.connectionId : OTHER,
    senderEmail: senderEmail ?? '',
    senderName: senderName ?? '',
    host: classic?.host ?? '',
    port: classic?.port ?? MAIL_PORT,
    security: classic?.security ?? 'starttls',
    username: classic?.username ?? '',
    password: '',
  };
}

function bodyOf(values: Values): NetworkBody {
  const { host, port, security, username, password } = values;
  const classic = {
    host: host.trim(),
    port,
    security,
    username: username.trim() === '' ? null : username.trim(),
    // An empty field keeps the password that the server has.
    ...(password === '' ? {} : { password }),
  };
  const connection = values.server === '' ? null : { connectionId: values.server };
  return {
    outgoingServer: values.server === OTHER ? classic : connection,
    senderEmail: values.senderEmail.trim() === '' ? null : values.senderEmail.trim(),
    senderName: values.senderName.trim() === '' ? null : values.senderName.trim(),
  };
}

/** The form, whether its values are only proposed yet, and what choosing a server does. */
function useNetworkForm({ network, connections }: Shown) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const again = useStepsAgain();
  const stored = storedOf(network);
  const form = usePlatenForm<Values>(
    {
      initialValues: valuesOf({ network, connections }),
      validate: {
        senderEmail: (value) => (value === '' || /^\S+@\S+$/.test(value.trim()) ? null : t('network.senderForm')),
        host: (value, { server }) => (server === OTHER && value.trim() === '' ? t('network.hostMissing') : null),
      },
    },
    async (values) => {
      const saved = await need(api.PUT('/settings/network', { body: bodyOf(values) }));
      client.setQueryData(KEY, saved);
      form.resetDirty();
      await again();
      await navigate({ to: '.', search: STEP_DONE as never, replace: true, resetScroll: false });
    },
  );
  const isProposed =
    !form.isDirty() && (form.values.server !== stored.server || form.values.senderEmail !== stored.senderEmail);
  const choose = (server: string) => {
    const { senderEmail } = form.values;
    const mailbox = mailboxOf(connections, server);
    const goesAlong = senderEmail === '' || senderEmail === mailboxOf(connections, form.values.server);
    form.setValues({ server, ...(goesAlong && mailbox !== undefined ? { senderEmail: mailbox } : {}) });
  };
  return { form, isProposed, choose };
}

type FormProps = Shown & {
  /** The filled button of the page is another one. */
  readonly isQuiet: boolean;
};

function NetworkForm({ network, connections, isQuiet }: FormProps) {
  const { t } = useTranslation();
  const { form, isProposed, choose } = useNetworkForm({ network, connections });
  return (
    <form onSubmit={form.submit} className="card narrow">
      <Stack gap="md">
        <Radio.Group label={t('network.outgoing')} {...form.getInputProps('server')} onChange={choose}>
          <Stack gap="xs" mt="xs">
            {connections.map((connection) => (
              <ConnectionChoice key={connection.id} connection={connection} />
            ))}
            <Radio value={OTHER} label={t('network.otherServer')} />
          </Stack>
        </Radio.Group>
        {form.values.server === OTHER ? <ClassicServer form={form} /> : null}
        <TextInput
          label={t('network.sender')}
          type="email"
          autoComplete="off"
          description={t('network.senderHint')}
          {...fieldOf(form, 'senderEmail')}
        />
        <TextInput label={t('network.senderName')} autoComplete="off" {...fieldOf(form, 'senderName')} />
        {form.isDirty() && !form.isBusy && !form.isSaved ? <p className="plain hint">{t('form.unsaved')}</p> : null}
        {isProposed ? <p className="plain hint">{t('network.proposed')}</p> : null}
        {form.error === undefined ? null : <Failed error={form.error} />}
        <Button type="submit" variant={isQuiet ? 'default' : 'filled'} loading={form.isBusy} className="fit">
          {form.isSaved ? t('action.saved') : t('action.save')}
        </Button>
      </Stack>
    </form>
  );
}

function ConnectionChoice({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  const { id, title, state, account } = connection;
  const name = account === null ? title : `${title}, ${account.username}`;
  return <Radio value={id} label={name} description={t(`connection.${state}`)} />;
}

function ClassicServer({ form }: { readonly form: PlatenForm<Values> }) {
  const { t } = useTranslation();
  const securities = ['starttls', 'tls', 'none'] as const;
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
          data={securities.map((one) => ({ value: one, label: t(`security.${one}`) }))}
          {...form.getInputProps('security')}
        />
      </Group>
      <TextInput
        label={`${t('network.user')} ${t('label.optional')}`}
        autoComplete="off"
        {...fieldOf(form, 'username')}
      />
      <PasswordInput
        label={`${t('signIn.password')} ${t('label.optional')}`}
        description={t('network.passwordHint')}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ 'aria-label': t('signIn.showPassword') }}
        {...fieldOf(form, 'password')}
      />
      {/office365|outlook/i.test(form.values.host) ? (
        <Finding tone="warning" level={3} title={t('network.passwordEnds')} advice={t('network.passwordEndsAdvice')} />
      ) : null}
    </Stack>
  );
}
