import type { Screen } from '../app/screen.ts';

export const relayScreens: readonly Screen[] = [
  {
    path: '/devices',
    title: 'nav.devices',
    least: 'operator',
    usesMail: 'outgoing',
    load: () => import('./devices-list.tsx'),
  },
  {
    path: '/devices/new',
    title: 'devices.addTitle',
    least: 'administrator',
    usesMail: 'outgoing',
    load: () => import('./device-new.tsx'),
  },
  {
    path: '/devices/$id',
    title: 'nav.devices',
    least: 'operator',
    usesMail: 'outgoing',
    load: () => import('./device-page.tsx'),
  },
];
