import type { Screen } from '../app/screen.ts';

export const relayScreens: readonly Screen[] = [
  {
    path: '/devices',
    title: 'nav.devices',
    least: 'operator',
    usesMail: true,
    load: () => import('./devices-list.tsx'),
  },
  {
    path: '/devices/new',
    title: 'devices.addTitle',
    least: 'administrator',
    usesMail: true,
    load: () => import('./device-new.tsx'),
  },
  {
    path: '/devices/$id',
    title: 'nav.devices',
    least: 'operator',
    usesMail: true,
    load: () => import('./device-page.tsx'),
  },
];
