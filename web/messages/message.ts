/** Messages that came in, as the screens see them. */
import type { paths } from '../api/schema.ts';
import type { Tone } from '../ui/state.tsx';

export type Message = paths['/messages']['get']['responses'][200]['content']['application/json']['items'][number];
export type MessageOutcome = Message['outcome'];
export type MessageStory = paths['/messages/{id}']['get']['responses'][200]['content']['application/json'];

export type MessageStep =
  paths['/messages/{id}/timeline']['get']['responses'][200]['content']['application/json']['items'][number];

export const MESSAGES_KEY = ['messages'] as const;

export const OUTCOMES: readonly MessageOutcome[] = ['done', 'held', 'refused', 'failed', 'ignored'];

export const OUTCOME_TONES: Readonly<Record<MessageOutcome, Tone>> = {
  done: 'ok',
  refused: 'warning',
  failed: 'broken',
  ignored: 'off',
  held: 'held',
};
