/** The state of a message in words, with when it is tried again. */
import { useTranslation } from 'react-i18next';
import { State } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { type Message, STATE_TONES } from './message.ts';

type LookProps = { readonly message: Pick<Message, 'state' | 'problem' | 'dueAt' | 'possiblyTwice'> };

export function MessageLook({ message }: LookProps) {
  const { t } = useTranslation();
  const { state, dueAt, possiblyTwice } = message;
  // Sent, and a server found out later that it cannot be delivered.
  const isReturned = state === 'sent' && message.problem !== null;
  return (
    <div>
      {isReturned ? (
        <State tone="warning" word={t('outbox.returned')} />
      ) : (
        <State tone={STATE_TONES[state]} word={t(`message.${state}`)} />
      )}
      {state === 'deferred' && dueAt !== null ? (
        <div className="hint">
          {t('outbox.next')} <When at={dueAt} />
        </div>
      ) : null}
      {possiblyTwice ? <div className="hint">{t('outbox.twice')}</div> : null}
    </div>
  );
}
