import type { Screen } from '../app/screen.ts';

export const printersScreens: readonly Screen[] = [
  { path: '/printers', title: 'nav.printers', least: 'operator', load: () => import('./printers-list.tsx') },
  { path: '/printers/$id', title: 'nav.printers', least: 'operator', load: () => import('./printer-page.tsx') },
];
