import type { Screen } from '../app/screen.ts';

export const usersScreens: readonly Screen[] = [
  { path: '/users', title: 'nav.users', least: 'operator', load: () => import('./users-list.tsx') },
  {
    path: '/settings/security',
    title: 'nav.security',
    least: 'administrator',
    load: () => import('./tokens-list.tsx'),
  },
];
