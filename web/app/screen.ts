/** What a screen declares about itself; `screens.ts` lists them all. */
import type { ComponentType } from 'react';
import type { Role } from './session.tsx';

export type Screen = {
  /** In the form of the router: `/jobs/$id`. */
  readonly path: string;
  /** The key of its title. */
  readonly title: string;
  /** The least role that may open it. */
  readonly least: Role | 'public';
  /** `bare`: without navigation, for pages that somebody reaches by a link. */
  readonly frame?: 'shell' | 'bare';
  /** Says above the page when mail does not leave or arrive because a connection is not confirmed. */
  readonly usesMail?: boolean;
  readonly load: () => Promise<{ readonly default: ComponentType }>;
};
