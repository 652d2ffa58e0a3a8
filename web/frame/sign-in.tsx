/** Signing in: as a page, and over a page whose session has ended, which keeps what was typed. */
import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useSession, useSessionOver, useSignIn } from '../app/session.tsx';
import { Failed } from '../ui/content.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Finding } from '../ui/finding.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import { Page } from '../ui/page.tsx';

export function SignInPage() {
  const { t } = useTranslation();
  const firstRun = useQuery({ queryKey: ['first-run'], queryFn: () => need(api.GET('/first-run')) });
  if (firstRun.data?.due === true) {
    return (
      <Page title={t('firstRun.title')}>
        <Finding tone="waiting" title={t('firstRun.noLink')} advice={t('firstRun.noLinkAdvice')} />
      </Page>
    );
  }
  return (
    <Page title={t('signIn.title')}>
      <SignInForm />
    </Page>
  );
}

/** Opens over the page when the server no longer knows the session. */
export function SessionOver() {
  const { t } = useTranslation();
  const isOver = useSessionOver();
  const session = useSession();
  return (
    <Dialog isOpen={isOver} onClose={undefined} isAbove title={t('signIn.again')}>
      <Stack gap="md">
        <p>{t('signIn.overDetail')}</p>
        <SignInForm email={session?.user?.email ?? ''} />
      </Stack>
    </Dialog>
  );
}

export function SignInForm({ email = '' }: { readonly email?: string }) {
  const { t } = useTranslation();
  const signIn = useSignIn();
  const form = usePlatenForm(
    {
      initialValues: { email, password: '' },
      validateInputOnBlur: false,
      validate: {
        email: (value) => (value.trim() === '' ? t('signIn.emailMissing') : null),
        password: (value) => (value === '' ? t('signIn.passwordMissing') : null),
      },
    },
    async ({ email, password }) => await signIn(email.trim(), password),
  );
  return (
    <form onSubmit={form.submit} className="narrow">
      <Stack gap="md">
        <TextInput
          label={t('signIn.email')}
          type="email"
          autoComplete="username"
          data-autofocus
          {...fieldOf(form, 'email')}
        />
        <PasswordInput
          label={t('signIn.password')}
          autoComplete="current-password"
          visibilityToggleButtonProps={{ 'aria-label': t('signIn.showPassword') }}
          {...fieldOf(form, 'password')}
        />
        {form.error === undefined ? null : <Failed error={form.error} />}
        <Button type="submit" loading={form.isBusy} className="fit">
          {t('action.signIn')}
        </Button>
        <p className="hint plain">{t('signIn.lost')}</p>
      </Stack>
    </form>
  );
}
