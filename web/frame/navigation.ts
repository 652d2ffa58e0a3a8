/** The entries of the navigation; an entry is shown when its screen exists and the person may open it. */
import {
  IconFileText,
  IconHome2,
  IconListDetails,
  IconMailForward,
  IconPrinter,
  IconScan,
  IconSettings,
  IconStack2,
  IconUsers,
} from '@tabler/icons-react';
import { screens } from '../app/screens.ts';
import { type Role, useSession } from '../app/session.tsx';

export type Entry = {
  readonly path: string;
  readonly title: string;
  readonly icon?: typeof IconHome2;
  /** Shown to this role only with this title. */
  readonly titleForUser?: string;
  readonly inner?: readonly Entry[];
};

const ENTRIES: readonly Entry[] = [
  { path: '/', title: 'nav.overview', titleForUser: 'nav.myJobs', icon: IconHome2 },
  { path: '/jobs', title: 'nav.jobs', icon: IconFileText },
  { path: '/jobs/new', title: 'nav.upload', icon: IconFileText },
  { path: '/outbox', title: 'nav.outbox', icon: IconMailForward },
  { path: '/printers', title: 'nav.printers', icon: IconPrinter },
  { path: '/queues', title: 'nav.queues', icon: IconStack2 },
  { path: '/devices', title: 'nav.devices', icon: IconScan },
  { path: '/users', title: 'nav.users', icon: IconUsers },
  { path: '/journal', title: 'nav.journal', icon: IconListDetails },
];

const SETTINGS: readonly Entry[] = [
  { path: '/settings/connections', title: 'nav.connections' },
  { path: '/settings/network', title: 'nav.network' },
  { path: '/settings/jobs', title: 'nav.jobSettings' },
  { path: '/settings/jobs/mailboxes', title: 'nav.mailboxes' },
  { path: '/settings/notices', title: 'nav.notices' },
  { path: '/settings/security', title: 'nav.security' },
  { path: '/settings/about', title: 'nav.about' },
];

const RANKS: Readonly<Record<Role | 'public', number>> = { public: 0, user: 1, operator: 2, administrator: 3 };

export function useNavigation(): readonly Entry[] {
  const role = useSession()?.role ?? 'user';
  const isOpen = ({ path }: Entry) => {
    const screen = screens.find((one) => one.path === path);
    return screen !== undefined && RANKS[screen.least] <= RANKS[role];
  };
  // For a person who prints the start page is the list of own jobs, and uploading has an entry of its own.
  const isFitting = ({ path }: Entry) => path !== (role === 'user' ? '/jobs' : '/jobs/new');
  const inner = SETTINGS.filter(isOpen);
  const entries = ENTRIES.filter((entry) => isOpen(entry) && isFitting(entry)).map((entry) =>
    role === 'user' && entry.titleForUser !== undefined ? { ...entry, title: entry.titleForUser } : entry,
  );
  const settings = { path: inner[0]?.path ?? '', title: 'nav.settings', icon: IconSettings, inner };
  return inner.length === 0 || role === 'user' ? entries : [...entries, settings];
}
