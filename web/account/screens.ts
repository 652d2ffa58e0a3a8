import type { Screen } from '../app/screen.ts';

export const accountScreens: readonly Screen[] = [
  { path: '/account', title: 'account.title', least: 'user', load: () => import('./account-page.tsx') },
];
