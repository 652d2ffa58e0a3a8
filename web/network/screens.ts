import type { Screen } from '../app/screen.ts';

export const networkScreens: readonly Screen[] = [
  {
    path: '/settings/network',
    title: 'nav.network',
    least: 'operator',
    usesMail: 'outgoing',
    load: () => import('./network.tsx'),
  },
];
