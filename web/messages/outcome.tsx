/** What became of mail that came in, and why. */
import { useTranslation } from 'react-i18next';
import { State } from '../ui/state.tsx';
import { plain } from '../ui/words.ts';
import { type Message, OUTCOME_TONES } from './message.ts';

export function Outcome({ message }: { readonly message: Pick<Message, 'outcome' | 'reasonText' | 'jobCount'> }) {
  const { t } = useTranslation();
  const { outcome, reasonText, jobCount } = message;
  return (
    <div>
      <State tone={OUTCOME_TONES[outcome]} word={t(`arrived.${outcome}`)} />
      {reasonText === null ? null : <div className="hint">{plain(reasonText)}</div>}
      {outcome === 'done' ? <div className="hint">{t('messages.jobs', { count: jobCount })}</div> : null}
    </div>
  );
}
