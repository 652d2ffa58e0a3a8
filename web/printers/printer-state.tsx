/** The state of a printer in words, with what keeps it from printing. */
import { useTranslation } from 'react-i18next';
import { State } from '../ui/state.tsx';
import { needWords, type Printer, reasonsInWords, STATE_TONES } from './printer.ts';

export function PrinterState({ printer }: { readonly printer: Printer }) {
  const { t } = useTranslation();
  const { state, reasons, waitsFor, problem } = printer;
  const isBusy = state === 'processing';
  const words = problem === null ? reasonsInWords(t, reasons) : [problem.title];
  return (
    <div>
      {isBusy && waitsFor.length > 0 ? (
        <State tone="warning" word={needWords(t, waitsFor)} />
      ) : (
        <State tone={STATE_TONES[state]} word={t(`printerState.${state}`)} />
      )}
      {words.length === 0 ? null : <div>{words.join(' · ')}</div>}
    </div>
  );
}
