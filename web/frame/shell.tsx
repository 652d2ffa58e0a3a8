/** The frame around every page: navigation, top bar, and what is said above the content. */
import { TextInput } from '@mantine/core';
import { IconDots, IconSearch } from '@tabler/icons-react';
import { Link, useNavigate, useRouterState } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LiveProvider } from '../app/live.tsx';
import { useApplyPreferences } from '../app/preferences.ts';
import type { MailUse } from '../app/screen.ts';
import { useMay } from '../app/session.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { CallCount, LiveCalls, useCalls } from './calls.tsx';
import { Keys } from './keys/keys.tsx';
import { LostBar } from './lost/lost.tsx';
import { MailFault } from './mail-fault.tsx';
import { Mark } from './mark.tsx';
import { type Entry, useNavigation } from './navigation.ts';
import { SessionEnding } from './session-ending.tsx';
import { isShortcut } from './shortcuts.ts';
import { isCurrent, NavList } from './sidebar/nav-list.tsx';
import { useShrunk } from './sidebar/shrunk.ts';
import { Sidebar } from './sidebar/sidebar.tsx';
import { SessionOver } from './sign-in.tsx';
import { AccountMenu, LanguageMenu, LiveState, SchemeButton } from './top-bar.tsx';
import './shell.css';

const MAX_ON_PHONE = 4;

type ShellProps = { readonly usesMail: MailUse | undefined; readonly children: ReactNode };

export function Shell({ usesMail, children }: ShellProps) {
  const { t } = useTranslation();
  const entries = useNavigation();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const shrunk = useShrunk();
  useApplyPreferences();
  return (
    <LiveProvider>
      <a className="skip" href="#content">
        {t('label.skip')}
      </a>
      <div className="shell" data-sidebar={shrunk.isShrunk ? 'shrunk' : 'named'}>
        <header className="topbar">
          <Link to="/" className="mark">
            <Mark />
            <span className="word">{t('label.product')}</span>
          </Link>
          {/* What was looked for stands on the page of what was found; on the next one the field is empty again. */}
          <Search key={path} />
          <LiveState />
          <LanguageMenu />
          <SchemeButton />
          <AccountMenu />
        </header>
        <Sidebar entries={entries} {...shrunk} />
        <main className="main" id="content">
          {usesMail === undefined ? null : <MailFault use={usesMail} />}
          {children}
        </main>
      </div>
      {/* What was open there closes when the page changes, however it does. */}
      <BottomBar key={`${path} bar`} entries={entries} />
      <Keys entries={entries} />
      <LiveCalls />
      <LostBar />
      <SessionEnding />
      <SessionOver />
    </LiveProvider>
  );
}

/** Without navigation, for pages that are reached by a link. */
export function BareFrame({ children }: { readonly children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className="bare">
      <header className="bare-top topbar-bare">
        <span className="mark">
          <Mark />
          {t('label.product')}
        </span>
        <span className="grow" />
        <LanguageMenu />
        <SchemeButton />
      </header>
      <main id="content">{children}</main>
    </div>
  );
}

function BottomBar({ entries }: { readonly entries: readonly Entry[] }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const seesAll = useMay('operator');
  const path = useRouterState({ select: (state) => state.location.pathname });
  const flat = entries.filter((entry) => entry.inner === undefined).slice(0, MAX_ON_PHONE);
  const calls = useCalls();
  const behind = entries.filter((entry) => !flat.includes(entry)).flatMap((entry) => entry.inner ?? [entry]);
  const callsBehind = behind.reduce((sum, { path }) => sum + (calls[path] ?? 0), 0);
  const Icon = IconDots;
  return (
    <>
      <nav className="bottombar" aria-label={t('label.navigationPhone')}>
        <ul>
          {flat.map((entry) => (
            <li key={entry.path}>
              <Link to={entry.path} aria-current={isCurrent(path, entry.path) ? 'page' : undefined}>
                {entry.icon === undefined ? null : <entry.icon size={20} aria-hidden />}
                {t(entry.title)}
                <CallCount count={calls[entry.path]} />
              </Link>
            </li>
          ))}
          <li>
            <button type="button" aria-expanded={isOpen} onClick={() => setOpen(true)}>
              <Icon size={20} aria-hidden />
              {t('nav.more')}
              <CallCount count={callsBehind} />
            </button>
          </li>
        </ul>
      </nav>
      <Dialog isOpen={isOpen} onClose={() => setOpen(false)} title={t('nav.more')}>
        {/* The field of the top bar has no room on a phone. */}
        {seesAll ? (
          <Link to="/find" className="navlink" onClick={() => setOpen(false)}>
            <IconSearch size={20} aria-hidden />
            {t('search.label')}
          </Link>
        ) : null}
        <NavList entries={entries} onGo={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

/** `/` jumps to it. It searches everything for those who see everything, and else the own jobs. */
function Search() {
  const { t } = useTranslation();
  const seesAll = useMay('operator');
  const label = seesAll ? t('search.label') : t('search.ownJobs');
  const navigate = useNavigate();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const jump = (event: KeyboardEvent) => {
      if (event.key !== '/' || !isShortcut(event)) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener('keydown', jump);
    return () => document.removeEventListener('keydown', jump);
  }, []);
  const find = (event: FormEvent) => {
    event.preventDefault();
    const text = field.current?.value.trim() ?? '';
    void navigate({ to: seesAll ? '/find' : '/jobs', search: (text === '' ? {} : { q: text }) as never });
  };
  return (
    <search className="search wideonly">
      <form onSubmit={find}>
        <TextInput
          ref={field}
          type="search"
          aria-label={label}
          placeholder={label}
          leftSection={<IconSearch size={16} aria-hidden />}
        />
      </form>
    </search>
  );
}
