import type { Screen } from '../app/screen.ts';

export const connectionsScreens: readonly Screen[] = [
  {
    path: '/settings/connections',
    title: 'nav.connections',
    least: 'operator',
    load: () => import('./connections-list.tsx'),
  },
  {
    path: '/settings/connections/new',
    title: 'connections.addTitle',
    least: 'administrator',
    load: () => import('./add.tsx'),
  },
  {
    path: '/settings/connections/registration',
    title: 'register.title',
    least: 'administrator',
    load: () => import('./register/wizard.tsx'),
  },
  {
    path: '/settings/connections/$id',
    title: 'nav.connections',
    least: 'operator',
    load: () => import('./connection-page.tsx'),
  },
  {
    path: '/settings/connections/$id/device-code',
    title: 'deviceCode.title',
    least: 'administrator',
    load: () => import('./device-code.tsx'),
  },
  {
    path: '/settings/connections/$id/sign-in-link',
    title: 'signInLink.title',
    least: 'administrator',
    load: () => import('./link/sign-in-link.tsx'),
  },
  {
    path: '/settings/connections/$id/hand-over',
    title: 'handOver.act',
    least: 'administrator',
    load: () => import('./hand-over/hand-over.tsx'),
  },
  {
    path: '/settings/connections/$id/check',
    title: 'check.title',
    least: 'operator',
    load: () => import('./check/check-screen.tsx'),
  },
];
