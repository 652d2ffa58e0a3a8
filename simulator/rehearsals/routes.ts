/** Rehearsals over the control surface. */
import type { ControlRoute } from '../control.ts';
import type { Rehearsals } from './rehearsals.ts';

export function rehearsalControlRoutes(rehearsals: Rehearsals): ControlRoute[] {
  const list = () => ({ rehearsals: rehearsals.list() });
  return [
    { method: 'GET', path: '/rehearsals', handler: list },
    {
      method: 'POST',
      path: '/rehearsals',
      handler: ({ name, on, account }) => {
        if (typeof name !== 'string') throw new Error('give the name of a rehearsal');
        if (on === false) rehearsals.end(name);
        else rehearsals.begin(name, typeof account === 'string' ? account : undefined);
        return list();
      },
    },
    {
      method: 'POST',
      path: '/rehearsals/end',
      handler: () => {
        rehearsals.endAll();
        return list();
      },
    },
  ];
}
