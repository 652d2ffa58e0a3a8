import type { Screen } from '../app/screen.ts';

export const noticesScreens: readonly Screen[] = [
  {
    path: '/settings/notices',
    title: 'nav.notices',
    least: 'administrator',
    usesMail: 'outgoing',
    load: () => import('./notices-page.tsx'),
  },
];
