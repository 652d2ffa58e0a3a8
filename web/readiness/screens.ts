import type { Screen } from '../app/screen.ts';

export const readinessScreens: readonly Screen[] = [
  {
    path: '/settings/readiness',
    title: 'readiness.title',
    least: 'operator',
    load: () => import('./readiness-page.tsx'),
  },
];
