/** The navigation at the left: names and signs, or the signs alone, which leaves the page more room. */
import { IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Entry } from '../navigation.ts';
import { Named, NavList } from './nav-list.tsx';
import type { Shrunk } from './shrunk.ts';
import './sidebar.css';

type SidebarProps = Shrunk & { readonly entries: readonly Entry[] };

export function Sidebar({ entries, isShrunk, turn }: SidebarProps) {
  const { t } = useTranslation();
  const Icon = isShrunk ? IconLayoutSidebarLeftExpand : IconLayoutSidebarLeftCollapse;
  const name = t(isShrunk ? 'nav.showNames' : 'nav.hideNames');
  return (
    <nav className="sidebar" aria-label={t('label.navigation')}>
      <NavList entries={entries} isShrunk={isShrunk} />
      <Named name={name} isShrunk={isShrunk}>
        <button type="button" className="navlink navturn" onClick={turn}>
          <Icon size={20} aria-hidden />
          <span className="navname">{name}</span>
        </button>
      </Named>
    </nav>
  );
}
