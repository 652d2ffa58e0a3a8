/** What stands at the right of the top bar: live state, language, light or dark, account. */
import { ActionIcon, Button, Menu, useMantineColorScheme } from '@mantine/core';
import {
  IconHelp,
  IconLanguage,
  IconLogout,
  IconMoon,
  IconSun,
  IconSunMoon,
  IconUserCircle,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useIsLive } from '../app/live.tsx';
import { useChangePreferences } from '../app/preferences.ts';
import { useMay, useSession, useSignOut } from '../app/session.tsx';
import { LANGUAGES } from '../app/texts.ts';

export function LiveState() {
  const { t } = useTranslation();
  const isOn = useIsLive();
  return (
    <span className="livestate" data-on={isOn} role="status">
      <i aria-hidden="true" />
      <span className="word">{isOn ? t('live.on') : t('live.off')}</span>
    </span>
  );
}

/** What the server does not keep holds on this device; a session that has ended tells so itself. */
const isKeptHere = () => undefined;

export function LanguageMenu() {
  const { t, i18n } = useTranslation();
  const change = useChangePreferences();
  const current = LANGUAGES.find(({ code }) => code === i18n.language);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          className="language"
          variant="subtle"
          color="gray"
          c="inherit"
          px="xs"
          aria-label={t('label.language', { language: current?.name })}
          leftSection={<IconLanguage size={18} aria-hidden />}
        >
          {current?.code.toUpperCase()}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {LANGUAGES.map(({ code, name }) => (
          <Menu.Item key={code} lang={code} onClick={() => change({ language: code }).catch(isKeptHere)}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

const NEXT = { auto: 'light', light: 'dark', dark: 'system' } as const;
const ICONS = { auto: IconSunMoon, light: IconSun, dark: IconMoon } as const;

export function SchemeButton() {
  const { t } = useTranslation();
  const { colorScheme } = useMantineColorScheme();
  const change = useChangePreferences();
  const Icon = ICONS[colorScheme];
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      c="inherit"
      size={36}
      aria-label={t(`scheme.${colorScheme}`)}
      title={t(`scheme.${colorScheme}`)}
      onClick={() => change({ appearance: NEXT[colorScheme] }).catch(isKeptHere)}
    >
      <Icon size={20} aria-hidden />
    </ActionIcon>
  );
}

export function AccountMenu() {
  const { t, i18n } = useTranslation();
  const session = useSession();
  const signOut = useSignOut();
  const mayLook = useMay('operator');
  if (session === null) return null;
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="inherit"
          size={36}
          aria-label={t('label.account', { name: session.name })}
        >
          <IconUserCircle size={22} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.name}
          <br />
          {t(`role.${session.role}`)}
        </Menu.Label>
        <Menu.Item component={Link} to="/account" leftSection={<IconUserCircle size={16} aria-hidden />}>
          {t('account.title')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void signOut()}>
          {t('action.signOut')}
        </Menu.Item>
        {mayLook ? (
          <Menu.Item
            component="a"
            href={`/docs/${i18n.language === 'it' ? 'it' : 'guide'}/README.md`}
            target="_blank"
            leftSection={<IconHelp size={16} aria-hidden />}
          >
            {t('nav.guide')}
          </Menu.Item>
        ) : null}
      </Menu.Dropdown>
    </Menu>
  );
}
