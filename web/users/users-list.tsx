/** People: their addresses and roles, and who is kept out. */
import { Button, Group, Menu } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { useLiveQuery } from '../app/live.tsx';
import { useMay } from '../app/session.tsx';
import { LANGUAGES, type Language } from '../app/texts.ts';
import { FindField, useAskedText } from '../find/find-field.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty } from '../ui/content.tsx';
import { type OpenDialog, useOpenDialog } from '../ui/dialog.tsx';
import { type Column, LongList, usePages } from '../ui/list.tsx';
import { Page } from '../ui/page.tsx';
import { ActsMenu } from '../ui/rows/acts-menu.tsx';
import { State } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { GroupChoice, groupsQuery } from './groups.tsx';
import { ImportPeople } from './import-people.tsx';
import { type JobOwner, useOwners } from './owners.ts';
import { type User, UserForm } from './user-form.tsx';

const KEY = ['users'] as const;
const ACTS = ['edit', 'block', 'unblock', 'remove'] as const;
type Open = OpenDialog<(typeof ACTS)[number], User>;

export default function UsersList() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const isAdministrator = useMay('administrator');
  useLiveQuery(['user-'], KEY);
  const [isImporting, setImporting] = useState(false);
  const text = useAskedText();
  const group = useAskedGroup();
  const pages = usePages<User>([...KEY, 'list', text ?? '', group ?? ''], (cursor) =>
    loadUsers({ text, group }, cursor),
  );
  const again = async () => await client.invalidateQueries({ queryKey: KEY });
  const { open, show, close } = useOpenDialog(
    ACTS,
    isAdministrator ? pages.items : [],
    isAdministrator ? findUser : undefined,
  );
  const columns = useColumns(pages.items, isAdministrator ? show : undefined);
  const add = isAdministrator ? (
    <Group gap="xs">
      <Button variant="default" onClick={() => setImporting(true)}>
        {t('users.import')}
      </Button>
      <Button onClick={() => show({ act: 'add' })}>{t('users.add')}</Button>
    </Group>
  ) : null;
  const isNarrowed = text !== undefined || group !== undefined;
  const isAlone = !isNarrowed && pages.items.length === 1;
  return (
    <Page title={t('nav.users')} actions={add}>
      <Narrowing text={text} group={group} />
      <LongList
        label={t('nav.users')}
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        empty={
          !isNarrowed ? null : (
            <Empty title={t('users.noHit')}>
              <p className="plain">{t('users.findHint')}</p>
            </Empty>
          )
        }
      />
      {isAlone ? <OnlyYou /> : null}
      {isImporting ? <ImportPeople onClose={() => setImporting(false)} onDone={again} /> : null}
      {isAdministrator && open?.act === 'add' ? <UserForm onClose={close} onSaved={again} /> : null}
      {open?.act === 'edit' ? <UserForm user={open.item} onClose={close} onSaved={again} /> : null}
      {open !== undefined && open.act !== 'add' && open.act !== 'edit' ? (
        <Ask act={open.act} user={open.item} onClose={close} onDone={again} />
      ) : null}
    </Page>
  );
}

/** With what may be done, for who may do it. */
function useColumns(users: readonly User[], onOpen: ((open: Open) => void) | undefined): readonly Column<User>[] {
  const { t } = useTranslation();
  const owners = useOwners(users.map(({ id }) => id));
  const columns: readonly Column<User>[] = [
    { key: 'name', title: t('users.name'), cell: (user) => <Name user={user} />, phone: 'name' },
    { key: 'email', title: t('users.addresses'), cell: addressesOf, phone: 'detail' },
    { key: 'role', title: t('users.role'), cell: ({ role }) => t(`role.${role}`), width: '150px', phone: 'detail' },
    { key: 'language', title: t('users.language'), cell: ({ language }) => nameOf(language), width: '90px' },
    { key: 'last', title: t('users.lastJob'), cell: ({ id }) => <LastJob owner={owners.get(id)} />, width: '130px' },
    {
      key: 'state',
      title: t('users.state'),
      cell: ({ disabledAt }) => <UserState isBlocked={disabledAt !== null} />,
      width: '120px',
      phone: 'state',
    },
  ];
  if (onOpen === undefined) return columns;
  const cell = (user: User) => <Acts user={user} onOpen={onOpen} />;
  return [...columns, { key: 'acts', title: t('label.acts'), cell, width: '90px', phone: 'acts' }];
}

