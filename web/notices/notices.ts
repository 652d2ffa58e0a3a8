/** The rules of notices as the server tells them. */
import type { paths } from '../api/schema.ts';

export type Notices = paths['/notices']['get']['responses'][200]['content']['application/json'];
export type NoticeEvent = keyof Notices['rules'];
export type Rule = Notices['rules'][NoticeEvent];
export type Way = NonNullable<Rule['ways']>[number];

export const KEY = ['notices'] as const;
export const WAYS: readonly Way[] = ['webhook', 'server'];
