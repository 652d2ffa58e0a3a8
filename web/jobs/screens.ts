import type { Screen } from '../app/screen.ts';

export const jobsScreens: readonly Screen[] = [
  { path: '/jobs', title: 'nav.jobs', least: 'user', load: () => import('./jobs-list.tsx') },
  { path: '/jobs/new', title: 'nav.upload', least: 'user', load: () => import('./upload/upload-page.tsx') },
  { path: '/jobs/$id', title: 'nav.jobs', least: 'user', load: () => import('./job-page.tsx') },
];
