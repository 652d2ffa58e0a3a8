/** Above everything while the server does not answer: when it is tried again. The page stays, and typing goes on. */
import { Button, Portal } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Lost, useLost } from '../../app/live.tsx';
import { ToneIcon, toneStyle } from '../../ui/state.tsx';
import { useNow } from '../../ui/when.tsx';
import { useOff } from './buttons.ts';

const WHY_ID = 'lost-why';
/** These only close something. */
const FREE = ['action.cancel', 'action.close', 'form.stay', 'form.close'] as const;

export function LostBar() {
  const { t } = useTranslation();
  const lost = useLost();
  const isOff = lost !== undefined;
  const [isAsked, setAsked] = useState(false);
  useEffect(() => {
    if (!isOff) setAsked(false);
  }, [isOff]);
  const onRefused = () => setAsked(true);
  useOff({ isOff, whyId: WHY_ID, why: t('error.noAnswer'), free: FREE.map((key) => t(key)), onRefused });
  // Nor by a key or by the way back: the next page may not have been loaded yet, and there would be nothing to show.
  useBlocker({
    disabled: !isOff,
    enableBeforeUnload: false,
    shouldBlockFn: ({ current, next }) => {
      const isLeft = current.pathname !== next.pathname;
      if (isLeft) onRefused();
      return isLeft;
    },
  });
  // The place of what is read aloud is there before there is anything to read.
  return (
    <Portal>
      <div role="status" className="quiet">
        {isOff ? t('live.lost') : ''} {isAsked ? t('live.stays') : ''}
      </div>
      {isOff ? <Countdown lost={lost} isAsked={isAsked} /> : null}
    </Portal>
  );
}

type CountdownProps = {
  readonly lost: Lost;
  /** Somebody wanted to go on meanwhile. */
  readonly isAsked: boolean;
};

function Countdown({ lost: { nextTryAt, tryNow }, isAsked }: CountdownProps) {
  const { t } = useTranslation();
  const now = useNow(500);
  const seconds = Math.max(0, Math.ceil((nextTryAt - now.getTime()) / 1000));
  return (
    <section className="lostbar" style={toneStyle('broken')} aria-label={t('error.noAnswer')}>
      <ToneIcon tone="broken" />
      {/* Read aloud the seconds would never end. */}
      <span aria-hidden="true">
        <span>{t('live.again', { seconds })}</span>
        {isAsked ? <span className="stays">{t('live.stays')}</span> : null}
      </span>
      <span id={WHY_ID} className="quiet">
        {t('error.noAnswer')}
      </span>
      <Button variant="default" size="compact-md" data-needs-nobody onClick={tryNow}>
        {t('action.retry')}
      </Button>
    </section>
  );
}