function OnlyYou() {
  const { t } = useTranslation();
  return (
    <div className="apart">
      <Empty title={t('users.onlyYou')}>
        <p className="plain">{t('users.onlyYouHint')}</p>
      </Empty>
    </div>
  );
}

const nameOf = (language: Language) => LANGUAGES.find(({ code }) => code === language)?.name;

/** With the group; how somebody came here is told where no administrator has added them by hand. */
function Name({ user: { name, group, origin } }: { readonly user: User }) {
  const { t } = useTranslation();
  return (
    <>
      <strong>{name}</strong>
      {group === null ? null : <div>{plain(group)}</div>}
      {origin === 'administrator' ? null : (
        <div className="hint">{t(origin === 'mail' ? 'users.byMail' : 'users.byFile')}</div>
      )}
    </>
  );
}

function LastJob({ owner }: { readonly owner: JobOwner | undefined }) {
  const { t } = useTranslation();
  if (owner === undefined) return null;
  return owner.lastJobAt === null ? t('users.never') : <When at={owner.lastJobAt} />;
}

function useAskedGroup(): string | undefined {
  const { group } = useSearch({ strict: false }) as { group?: unknown };
  // A number in the address is read as one by the router.
  const name = typeof group === 'string' || typeof group === 'number' ? String(group) : '';
  return name === '' ? undefined : name;
}

/** By a text and by a group; both stand in the address of the page. */
function Narrowing({ text, group }: Narrowed) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const groups = useQuery(groupsQuery).data ?? [];
  const go = (q: string | undefined, group: string | undefined) => {
    const search = { ...(q === undefined ? {} : { q }), ...(group === undefined ? {} : { group }) };
    void navigate({ to: '/users', search: search as never, replace: true });
  };
  return (
    <Group gap="sm" align="flex-end" className="spaced">
      <FindField
        label={t('jobs.find')}
        description={t('users.findHint')}
        text={text}
        onFind={(found) => go(found, group)}
      />
      <GroupChoice groups={groups} chosen={group} onChoose={(name) => go(text, name)} />
    </Group>
  );
}

type Narrowed = { readonly text: string | undefined; readonly group: string | undefined };

function loadUsers({ text, group }: Narrowed, cursor: string | undefined) {
  const query = {
    limit: 100,
    ...(text === undefined ? {} : { q: text }),
    ...(group === undefined ? {} : { group }),
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
  const open = useOwners(act === 'remove' ? [user.id] : []).get(user.id)?.openJobs ?? 0;
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
      {open > 0 ? <p>{t('users.removeCancels', { count: open })}</p> : null}
      <p>{t(`userAct.${act}Stops`)}</p>
    </Confirm>
  );
}

function Acts({ user, onOpen }: { readonly user: User; readonly onOpen: (open: Open) => void }) {
  const { t } = useTranslation();
  const isBlocked = user.disabledAt !== null;
  return (
    <ActsMenu of={user.name}>
      <Menu.Item onClick={() => onOpen({ act: 'edit', item: user })}>{t('action.edit')}</Menu.Item>
      <Menu.Item onClick={() => onOpen({ act: isBlocked ? 'unblock' : 'block', item: user })}>
        {isBlocked ? t('userAct.unblock') : t('userAct.block')}
      </Menu.Item>
      <Menu.Item component={Link} to={`/journal?subject=${user.id}`}>
        {t('journal.show')}
      </Menu.Item>
      <Menu.Item onClick={() => onOpen({ act: 'remove', item: user })}>{t('action.remove')}</Menu.Item>
    </ActsMenu>
  );
}
