/** What the page of a printer speaks with the server about. */
import type { paths } from '../api/schema.ts';

type Page = paths['/printers/{id}/release'];
export type Waiting = Page['get']['responses'][200]['content']['application/json'];
export type Released = Page['post']['responses'][200]['content']['application/json'];
export type JobHere = Waiting['jobs'][number];
export type Place = Waiting['printer'];

export type Options = {
  readonly copies?: number;
  readonly sides?: 'two-sided-long-edge';
  readonly color?: 'monochrome';
};
export type Wish = { readonly jobIds?: string[]; readonly pin?: string; readonly options?: Options };
export type Release = (wish: Wish) => Promise<void>;

/** How it is to be printed, as the fields have it. */
export type Chosen = { readonly copies: number | string; readonly bothSides: boolean; readonly gray: boolean };
export const NONE_CHOSEN: Chosen = { copies: '', bothSides: false, gray: false };

/** Only what was chosen: the sender's wishes and the queue have the rest. */
export function optionsOf({ copies, bothSides, gray }: Chosen): Options {
  return {
    ...(copies === '' ? {} : { copies: Number(copies) }),
    ...(bothSides ? { sides: 'two-sided-long-edge' } : {}),
    ...(gray ? { color: 'monochrome' } : {}),
  };
}
