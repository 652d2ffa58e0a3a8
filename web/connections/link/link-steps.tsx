/** The four steps of a sign-in by link; a complete address connects by itself when it is pasted. */
import { Anchor, Button, Group, Stack, TextInput } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { type UseMutationResult, useMutation, useQueryClient } from '@tanstack/react-query';
import { type ClipboardEvent, type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, isProblem, need } from '../../api/client.ts';
import { Failed } from '../../ui/content.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { toneStyle } from '../../ui/state.tsx';
import { type Connection, connectionsQuery } from '../connection.ts';
import { Remaining } from '../device-code.tsx';
import type { Redirect } from './sign-in-link.tsx';

type LinkStepsProps = {
  readonly connection: Connection;
  readonly link: { readonly url: string; readonly expiresAt: string; readonly redirect: Redirect };
  readonly paste: UseMutationResult<unknown, Error, string>;
  readonly onNewLink: (redirect?: Redirect) => void;
  readonly onClose: () => void;
};

/** The end of an authorization: a code or a refusal, and always the state that belongs to this link. */
function isComplete(address: string): boolean {
  return /^https?:\/\/\S+[?#&](code|error)=\S+/.test(address) && /[?#&]state=\S/.test(address);
}

export function LinkSteps({ connection, link, paste, onNewLink, onClose }: LinkStepsProps) {
  const { t } = useTranslation();
  const [address, setAddress] = useState('');
  const send = (text: string) => {
    if (text !== '') paste.mutate(text);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send(address.trim());
  };
  const onPaste = (event: ClipboardEvent) => {
    const text = event.clipboardData.getData('text').trim();
    if (!isComplete(text)) return;
    event.preventDefault();
    setAddress(text);
    send(text);
  };
  if (link.redirect === 'loopback') return <ComesBack {...{ connection, link, onNewLink, onClose }} />;
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <WhoSignsIn connection={connection} />
        <ol className="codesteps">
          <OpenStep url={link.url} />
          <li>{t('signInLink.step2')}</li>
          <li>{t('signInLink.step3')}</li>
          <li>
            <TextInput
              label={t('signInLink.step4')}
              description={t('signInLink.hint', { beginning: beginningOf(link.url) })}
              inputWrapperOrder={['label', 'input', 'error', 'description']}
              autoComplete="off"
              value={address}
              error={pasteFault(paste.error)}
              onChange={(event) => setAddress(event.currentTarget.value)}
              onPaste={onPaste}
            />
          </li>
        </ol>
        <Remaining expiresAt={link.expiresAt} />
        <p className="note" style={toneStyle('warning')}>
          {t('deviceCode.private')}
        </p>
        <PasteFailed error={paste.error} onNewLink={() => onNewLink()} />
        {isOnServer() ? (
          <Group gap="xs">
            <Button variant="default" onClick={() => onNewLink('loopback')}>
              {t('signInLink.here')}
            </Button>
          </Group>
        ) : null}
        <LinkButtons connection={connection} onClose={onClose} isBusy={paste.isPending} />
      </Stack>
    </form>
  );
}

/** Platen was opened under a name of its own machine. Through a tunnel it may still be another one: pasting stays. */
function isOnServer(): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(window.location.hostname);
}

/** The browser runs on the server: the sign-in ends on a page of Platen's own, and nothing is pasted. */
function ComesBack({ connection, link, onNewLink, onClose }: Omit<LinkStepsProps, 'paste'>) {
  const { t } = useTranslation();
  return (
    <Stack gap="md">
      <WhoSignsIn connection={connection} />
      <ol className="codesteps">
        <OpenStep url={link.url} />
        <li>{t('signInLink.comesBack')}</li>
      </ol>
      <Remaining expiresAt={link.expiresAt} />
      <p className="note" style={toneStyle('warning')}>
        {t('deviceCode.private')}
      </p>
      <p className="plain">{t('signInLink.hereNote')}</p>
      <Group gap="xs">
        <Button variant="default" onClick={() => onNewLink('paste')}>
          {t('signInLink.pasteInstead')}
        </Button>
      </Group>
      <LinkButtons connection={connection} onClose={onClose} isBusy={false} isPasted={false} />
    </Stack>
  );
}

function WhoSignsIn({ connection }: { readonly connection: Connection }) {
  const { t } = useTranslation();
  if (connection.expectedAccount === null) return null;
  return (
    <p className="plain">
      <strong>{t('deviceCode.account', { account: connection.expectedAccount })}</strong>
      <br />
      {t('deviceCode.onlyThis')}
    </p>
  );
}

function OpenStep({ url }: { readonly url: string }) {
  const { t } = useTranslation();
  return (
    <li>
      <span>{t('signInLink.step1')}</span>
      <Group gap="xs">
        <Anchor href={url} target="_blank" rel="noreferrer" data-testid="sign-in-link">
          {t('signInLink.open')} <IconExternalLink size={16} aria-hidden />
        </Anchor>
        <CopyButton text={url} label={t('signInLink.copy')} variant="filled" />
      </Group>
    </li>
  );
}

/** A text that is not the right address stands at the field, and the link stays good. */
function pasteFault(error: unknown): string | undefined {
  if (!isProblem(error) || !error.code.startsWith('pasted-')) return undefined;
  return `${error.title}. ${error.advice}`;
}

const OVER = ['pasted-code-expired', 'pasted-code-used', 'link-login-missing'];

function PasteFailed({ error, onNewLink }: { readonly error: unknown; readonly onNewLink: () => void }) {
  const { t } = useTranslation();
  if (!isProblem(error)) return error === null ? null : <Failed error={error} />;
  return (
    <>
      {error.code.startsWith('pasted-') ? null : <Failed error={error} />}
      {OVER.includes(error.code) ? (
        <Group gap="xs">
          <Button variant="default" onClick={onNewLink}>
            {t('action.newLink')}
          </Button>
        </Group>
      ) : null}
    </>
  );
}

/** How the right address begins. */
function beginningOf(url: string): string {
  return `${new URL(url).searchParams.get('redirect_uri') ?? ''}?code=`;
}

/** What stands under the steps: how to leave, and the act. */
function LinkButtons({
  connection,
  onClose,
  isBusy,
  isPasted = true,
}: Pick<LinkStepsProps, 'connection' | 'onClose'> & { readonly isBusy: boolean; readonly isPasted?: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { id } = connection;
  const cancel = useMutation({
    mutationFn: () => need(api.DELETE('/connections/{id}/sign-in-link', { params: { path: { id } } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: connectionsQuery.queryKey });
      onClose();
    },
  });
  return (
    <Stack gap="xs">
      {cancel.error === null ? null : <Failed error={cancel.error} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
          {t('action.cancel')}
        </Button>
        {isPasted ? (
          <Button type="submit" loading={isBusy}>
            {t('action.connect')}
          </Button>
        ) : null}
      </Group>
    </Stack>
  );
}
