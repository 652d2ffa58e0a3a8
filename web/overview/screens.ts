import type { Screen } from '../app/screen.ts';

export const overviewScreens: readonly Screen[] = [
  { path: '/', title: 'nav.overview', least: 'user', usesMail: 'both', load: () => import('./overview.tsx') },
];
