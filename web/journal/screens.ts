import type { Screen } from '../app/screen.ts';

export const journalScreens: readonly Screen[] = [
  { path: '/journal', title: 'nav.journal', least: 'operator', load: () => import('./journal-list.tsx') },
];
