import type { Screen } from '../app/screen.ts';

export const releaseScreens: readonly Screen[] = [
  {
    path: '/printers/$id/release',
    title: 'release.title',
    least: 'public',
    frame: 'bare',
    load: () => import('./release-page.tsx'),
  },
  {
    path: '/printers/$id/sticker',
    title: 'release.sticker',
    least: 'operator',
    load: () => import('./sticker.tsx'),
  },
];
