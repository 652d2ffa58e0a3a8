/** What became of mail that came in, and why. */
import { useTranslation } from 'react-i18next';
import type { paths } from '../api/schema.ts';
import { State, type Tone } from '../ui/state.tsx';
import { plain } from '../ui/words.ts';

type Arrival = paths['/messages']['get']['responses'][200]['content']['application/json']['items'][number];

const TONES: Readonly<Record<Arrival['outcome'], Tone>> = {
  done: 'ok',
  refused: 'warning',
  failed: 'broken',
  ignored: 'off',
  held: 'held',
};

export function Arrived({ message }: { readonly message: Pick<Arrival, 'outcome' | 'reasonText' | 'jobCount'> }) {
  const { t } = useTranslation();
  const { outcome, reasonText, jobCount } = message;
  return (
    <div>
      <State tone={TONES[outcome]} word={t(`arrived.${outcome}`)} />
      {reasonText === null ? null : <div className="hint">{plain(reasonText)}</div>}
      {outcome === 'done' ? <div className="hint">{t('find.jobs', { count: jobCount })}</div> : null}
    </div>
  );
}
