import type { Screen } from '../app/screen.ts';

export const aboutScreens: readonly Screen[] = [
  { path: '/settings/about', title: 'nav.about', least: 'operator', load: () => import('./about-page.tsx') },
];
