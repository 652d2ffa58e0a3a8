/** The sign-in that the owner has begun: the code, renewed by itself, or the link, and what becomes of either. */
import { Button, Group, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { CodeSteps, Remaining } from '../connections/code/code-steps.tsx';
import { LinkSteps, WhoSignsIn } from '../connections/link/link-steps.tsx';
import { Failed, Loading } from '../ui/content.tsx';
import { Finding } from '../ui/finding.tsx';
import { State, toneStyle } from '../ui/state.tsx';
import { type OwnersLogin, type OwnersView, viewKey } from './view.ts';

/** A page that nobody looks at does not ask for codes for ever. */
const MAX_RENEWALS_OUT_OF_SIGHT = 8;

type SignInProps = { readonly token: string; readonly view: OwnersView };

export function SignIn({ token, view }: SignInProps) {
  const { i18n } = useTranslation();
  const client = useQueryClient();
  const show = (next: OwnersView) => client.setQueryData(viewKey(i18n.language), next);
  const code = useMutation({
    mutationFn: () => need(api.POST('/hand-over/device-code', { body: { token } })),
    onSuccess: show,
  });
  const link = useMutation({
    mutationFn: () => need(api.POST('/hand-over/sign-in-link', { body: { token } })),
    onSuccess: ({ view }) => show(view),
  });
  const paste = useMutation({
    mutationFn: (address: string) => need(api.PUT('/hand-over/sign-in-link', { body: { token, address } })),
    onSuccess: show,
  });
  const { login } = view;
  const renewal = useRenewal(login, code);
  const newCode = () => {
    link.reset();
    code.mutate();
  };
  const newLink = () => {
    code.reset();
    paste.reset();
    link.mutate();
  };
  const ways = { onCode: newCode, onLink: newLink };
  if (code.error !== null) return <Refused error={code.error} {...ways} />;
  if (link.error !== null) return <Refused error={link.error} {...ways} />;
  if (code.isPending || link.isPending || login === null) return <Loading />;
  if (renewal === 'paused') return <Paused onCode={newCode} />;
  if (login.state === 'expired' && login.kind === 'device-code') return <Loading />;
  if (login.state !== 'pending') return <HowItEnded login={login} account={view.account} {...ways} />;
  if (login.kind === 'link') {
    if (link.data === undefined) return <OpenLink {...ways} />;
    const back = (
      <Button variant="default" onClick={newCode}>
        {i18n.t('handOver.useCode')}
      </Button>
    );
    if (paste.isSuccess) return <AskingOn />;
    const made = { ...link.data, redirect: 'paste' } as const;
    const steps = { account: view.account, link: made, paste, onNewLink: newLink, cancel: back };
    return <LinkSteps {...steps} mayComeBack={false} />;
  }
  if (view.code === null) return <AskingOn />;
  return <CodeStep view={view} code={view.code} isRenewed={renewal === 'renewed'} onLink={newLink} />;
}

type Asking = { readonly mutate: () => void; readonly isPending: boolean };

/** Asks for the first code, and for the next one when a code has timed out, unless nobody looks any more. */
function useRenewal(login: OwnersLogin | null, code: Asking): 'first' | 'renewed' | 'paused' {
  const [state, setState] = useState<'first' | 'renewed' | 'paused'>('first');
  const unseen = useRef(0);
  const isAsked = useRef(false);
  const { mutate, isPending } = code;
  const isOver = login?.kind === 'device-code' && login.state === 'expired';
  useEffect(() => {
    if (login !== null || isAsked.current) return;
    isAsked.current = true;
    mutate();
  }, [login, mutate]);
  useEffect(() => {
    if (!isOver || isPending) return;
    unseen.current = document.hidden ? unseen.current + 1 : 0;
    if (unseen.current > MAX_RENEWALS_OUT_OF_SIGHT) return setState('paused');
    setState('renewed');
    mutate();
  }, [isOver, isPending, mutate]);
  return state === 'paused' && !isOver ? 'renewed' : state;
}

type CodeStepProps = {
  readonly view: OwnersView;
  readonly code: NonNullable<OwnersView['code']>;
  readonly isRenewed: boolean;
  readonly onLink: () => void;
};

function CodeStep({ view, code, isRenewed, onLink }: CodeStepProps) {
  const { t } = useTranslation();
  return (
    <Stack gap="md">
      <WhoSignsIn account={view.account} />
      <p className="plain" role="status">
        {isRenewed ? t('handOver.renewed') : t('handOver.renews')}
      </p>
      <CodeSteps code={code} />
      <Remaining key={code.userCode} expiresAt={code.expiresAt} />
      {view.login?.problem === undefined ? null : (
        <p className="note" role="status" style={toneStyle('warning')}>
          {t('deviceCode.trouble')}
        </p>
      )}
      <p className="note" style={toneStyle('warning')}>
        {t('deviceCode.private')}
      </p>
      <Group gap="xs">
        <span>{t('handOver.blocked')}</span>
        <Button variant="default" onClick={onLink}>
          {t('handOver.anotherWay')}
        </Button>
      </Group>
    </Stack>
  );
}

/** Microsoft took the sign-in; who the account is could not be looked up yet. */
function AskingOn() {
  const { t } = useTranslation();
  return (
    <div role="status">
      <State tone="waiting" word={t('signInLink.asking')} />
    </div>
  );
}

function Paused({ onCode }: { readonly onCode: () => void }) {
  const { t } = useTranslation();
  return (
    <Finding tone="waiting" title={t('handOver.paused')} advice={t('handOver.pausedAdvice')}>
      <Button onClick={onCode}>{t('action.newCode')}</Button>
    </Finding>
  );
}

type Ways = { readonly onCode: () => void; readonly onLink: () => void };

/** A link was opened here before; its address is not kept, so there is a new one. */
function OpenLink({ onCode, onLink }: Ways) {
  const { t } = useTranslation();
  return (
    <Stack gap="md">
      <p className="plain">{t('signInLink.isOpen')}</p>
      <Group gap="xs">
        <Button onClick={onLink}>{t('action.newLink')}</Button>
        <Button variant="default" onClick={onCode}>
          {t('handOver.useCode')}
        </Button>
      </Group>
    </Stack>
  );
}

/** Microsoft or Platen gives no code at the moment. */
function Refused({ error, onCode, onLink }: Ways & { readonly error: unknown }) {
  const { t } = useTranslation();
  return (
    <Stack gap="md">
      <Failed error={error} />
      <WayButtons linkFirst={false} onCode={onCode} onLink={onLink} codeWord={t('action.retry')} />
    </Stack>
  );
}

type HowItEndedProps = Ways & { readonly login: OwnersLogin; readonly account: string | null };

/** Declined, another account, refused, canceled: each in its own words, and the way that gets further first. */
function HowItEnded({ login, account, onCode, onLink }: HowItEndedProps) {
  const { t } = useTranslation();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), []);
  const { problem, tried } = login;
  const buttons = (
    <WayButtons
      linkFirst={login.offersLink || login.kind === 'link'}
      onCode={onCode}
      onLink={onLink}
      codeWord={t('action.newCode')}
    />
  );
  return (
    <div ref={place} tabIndex={-1} className="outcome" role="alert">
      {problem === undefined ? (
        <Finding tone="warning" title={t('handOver.canceled')} stops={t('handOver.nothingKept')}>
          {buttons}
        </Finding>
      ) : (
        <Finding
          title={tried === undefined ? problem.title : t('handOver.wrongAccount', { account: tried })}
          detail={problem.meaning === problem.title ? undefined : problem.meaning}
          stops={t('handOver.nothingKept')}
          advice={tried === undefined ? problem.advice : t('handOver.wrongAccountAdvice', { account })}
          who={problem.whoText}
          remote={problem.remote}
          reference={problem.reference}
        >
          {buttons}
        </Finding>
      )}
    </div>
  );
}

type WayButtonsProps = Ways & { readonly linkFirst: boolean; readonly codeWord: string };

function WayButtons({ linkFirst, onCode, onLink, codeWord }: WayButtonsProps) {
  const { t } = useTranslation();
  const code = (
    <Button key="code" variant={linkFirst ? 'default' : 'filled'} onClick={onCode}>
      {codeWord}
    </Button>
  );
  const link = (
    <Button key="link" variant={linkFirst ? 'filled' : 'default'} onClick={onLink}>
      {t('action.signInByLink')}
    </Button>
  );
  return <Group gap="xs">{linkFirst ? [link, code] : [code, link]}</Group>;
}
