import type { Screen } from '../app/screen.ts';

export const handOverScreens: readonly Screen[] = [
  {
    path: '/hand-over',
    title: 'handOver.page',
    least: 'public',
    frame: 'bare',
    load: () => import('./hand-over-page.tsx'),
  },
];
