import type { Screen } from '../app/screen.ts';

export const intakeScreens: readonly Screen[] = [
  { path: '/settings/jobs', title: 'nav.jobSettings', least: 'operator', load: () => import('./job-settings.tsx') },
  {
    path: '/settings/jobs/mailboxes',
    title: 'nav.mailboxes',
    least: 'operator',
    usesMail: 'incoming',
    load: () => import('./mailboxes-list.tsx'),
  },
  {
    path: '/settings/jobs/mailboxes/new',
    title: 'mailboxes.addTitle',
    least: 'administrator',
    usesMail: 'incoming',
    load: () => import('./mailbox-new.tsx'),
  },
  {
    path: '/settings/jobs/mailboxes/$id',
    title: 'nav.mailboxes',
    least: 'operator',
    usesMail: 'incoming',
    load: () => import('./mailbox-page.tsx'),
  },
];
