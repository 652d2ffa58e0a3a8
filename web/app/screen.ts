/** What a screen declares about itself; `screens.ts` lists them all. */
import type { ComponentType } from 'react';
import type { Role } from './session.tsx';

/** Mail that leaves, mail that arrives, or both. */
export type MailUse = 'outgoing' | 'incoming' | 'both';

export type Screen = {
  /** In the form of the router: `/jobs/$id`. */
  readonly path: string;
  /** The key of its title. */
  readonly title: string;
  /** The least role that may open it. */
  readonly least: Role | 'public';
  /** `bare`: without navigation, for pages that somebody reaches by a link. */
  readonly frame?: 'shell' | 'bare';
  /** Which mail the page depends on: says above it when a connection that carries it is not confirmed. */
  readonly usesMail?: MailUse;
  readonly load: () => Promise<{ readonly default: ComponentType }>;
};
