import type { Screen } from '../app/screen.ts';

export const messagesScreens: readonly Screen[] = [
  {
    path: '/messages',
    title: 'messages.title',
    least: 'operator',
    usesMail: 'incoming',
    load: () => import('./messages-list.tsx'),
  },
  {
    path: '/messages/$id',
    title: 'messages.title',
    least: 'user',
    usesMail: 'incoming',
    load: () => import('./message-page.tsx'),
  },
];
