/** The rules of notices as the server tells them. */
import { queryOptions } from '@tanstack/react-query';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';

export type Notices = paths['/notices']['get']['responses'][200]['content']['application/json'];
export type NoticeEvent = keyof Notices['rules'];
export type Rule = Notices['rules'][NoticeEvent];
export type Way = NonNullable<Rule['ways']>[number];

export const KEY = ['notices'] as const;
/** The second ways as they are set up, and the alarms that went over them. */
export const alarmQuery = queryOptions({
  queryKey: ['notices', 'alarm'] as const,
  queryFn: () => need(api.GET('/notices/alarm')),
});
export const WAYS: readonly Way[] = ['webhook', 'server'];
