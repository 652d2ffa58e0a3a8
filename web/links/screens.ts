import type { Screen } from '../app/screen.ts';

export const linksScreens: readonly Screen[] = [
  { path: '/links', title: 'links.title', least: 'public', frame: 'bare', load: () => import('./link-page.tsx') },
];
