import type { Screen } from '../app/screen.ts';

export const queuesScreens: readonly Screen[] = [
  { path: '/queues', title: 'nav.queues', least: 'operator', load: () => import('./queues-list.tsx') },
];
