/** What the page of a printer speaks with the server about. */
import type { paths } from '../api/schema.ts';
import type { Options } from '../jobs/ways.tsx';

type Page = paths['/printers/{id}/release'];
export type Waiting = Page['get']['responses'][200]['content']['application/json'];
export type Released = Page['post']['responses'][200]['content']['application/json'];
export type JobHere = Waiting['jobs'][number];

export type Wish = { readonly jobIds?: string[]; readonly pin?: string; readonly options?: Options };
export type Release = (wish: Wish) => Promise<void>;
