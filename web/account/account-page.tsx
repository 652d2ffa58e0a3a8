/** My account: who is signed in, how Platen is shown, and the password. */
import { Button, PasswordInput, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useSession } from '../app/session.tsx';
import { MailTo } from '../jobs/mail-to.tsx';
import { PrintByMail } from '../jobs/print-by-mail.tsx';
import { Failed } from '../ui/content.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import { Page } from '../ui/page.tsx';
import { OwnPreferences } from './preferences.tsx';
import { Sessions } from './sessions.tsx';

const MIN_PASSWORD_CHARACTERS = 12;

export default function AccountPage() {
  const { t } = useTranslation();
  const session = useSession();
  const user = session?.user ?? null;
  return (
    <Page title={t('account.title')}>
      <Stack gap="md">
        <dl className="facts">
          <dt>{t('users.name')}</dt>
          <dd>{session?.name}</dd>
          {user === null ? null : (
            <>
              <dt>{t('users.addresses')}</dt>
              <dd>{[...new Set([user.email, ...user.addresses])].join(' · ')}</dd>
            </>
          )}
          <dt>{t('users.role')}</dt>
          <dd>{session === null ? '' : t(`role.${session.role}`)}</dd>
        </dl>
        <div className="narrow">
          <MailTo />
          <PrintByMail />
        </div>
        <OwnPreferences />
        <ChangePassword />
        <Sessions of="own" />
      </Stack>
    </Page>
  );
}

function ChangePassword() {
  const { t } = useTranslation();
  const form = usePlatenForm(
    {
      initialValues: { currentPassword: '', newPassword: '' },
      validateInputOnBlur: false,
      validate: {
        currentPassword: (value) => (value === '' ? t('signIn.passwordMissing') : null),
        newPassword: (value) => ([...value].length < MIN_PASSWORD_CHARACTERS ? t('firstRun.passwordShort') : null),
      },
    },
    async (body) => {
      await need(api.PUT('/sessions/current/password', { body }));
      form.reset();
    },
  );
  const eye = { 'aria-label': t('signIn.showPassword') };
  return (
    <form onSubmit={form.submit} className="card narrow">
      <Stack gap="md">
        <h2 className="section">{t('account.passwordTitle')}</h2>
        <PasswordInput
          label={t('account.current')}
          autoComplete="current-password"
          visibilityToggleButtonProps={eye}
          {...fieldOf(form, 'currentPassword')}
        />
        <PasswordInput
          label={t('account.new')}
          description={t('account.newHint')}
          autoComplete="new-password"
          visibilityToggleButtonProps={eye}
          {...fieldOf(form, 'newPassword')}
        />
        {form.error === undefined ? null : <Failed error={form.error} />}
        <Button type="submit" loading={form.isBusy} className="fit">
          {form.isSaved ? t('action.saved') : t('account.change')}
        </Button>
      </Stack>
    </form>
  );
}
