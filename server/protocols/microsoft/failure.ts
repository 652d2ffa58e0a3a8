/** What is known of one failure of Microsoft 365 beside its texts. Pure knowledge: it knows no Platen and no language. */
import type { Command } from './commands.ts';
import type { Place } from './places.ts';

/** Who can cure it; the texts stand under `explain.who`. */
export type Who =
  | 'mailbox-owner'
  | 'entra-administrator'
  | 'exchange-administrator'
  | 'license-administrator'
  | 'network-administrator'
  | 'platen-administrator'
  | 'sender'
  | 'microsoft'
  | 'project'
  | 'nobody';

/** Does it go away by itself, and when; the texts stand under `explain.waiting`. */
export type Waiting = 'no' | 'minutes' | 'hour' | 'day' | 'normal';

export type Cure = {
  readonly who: Who;
  readonly waiting: Waiting;
  readonly place?: Place;
  readonly command?: Command;
};
