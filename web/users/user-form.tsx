/** Adding and changing a person. */
import { Group, PasswordInput, Radio, Stack, Textarea, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import type { Role } from '../app/session.tsx';
import { LANGUAGES, type Language } from '../app/texts.ts';
import { Dialog, FormEnd } from '../ui/dialog.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import { RoleChoice } from './role-choice.tsx';

export type User = paths['/users']['get']['responses'][200]['content']['application/json']['items'][number];

type FormProps = { readonly user?: User; readonly onClose: () => void; readonly onSaved: () => Promise<void> };

type Values = Record<'name' | 'email' | 'addresses' | 'group' | 'password' | 'ownPassword', string> & {
  readonly role: Role;
  readonly language: Language;
};

async function saveUser(user: User | undefined, values: Values): Promise<void> {
  const { password, ownPassword, group, ...same } = values;
  const belongs = group.trim();
  const addresses = values.addresses.split(/[\s,;]+/).filter((one) => one !== '');
  const person = { ...same, name: same.name.trim(), email: same.email.trim(), addresses };
  const body = {
    ...person,
    ...(password === '' ? {} : { password }),
    ...(isRaised(user, values.role) ? { ownPassword } : {}),
  };
  if (user === undefined) {
    await need(api.POST('/users', { body: { ...body, ...(belongs === '' ? {} : { group: belongs }) } }));
    return;
  }
  const change = { ...body, group: belongs === '' ? null : belongs };
  await need(api.PATCH('/users/{id}', { params: { path: { id: user.id } }, body: change }));
}

/** Whoever makes an administrator types their own password, which the server asks for. */
const isRaised = (user: User | undefined, role: Role) => role === 'administrator' && user?.role !== role;

export function UserForm({ user, onClose, onSaved }: FormProps) {
  const { t } = useTranslation();
  const form = usePlatenForm(
    {
      initialValues: {
        name: user?.name ?? '',
        email: user?.email ?? '',
        addresses: (user?.addresses ?? []).filter((one) => one !== user?.email).join('\n'),
        group: user?.group ?? '',
        role: user?.role ?? ('user' as Role),
        language: user?.language ?? ('en' as Language),
        password: '',
        ownPassword: '',
      },
      validateInputOnBlur: false,
      validate: {
        name: (value) => (value.trim() === '' ? t('users.nameMissing') : null),
        email: (value) => (value.trim() === '' ? t('signIn.emailMissing') : null),
        ownPassword: (value, { role }) => (value === '' && isRaised(user, role) ? t('signIn.passwordMissing') : null),
      },
    },
    async (values) => {
      await saveUser(user, values);
      await onSaved();
      onClose();
    },
  );
  return (
    <Dialog title={user === undefined ? t('users.addTitle') : user.name} onClose={onClose}>
      <form onSubmit={form.submit}>
        <Stack gap="md">
          <TextInput label={t('users.name')} data-autofocus autoComplete="off" {...fieldOf(form, 'name')} />
          <TextInput label={t('signIn.email')} type="email" autoComplete="off" {...fieldOf(form, 'email')} />
          <Textarea
            label={t('users.further')}
            description={t('users.furtherHint')}
            autosize
            minRows={2}
            {...fieldOf(form, 'addresses')}
          />
          <Belongs form={form} />
          <RoleChoice {...form.getInputProps('role')} />
          <Radio.Group label={t('users.language')} {...form.getInputProps('language')}>
            <Group gap="md" mt={4}>
              {LANGUAGES.map(({ code, name }) => (
                <Radio key={code} value={code} label={name} />
              ))}
            </Group>
          </Radio.Group>
          <Passwords user={user} form={form} />
          <FormEnd form={form} onClose={onClose} />
        </Stack>
      </form>
    </Dialog>
  );
}

function Belongs({ form }: Pick<PasswordsProps, 'form'>) {
  const { t } = useTranslation();
  return (
    <TextInput
      label={t('users.group')}
      description={t('users.groupHint')}
      autoComplete="off"
      maxLength={64}
      {...fieldOf(form, 'group')}
    />
  );
}

type PasswordsProps = { readonly user: User | undefined; readonly form: ReturnType<typeof usePlatenForm<Values>> };

/** The person's, and of whoever makes an administrator their own. */
function Passwords({ user, form }: PasswordsProps) {
  const { t } = useTranslation();
  const visibilityToggleButtonProps = { 'aria-label': t('signIn.showPassword') };
  return (
    <>
      <PasswordInput
        label={user === undefined ? t('users.password') : t('users.newPassword')}
        description={t('users.passwordHint')}
        autoComplete="new-password"
        visibilityToggleButtonProps={visibilityToggleButtonProps}
        {...fieldOf(form, 'password')}
      />
      {isRaised(user, form.values.role) ? (
        <PasswordInput
          label={t('users.ownPassword')}
          description={t('users.ownPasswordHint')}
          autoComplete="current-password"
          visibilityToggleButtonProps={visibilityToggleButtonProps}
          {...fieldOf(form, 'ownPassword')}
        />
      ) : null}
    </>
  );
}
