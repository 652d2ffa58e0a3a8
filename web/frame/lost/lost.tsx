/** Above everything while the server does not answer: when it is tried again. The page stays, and typing goes on. */
import { Button, Portal } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useLost } from '../../app/live.tsx';
import { ToneIcon, toneStyle } from '../../ui/state.tsx';
import { useNow } from '../../ui/when.tsx';
import { useButtonsOff } from './buttons.ts';

const WHY_ID = 'lost-why';
/** These only close something. */
const FREE = ['action.cancel', 'action.close', 'form.stay', 'form.close'] as const;

export function LostBar() {
  const { t } = useTranslation();
  const lost = useLost();
  const isOff = lost !== undefined;
  useButtonsOff({ isOff, whyId: WHY_ID, why: t('error.noAnswer'), free: FREE.map((key) => t(key)) });
  // The place of what is read aloud is there before there is anything to read.
  return (
    <Portal>
      <div role="status" className="quiet">
        {isOff ? t('live.lost') : ''}
      </div>
      {isOff ? <Countdown nextTryAt={lost.nextTryAt} tryNow={lost.tryNow} /> : null}
    </Portal>
  );
}

function Countdown({ nextTryAt, tryNow }: NonNullable<ReturnType<typeof useLost>>) {
  const { t } = useTranslation();
  const now = useNow(500);
  const seconds = Math.max(0, Math.ceil((nextTryAt - now.getTime()) / 1000));
  return (
    <section className="lostbar" style={toneStyle('broken')} aria-label={t('error.noAnswer')}>
      <ToneIcon tone="broken" />
      {/* Read aloud the seconds would never end. */}
      <span aria-hidden="true">{t('live.again', { seconds })}</span>
      <span id={WHY_ID} className="quiet">
        {t('error.noAnswer')}
      </span>
      <Button variant="default" size="compact-md" data-needs-nobody onClick={tryNow}>
        {t('action.retry')}
      </Button>
    </section>
  );
}
