import type { Screen } from '../app/screen.ts';

export const firstRunScreens: readonly Screen[] = [
  {
    path: '/first-run',
    title: 'firstRun.title',
    least: 'public',
    frame: 'bare',
    load: () => import('./first-run.tsx'),
  },
];
