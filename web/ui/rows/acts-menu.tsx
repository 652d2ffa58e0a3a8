/** What can be done with one thing, behind three dots: in its row of a list or at the top of its page. */
import { Button, Menu } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

type ActsMenuProps = {
  /** The name of the thing, for who reads the button by ear. */
  readonly of: string;
  /** Items of a menu. */
  readonly children: ReactNode;
};

export function ActsMenu({ of, children }: ActsMenuProps) {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="subtle" px="xs" aria-label={t('label.actsOf', { name: of })}>
          <IconDots size={18} aria-hidden />
        </Button>
      </Menu.Target>
      <Menu.Dropdown>{children}</Menu.Dropdown>
    </Menu>
  );
}
