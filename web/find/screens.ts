import type { Screen } from '../app/screen.ts';

export const findScreens: readonly Screen[] = [
  { path: '/find', title: 'find.title', least: 'operator', load: () => import('./find-page.tsx') },
];
