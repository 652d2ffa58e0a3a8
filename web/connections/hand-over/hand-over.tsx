/** `/settings/connections/{id}/hand-over`: a link for the owner of the mailbox, and what became of it. */
import { Button, Group, Radio, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, isProblem, need } from '../../api/client.ts';
import type { paths } from '../../api/schema.ts';
import { useLiveQuery } from '../../app/live.tsx';
import { currentLanguage, LANGUAGES, type Language } from '../../app/texts.ts';
import { QrCode } from '../../release/sticker.tsx';
import { Failed, Loaded } from '../../ui/content.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Finding } from '../../ui/finding.tsx';
import { fieldOf, usePlatenForm } from '../../ui/form.tsx';
import { State, type Tone, toneStyle } from '../../ui/state.tsx';
import { When } from '../../ui/when.tsx';
import { type Connection, connectionsQuery } from '../connection.ts';
import ConnectionsList from '../connections-list.tsx';

type HandOver = paths['/connections/{id}/hand-over']['get']['responses'][200]['content']['application/json'];
type Made = paths['/connections/{id}/hand-over']['post']['responses'][201]['content']['application/json'];

const keyOf = (id: string) => ['hand-over-of', id] as const;
const DAYS = [1, 3, 7] as const;

export default function HandOverScreen() {
  const { t } = useTranslation();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const navigate = useNavigate();
  const connections = useQuery(connectionsQuery);
  const close = () => void navigate({ to: '/settings/connections' });
  return (
    <>
      <ConnectionsList />
      <Dialog title={t('handOver.act')} onClose={close}>
        <Loaded query={connections}>
          {(all) => {
            const connection = all.find((one) => one.id === id);
            if (connection === undefined) return <p>{t('connections.gone')}</p>;
            return <HandingOver connection={connection} onClose={close} />;
          }}
        </Loaded>
      </Dialog>
    </>
  );
}

type HandingOverProps = { readonly connection: Connection; readonly onClose: () => void };

function HandingOver({ connection, onClose }: HandingOverProps) {
  const { id } = connection;
  const key = keyOf(id);
  const [made, setMade] = useState<Made>();
  const [isAnew, setAnew] = useState(false);
  useLiveQuery(['hand-over-', 'login-', 'connection-'], key);
  const current = useQuery({
    queryKey: key,
    queryFn: async () => {
      try {
        return await need(api.GET('/connections/{id}/hand-over', { params: { path: { id } } }));
      } catch (error) {
        if (isProblem(error) && error.status === 404) return null;
        throw error;
      }
    },
    // That the page was opened is no event.
    refetchInterval: 5_000,
  });
  const show = (next: Made) => {
    setMade(next);
    setAnew(false);
  };
  return (
    <Loaded query={current}>
      {(handOver) => {
        if (handOver === null || isAnew) return <MakeLink id={id} onMade={show} onClose={onClose} />;
        return (
          <Stack gap="md">
            <HandOverState handOver={handOver} />
            {made === undefined || handOver.state !== 'open' ? null : <Shown made={made} />}
            <Acts id={id} handOver={handOver} onAnew={() => setAnew(true)} onClose={onClose} />
          </Stack>
        );
      }}
    </Loaded>
  );
}

type MakeLinkProps = { readonly id: string; readonly onMade: (made: Made) => void; readonly onClose: () => void };

