import type { Screen } from '../app/screen.ts';

export const outboxScreens: readonly Screen[] = [
  {
    path: '/outbox',
    title: 'nav.outbox',
    least: 'operator',
    usesMail: 'outgoing',
    load: () => import('./outbox-list.tsx'),
  },
  {
    path: '/outbox/$id',
    title: 'nav.outbox',
    least: 'operator',
    usesMail: 'outgoing',
    load: () => import('./message-page.tsx'),
  },
];
