/** The four steps of a sign-in by link; a complete address connects by itself when it is pasted. */
import { Anchor, Button, Group, Stack, TextInput } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import type { UseMutationResult } from '@tanstack/react-query';
import { type ClipboardEvent, type FormEvent, type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isProblem } from '../../api/client.ts';
import { Failed } from '../../ui/content.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { toneStyle } from '../../ui/state.tsx';
import { Remaining } from '../code/code-steps.tsx';
import type { Redirect } from './sign-in-link.tsx';

type LinkStepsProps = {
  /** Who must sign in, where that is known. */
  readonly account: string | null;
  readonly link: { readonly url: string; readonly expiresAt: string; readonly redirect: Redirect };
  readonly paste: UseMutationResult<unknown, Error, string>;
  readonly onNewLink: (redirect?: Redirect) => void;
  /** Platen's own page at the end is offered, where the browser runs on the server. */
  readonly mayComeBack: boolean;
  /** How to leave. */
  readonly cancel: ReactNode;
};

/** The end of an authorization: a code or a refusal, and always the state that belongs to this link. */
function isComplete(address: string): boolean {
  return /^https?:\/\/\S+[?#&](code|error)=\S+/.test(address) && /[?#&]state=\S/.test(address);
}

export function LinkSteps({ account, link, paste, onNewLink, mayComeBack, cancel }: LinkStepsProps) {
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
  if (link.redirect === 'loopback') return <ComesBack {...{ account, link, onNewLink, cancel }} />;
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <WhoSignsIn account={account} />
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
        {mayComeBack && isOnServer() ? <ComeBackHere onNewLink={onNewLink} /> : null}
        <Group justify="flex-end" gap="xs">
          {cancel}
          <Button type="submit" loading={paste.isPending}>
            {t('action.connect')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Platen was opened under a name of its own machine. Through a tunnel it may still be another one: pasting stays. */
function isOnServer(): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(window.location.hostname);
}

function ComeBackHere({ onNewLink }: Pick<LinkStepsProps, 'onNewLink'>) {
  const { t } = useTranslation();
  return (
    <Group gap="xs">
      <Button variant="default" onClick={() => onNewLink('loopback')}>
        {t('signInLink.here')}
      </Button>
    </Group>
  );
}

/** The browser runs on the server: the sign-in ends on a page of Platen's own, and nothing is pasted. */
function ComesBack({ account, link, onNewLink, cancel }: Omit<LinkStepsProps, 'paste' | 'mayComeBack'>) {
  const { t } = useTranslation();
  return (
    <Stack gap="md">
      <WhoSignsIn account={account} />
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
      <Group justify="flex-end">{cancel}</Group>
    </Stack>
  );
}

export function WhoSignsIn({ account }: { readonly account: string | null }) {
  const { t } = useTranslation();
  if (account === null) return null;
  return (
    <p className="plain">
      <strong>{t('deviceCode.account', { account })}</strong>
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
