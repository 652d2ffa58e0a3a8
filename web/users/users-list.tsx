/** People: their addresses and roles, and who is kept out. */
import { Button, Menu } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { FindField, useAskedText } from '../find/find-field.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty } from '../ui/content.tsx';
import { type OpenDialog, useOpenDialog } from '../ui/dialog.tsx';
import { type Column, LongList, usePages } from '../ui/list.tsx';
import { Page } from '../ui/page.tsx';
import { State } from '../ui/state.tsx';
import { type User, UserForm } from './user-form.tsx';

const KEY = ['users'] as const;
const ACTS = ['edit', 'block', 'unblock', 'remove'] as const;
type Open = OpenDialog<(typeof ACTS)[number], User>;

export default function UsersList() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const isAdministrator = useMay('administrator');
  useLiveQuery(['user-'], KEY);
  const text = useAskedText();
  const navigate = useNavigate();
  const find = (q: string | undefined) =>
    void navigate({ to: '/users', search: (q === undefined ? {} : { q }) as never, replace: true });
  const pages = usePages<User>([...KEY, 'list', text ?? ''], (cursor) => loadUsers(text, cursor));
  const again = async () => await client.invalidateQueries({ queryKey: KEY });
  const { open, show, close } = useOpenDialog(
    ACTS,
    isAdministrator ? pages.items : [],
    isAdministrator ? findUser : undefined,
  );
  const columns: readonly Column<User>[] = [
    { key: 'name', title: t('users.name'), cell: ({ name }) => <strong>{name}</strong> },
    { key: 'email', title: t('users.addresses'), cell: addressesOf },
    { key: 'role', title: t('users.role'), cell: ({ role }) => t(`role.${role}`), width: '150px' },
    { key: 'state', title: t('users.state'), cell: ({ disabledAt }) => <UserState isBlocked={disabledAt !== null} /> },
  ];
  const acts: Column<User> = {
    key: 'acts',
    title: t('label.acts'),
    cell: (user) => <Acts user={user} onOpen={show} />,
    width: '90px',
  };
  const add = isAdministrator ? <Button onClick={() => show({ act: 'add' })}>{t('users.add')}</Button> : null;
  return (
    <Page title={t('nav.users')} actions={add}>
      <div className="narrow spaced">
        <FindField label={t('jobs.find')} description={t('users.findHint')} text={text} onFind={find} />
      </div>
      <LongList
        label={t('nav.users')}
        pages={pages}
        columns={isAdministrator ? [...columns, acts] : columns}
        keyOf={({ id }) => id}
        empty={
          text === undefined ? null : (
            <Empty title={t('users.noHit')}>
              <p className="plain">{t('users.findHint')}</p>
            </Empty>
          )
        }
      />
      {isAdministrator && open?.act === 'add' ? <UserForm onClose={close} onSaved={again} /> : null}
      {open?.act === 'edit' ? <UserForm user={open.item} onClose={close} onSaved={again} /> : null}
      {open !== undefined && open.act !== 'add' && open.act !== 'edit' ? (
        <Ask act={open.act} user={open.item} onClose={close} onDone={again} />
      ) : null}
    </Page>
  );
}

function loadUsers(text: string | undefined, cursor: string | undefined) {
  const query = {
    limit: 100,
    ...(text === undefined ? {} : { q: text }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  return need(api.GET('/users', { params: { query } }));
}

const findUser = (id: string): Promise<User> => need(api.GET('/users/{id}', { params: { path: { id } } }));

/** The own address first, each once: the server lists it among the others too. */
export function addressesOf({ email, addresses }: User): string {
  return [...new Set([email, ...addresses])].join(' · ');
}

export function UserState({ isBlocked }: { readonly isBlocked: boolean }) {
  const { t } = useTranslation();
  return isBlocked ? <State tone="off" word={t('users.blocked')} /> : <State tone="ok" word={t('users.active')} />;
}

type AskProps = {
  readonly act: 'block' | 'unblock' | 'remove';
  readonly user: User;
  readonly onClose: () => void;
  readonly onDone: () => Promise<void>;
};

function Ask({ act, user, onClose, onDone }: AskProps) {
  const { t } = useTranslation();
  const params = { path: { id: user.id } };
  const doIt = async () => {
    if (act === 'remove') await need(api.DELETE('/users/{id}', { params }));
    else await need(api.PATCH('/users/{id}', { params, body: { disabled: act === 'block' } }));
    await onDone();
  };
  return (
    <Confirm
      title={t(`userAct.${act}Title`, { name: user.name })}
      act={t(`userAct.${act}`)}
      onClose={onClose}
      onConfirm={doIt}
    >
      <p>{t(`userAct.${act}Stops`)}</p>
    </Confirm>
  );
}

function Acts({ user, onOpen }: { readonly user: User; readonly onOpen: (open: Open) => void }) {
  const { t } = useTranslation();
  const isBlocked = user.disabledAt !== null;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="subtle" px="xs" aria-label={t('label.actsOf', { name: user.name })}>
          <IconDots size={18} aria-hidden />
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onOpen({ act: 'edit', item: user })}>{t('action.edit')}</Menu.Item>
        <Menu.Item onClick={() => onOpen({ act: isBlocked ? 'unblock' : 'block', item: user })}>
          {isBlocked ? t('userAct.unblock') : t('userAct.block')}
        </Menu.Item>
        <Menu.Item onClick={() => onOpen({ act: 'remove', item: user })}>{t('action.remove')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
