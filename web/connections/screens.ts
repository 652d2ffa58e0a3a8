import type { Screen } from '../app/screen.ts';

export const connectionsScreens: readonly Screen[] = [
  {
    path: '/settings/connections',
    title: 'nav.connections',
    least: 'operator',
    load: () => import('./connections-list.tsx'),
  },
];
