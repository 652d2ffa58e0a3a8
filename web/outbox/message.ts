/** Messages of the outbox as the screens see them. */
import { queryOptions } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import type { Tone } from '../ui/state.tsx';

export type Message = paths['/outbox']['get']['responses'][200]['content']['application/json']['items'][number];
export type MessageStory = paths['/outbox/{id}']['get']['responses'][200]['content']['application/json'];
export type MessageState = Message['state'];

export type Summary = paths['/outbox/summary']['get']['responses'][200]['content']['application/json'];

export const OUTBOX_KEY = ['outbox'] as const;

/** Room comes back without an event. */
const LOOK_AGAIN_MS = 15_000;

export const summaryQuery = queryOptions({
  queryKey: [...OUTBOX_KEY, 'summary'],
  queryFn: () => need(api.GET('/outbox/summary')),
  refetchInterval: LOOK_AGAIN_MS,
});

export const STATE_TONES: Readonly<Record<MessageState, Tone>> = {
  queued: 'waiting',
  active: 'waiting',
  deferred: 'warning',
  held: 'held',
  sent: 'ok',
  failed: 'broken',
  uncertain: 'warning',
};

export const STATES = Object.keys(STATE_TONES) as MessageState[];

export function recipientsOf({ recipients }: Pick<Message, 'recipients'>): string {
  return recipients.map(({ address }) => address).join(' · ');
}

/** The server that a message was tried at, and how the line was kept secret. */
export function sessionWords(
  t: TFunction,
  { host, tls }: NonNullable<MessageStory['tries'][number]['session']>,
): string {
  return `${host}, ${tls ?? t('outbox.notEncrypted')}`;
}
