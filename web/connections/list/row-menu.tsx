/** What can be done with one connection: the same acts in its row and on its page. */
import { Menu } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../app/session.tsx';
import { Failed } from '../../ui/content.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ActsMenu } from '../../ui/rows/acts-menu.tsx';
import type { Connection } from '../connection.ts';
import { newCodeText, useNewCode } from './new-code.tsx';

/** What a page has buttons for is left out there. */
type Act = 'check' | 'confirm' | 'edit';

type RowMenuProps = {
  readonly connection: Connection;
  readonly without?: readonly Act[];
  readonly onRemove: () => void;
};

export function RowMenu({ connection, without = [], onRemove }: RowMenuProps) {
  const { t } = useTranslation();
  const mayChange = useMay('administrator');
  const begin = useNewCode(connection);
  const { id, title } = connection;
  const page = `/settings/connections/${id}`;
  const has = (act: Act) => !without.includes(act) && (mayChange || act === 'check');
  return (
    <>
      <ActsMenu of={title}>
        {has('check') ? (
          <Menu.Item component={Link} to={`${page}/check`}>
            {t('action.check')}
          </Menu.Item>
        ) : null}
        {has('confirm') ? (
          <>
            <Menu.Item onClick={() => begin.mutate()}>{t(newCodeText(connection))}</Menu.Item>
            <Menu.Item component={Link} to={`${page}/sign-in-link`}>
              {t('action.signInByLink')}
            </Menu.Item>
            <Menu.Item component={Link} to={`${page}/hand-over`}>
              {t('handOver.act')}
            </Menu.Item>
          </>
        ) : null}
        {has('edit') ? (
          <Menu.Item component={Link} to={page} search={{ edit: 'yes' } as never}>
            {t('action.edit')}
          </Menu.Item>
        ) : null}
        {mayChange ? <Menu.Item onClick={onRemove}>{t('action.remove')}</Menu.Item> : null}
      </ActsMenu>
      {begin.error === null ? null : (
        <Dialog title={t('deviceCode.title')} onClose={begin.reset}>
          <Failed error={begin.error} />
        </Dialog>
      )}
    </>
  );
}
