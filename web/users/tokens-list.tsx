/** Settings > Security: the API tokens of programs, the key file, the locked box, and who is signed in. A token is shown once. */
import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Sessions } from '../account/sessions.tsx';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import type { Role } from '../app/session.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty } from '../ui/content.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { Dialog, FormEnd } from '../ui/dialog.tsx';
import { fieldOf, usePlatenForm } from '../ui/form.tsx';
import { type Column, LongList, usePages } from '../ui/list.tsx';
import { Page } from '../ui/page.tsx';
import { When } from '../ui/when.tsx';
import { KeyFile } from './key-file.tsx';
import { RoleChoice } from './role-choice.tsx';
import { Sandbox } from './sandbox.tsx';

type Token = paths['/tokens']['get']['responses'][200]['content']['application/json']['items'][number];
const KEY = ['tokens'] as const;

export default function TokensList() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const [revoked, setRevoked] = useState<Token>();
  const pages = usePages<Token>(KEY, (cursor) =>
    need(api.GET('/tokens', { params: { query: { limit: 100, ...(cursor === undefined ? {} : { cursor }) } } })),
  );
  const again = async () => await client.invalidateQueries({ queryKey: KEY });
  const columns: readonly Column<Token>[] = [
    { key: 'name', title: t('tokens.name'), cell: ({ name }) => <strong>{name}</strong> },
    { key: 'role', title: t('users.role'), cell: ({ role }) => t(`role.${role}`) },
    { key: 'made', title: t('tokens.made'), cell: ({ createdAt }) => <When at={createdAt} />, isNamedOnPhone: true },
    {
      key: 'used',
      title: t('tokens.used'),
      cell: ({ usedAt }) => (usedAt === null ? t('tokens.neverUsed') : <When at={usedAt} />),
      isNamedOnPhone: true,
    },
    {
      key: 'acts',
      title: t('label.acts'),
      cell: (token) => (
        <Button variant="subtle" px="xs" onClick={() => setRevoked(token)}>
          {t('tokens.revoke')}
          <span className="quiet"> {token.name}</span>
        </Button>
      ),
    },
  ];
  return (
    <Page title={t('nav.security')} actions={<Button onClick={() => setAdding(true)}>{t('tokens.add')}</Button>}>
      <h2 className="section">{t('tokens.title')}</h2>
      <p>{t('tokens.hint')}</p>
      <LongList
        label={t('tokens.title')}
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        empty={<Empty title={t('tokens.empty')} />}
      />
      <Stack gap="md" mt="lg">
        <KeyFile />
        <Sandbox />
        <Sessions of="all" />
      </Stack>
      {isAdding ? <AddToken onClose={() => setAdding(false)} onAdded={again} /> : null}
      {revoked === undefined ? null : (
        <Revoke token={revoked} onClose={() => setRevoked(undefined)} onRevoked={again} />
      )}
    </Page>
  );
}

type RevokeProps = {
  readonly token: Token;
  readonly onClose: () => void;
  readonly onRevoked: () => Promise<void>;
};

function Revoke({ token, onClose, onRevoked }: RevokeProps) {
  const { t } = useTranslation();
  const revoke = async () => {
    await need(api.DELETE('/tokens/{id}', { params: { path: { id: token.id } } }));
    await onRevoked();
  };
  return (
    <Confirm
      title={t('tokens.revokeTitle', { name: token.name })}
      act={t('tokens.revoke')}
      onClose={onClose}
      onConfirm={revoke}
    >
      <p>{t('tokens.revokeStops')}</p>
    </Confirm>
  );
}

function AddToken({ onClose, onAdded }: { readonly onClose: () => void; readonly onAdded: () => Promise<void> }) {
  const { t } = useTranslation();
  const [made, setMade] = useState<string>();
  const form = usePlatenForm(
    {
      initialValues: { name: '', role: 'user' as Role },
      validateInputOnBlur: false,
      validate: { name: (value) => (value.trim() === '' ? t('tokens.nameMissing') : null) },
    },
    async ({ name, role }) => {
      const { token } = await need(api.POST('/tokens', { body: { name: name.trim(), role } }));
      setMade(token);
      await onAdded();
    },
  );
  if (made !== undefined) {
    return (
      <Dialog title={t('tokens.madeTitle')} onClose={onClose}>
        <Stack gap="md">
          <p>{t('tokens.shownOnce')}</p>
          <code className="words">{made}</code>
          <Group justify="flex-end" gap="xs">
            <CopyButton text={made} />
            <Button variant="default" onClick={onClose}>
              {t('action.close')}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    );
  }
  return (
    <Dialog title={t('tokens.addTitle')} onClose={onClose}>
      <form onSubmit={form.submit}>
        <Stack gap="md">
          <TextInput
            label={t('tokens.name')}
            description={t('tokens.nameHint')}
            data-autofocus
            autoComplete="off"
            {...fieldOf(form, 'name')}
          />
          <RoleChoice {...form.getInputProps('role')} />
          <FormEnd form={form} act={t('tokens.make')} onClose={onClose} />
        </Stack>
      </form>
    </Dialog>
  );
}
