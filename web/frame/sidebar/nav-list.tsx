/** The entries of the navigation one below the other: with their names, or as signs whose names come up beside them. */
import { Menu, Tooltip } from '@mantine/core';
import { Link, useRouterState } from '@tanstack/react-router';
import { type ReactElement, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { screens } from '../../app/screens.ts';
import { CallCount, type Calls, useCalls } from '../calls.tsx';
import type { Entry } from '../navigation.ts';

type NavListProps = {
  readonly entries: readonly Entry[];
  readonly isShrunk?: boolean;
  readonly onGo?: () => void;
};

export function NavList({ entries, isShrunk = false, onGo }: NavListProps) {
  const { t } = useTranslation();
  const path = usePath();
  const calls = useCalls();
  const link = (entry: Entry, isInner: boolean) => (
    <Named name={t(entry.title)} isShrunk={isShrunk}>
      <Link
        to={entry.path}
        // Which entry is the current one is decided below; the router would mark the ones above it too.
        activeOptions={{ exact: true }}
        className={isInner ? 'navlink inner' : 'navlink'}
        aria-current={isCurrent(path, entry.path) ? 'page' : undefined}
        onClick={onGo}
      >
        <Sign entry={entry} />
        <span className="navname">{t(entry.title)}</span>
        <CallCount count={calls[entry.path]} />
      </Link>
    </Named>
  );
  return (
    <ul>
      {entries.map((entry) => (
        <li key={entry.title}>
          {entry.inner === undefined ? link(entry, false) : null}
          {entry.inner !== undefined && isShrunk ? <InnerMenu entry={entry} calls={calls} /> : null}
          {entry.inner !== undefined && !isShrunk ? (
            <>
              <span className="navlink navhead">
                <Sign entry={entry} />
                {t(entry.title)}
              </span>
              <ul>
                {entry.inner.map((inner) => (
                  <li key={inner.path}>{link(inner, true)}</li>
                ))}
              </ul>
            </>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

const usePath = () => useRouterState({ select: (state) => state.location.pathname });

function Sign({ entry }: { readonly entry: Entry }) {
  return entry.icon === undefined ? null : <entry.icon size={20} aria-hidden />;
}

/** Its own place and strategy: the sidebar scrolls, and would cut what reaches out of it. */
const BESIDE = { position: 'right', withinPortal: false, floatingStrategy: 'fixed' } as const;

type NamedProps = { readonly name: string; readonly isShrunk: boolean; readonly children: ReactElement };

/** The name of a sign for who sees it; who listens hears it from the sign itself. */
export function Named({ name, isShrunk, children }: NamedProps) {
  return (
    <Tooltip label={name} disabled={!isShrunk} {...BESIDE}>
      {children}
    </Tooltip>
  );
}

/** What has entries of its own opens beside its sign. */
function InnerMenu({ entry, calls }: { readonly entry: Entry; readonly calls: Calls }) {
  const { t } = useTranslation();
  const path = usePath();
  const [isOpen, setOpen] = useState(false);
  const inner = entry.inner ?? [];
  const count = inner.reduce((sum, one) => sum + (calls[one.path] ?? 0), 0);
  const isHere = inner.some((one) => isCurrent(path, one.path));
  return (
    <Menu {...BESIDE} position="right-start" width={240} opened={isOpen} onChange={setOpen}>
      <Menu.Target>
        <Tooltip label={t(entry.title)} disabled={isOpen} {...BESIDE}>
          <button type="button" className="navlink" data-here={isHere || undefined}>
            <Sign entry={entry} />
            <span className="navname">{t(entry.title)}</span>
            <CallCount count={count} />
          </button>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {inner.map((one) => (
          <Menu.Item
            key={one.path}
            component={Link}
            to={one.path}
            aria-current={isCurrent(path, one.path) ? 'page' : undefined}
            rightSection={<CallCount count={calls[one.path]} />}
          >
            {t(one.title)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

export function isCurrent(path: string, entry: string): boolean {
  const others = screens.filter((screen) => screen.path.startsWith(`${entry}/`)).map((screen) => screen.path);
  if (path === entry) return true;
  // A page that has an entry of its own is not also a part of the one above it.
  return (
    entry !== '/' &&
    path.startsWith(`${entry}/`) &&
    !others.some((one) => !one.includes('$') && path.startsWith(one) && one.split('/').length > 3)
  );
}