function MakeLink({ id, onMade, onClose }: MakeLinkProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const form = usePlatenForm(
    { initialValues: { recipient: '', language: currentLanguage() as string, validDays: '3' } },
    async ({ recipient, language, validDays }) => {
      const name = recipient.trim();
      const body = {
        language: language as Language,
        validDays: Number(validDays) as (typeof DAYS)[number],
        ...(name === '' ? {} : { recipient: name }),
      };
      const made = await need(api.POST('/connections/{id}/hand-over', { params: { path: { id } }, body }));
      await client.invalidateQueries({ queryKey: keyOf(id) });
      onMade(made);
    },
  );
  return (
    <form onSubmit={form.submit}>
      <Stack gap="md">
        <p className="plain">{t('handOver.intro')}</p>
        <TextInput
          label={`${t('handOver.recipient')} ${t('label.optional')}`}
          autoComplete="off"
          maxLength={100}
          data-autofocus
          {...fieldOf(form, 'recipient')}
        />
        <Radio.Group label={t('handOver.language')} {...form.getInputProps('language')}>
          <Group gap="lg" mt="xs">
            {LANGUAGES.map(({ code, name }) => (
              <Radio key={code} value={code} label={name} />
            ))}
          </Group>
        </Radio.Group>
        <Radio.Group label={t('handOver.valid')} {...form.getInputProps('validDays')}>
          <Group gap="lg" mt="xs">
            {DAYS.map((count) => (
              <Radio key={count} value={String(count)} label={t('handOver.days', { count })} />
            ))}
          </Group>
        </Radio.Group>
        {form.error === undefined ? null : <Failed error={form.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={form.isBusy}>
            {t('handOver.make')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The link is in one answer and nowhere else: whoever comes back makes a new one. */
function Shown({ made }: { readonly made: Made }) {
  const { t } = useTranslation();
  return (
    <Stack gap="sm">
      <code className="words" data-testid="hand-over-link">
        {made.url}
      </code>
      <Group gap="xs">
        <CopyButton text={made.url} label={t('signInLink.copy')} variant="filled" />
        <CopyButton text={`${made.subject}\n\n${made.invitation}`} label={t('handOver.copyInvitation')} />
      </Group>
      <QrCode text={made.url} label={t('handOver.qr')} />
      <p className="note" style={toneStyle('warning')}>
        {t('handOver.once')}
      </p>
    </Stack>
  );
}

const TONES: Readonly<Record<HandOver['state'], Tone>> = {
  open: 'waiting',
  confirmed: 'ok',
  expired: 'off',
  withdrawn: 'off',
  unexpected: 'broken',
};

function HandOverState({ handOver }: { readonly handOver: HandOver }) {
  const { t } = useTranslation();
  const { state, openedAt, recipient, endedAt } = handOver;
  if (state === 'unexpected') {
    return (
      <Finding
        title={t('handOver.isUnexpected')}
        since={endedAt ?? undefined}
        advice={t('handOver.unexpectedAdvice')}
      />
    );
  }
  const word = state === 'open' && openedAt !== null ? t('handOver.opened') : t(`handOver.state.${state}`);
  return (
    <div role="status">
      <State tone={TONES[state]} word={word} />
      <dl className="facts">
        {recipient === null ? null : (
          <>
            <dt>{t('handOver.recipient')}</dt>
            <dd>{recipient}</dd>
          </>
        )}
        <dt>{t('handOver.until')}</dt>
        <dd>
          <When at={handOver.expiresAt} />
        </dd>
      </dl>
    </div>
  );
}

type ActsProps = {
  readonly id: string;
  readonly handOver: HandOver;
  readonly onAnew: () => void;
  readonly onClose: () => void;
};

function Acts({ id, handOver, onAnew, onClose }: ActsProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const withdraw = useMutation({
    mutationFn: () => need(api.DELETE('/connections/{id}/hand-over', { params: { path: { id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: keyOf(id) }),
  });
  const isOpen = handOver.state === 'open';
  return (
    <>
      {withdraw.error === null ? null : <Failed error={withdraw.error} />}
      {isOpen ? <p className="hint">{t('handOver.newEndsOld')}</p> : null}
      <Group justify="flex-end" gap="xs">
        {isOpen || handOver.state === 'unexpected' ? (
          <Button variant="default" loading={withdraw.isPending} onClick={() => withdraw.mutate()}>
            {isOpen ? t('handOver.withdraw') : t('handOver.seen')}
          </Button>
        ) : null}
        <Button variant="default" onClick={onAnew}>
          {t('action.newLink')}
        </Button>
        <Button variant="default" onClick={onClose}>
          {t('action.close')}
        </Button>
      </Group>
    </>
  );
}
