/** Whether mail leaves, in a sentence, why not, and how much room Exchange Online leaves. */
import { Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Explained } from '../connections/explained.tsx';
import { State } from '../ui/state.tsx';
import type { Summary } from './message.ts';
import { nextWords } from './next.ts';

export function Verdict({ summary }: { readonly summary: Summary | undefined }) {
  const { t, i18n } = useTranslation();
  if (summary === undefined) return null;
  const { states, headroom } = summary;
  const waiting = (states.queued ?? 0) + (states.active ?? 0) + (states.deferred ?? 0);
  const held = states.held ?? 0;
  const uncertain = states.uncertain ?? 0;
  const isClear = waiting + held + uncertain === 0;
  // Explained once, here, and not on each row; where nothing waits for it, it is no trouble of the outbox.
  const problem = headroom?.problem ?? (isClear ? null : summary.problem);
  const outside = isClear ? null : (headroom?.outside ?? null);
  return (
    <Stack gap={4}>
      {problem === null ? null : <Explained problem={problem} stops={t('network.stops')} />}
      {outside === null ? null : <Explained problem={outside.problem} stops={t('outbox.outsideStops')} />}
      {isClear ? <State tone="ok" word={t('outbox.allSent')} /> : null}
      {held > 0 ? <State tone="held" word={t('outbox.held', { count: held })} /> : null}
      {waiting > 0 ? <State tone="waiting" word={t('outbox.waiting', { count: waiting })} /> : null}
      {uncertain > 0 ? <State tone="warning" word={t('outbox.uncertain', { count: uncertain })} /> : null}
      {typeof headroom?.nextAt === 'string' && !isClear ? (
        <State tone="waiting" word={nextWords(t, i18n.language, { at: headroom.nextAt, code: problem?.code })} />
      ) : null}
      {outside === null ? null : <OutsideNext at={outside.nextAt} />}
      {typeof headroom?.recipientsLeftToday === 'number' ? (
        <span className="hint">{t('outbox.room', { count: headroom.recipientsLeftToday })}</span>
      ) : null}
    </Stack>
  );
}

/** When one message finds out whether mail to outside may leave again. */
function OutsideNext({ at }: { readonly at: string }) {
  const { t, i18n } = useTranslation();
  const time = new Intl.DateTimeFormat(i18n.language, { timeStyle: 'short' }).format(new Date(at));
  return <State tone="waiting" word={t('outbox.outsideNext', { time })} />;
}
