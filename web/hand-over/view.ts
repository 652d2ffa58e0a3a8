/** What the server tells the owner of a mailbox about the one sign-in that was handed over. */
import type { paths } from '../api/schema.ts';

export type OwnersView = paths['/hand-over']['post']['responses'][200]['content']['application/json'];
export type OwnersLogin = NonNullable<OwnersView['login']>;

/** Told in the language of the page, so kept by it. */
export function viewKey(language: string): readonly string[] {
  return ['hand-over', language];
}
