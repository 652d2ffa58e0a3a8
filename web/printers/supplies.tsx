/** Toner, ink and containers of waste: a bar for each where the printer measures it, and words where it does not. */
import { useTranslation } from 'react-i18next';
import { State } from '../ui/state.tsx';
import { plain } from '../ui/words.ts';
import type { Printer } from './printer.ts';

type Supply = Printer['supplies'][number];

export function Supplies({ supplies }: { readonly supplies: readonly Supply[] }) {
  const { t } = useTranslation();
  if (supplies.length === 0) return <p className="hint">{t('printers.suppliesUntold')}</p>;
  return (
    <ul className="supplies">
      {supplies.map((supply, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two supplies of a printer may have the same name.
        <li key={place}>
          <span className="supply-name">{plain(supply.name)}</span>
          <Level supply={supply} />
          <Words supply={supply} />
        </li>
      ))}
    </ul>
  );
}

/** A picture of what the words beside it say. */
function Level({ supply }: { readonly supply: Supply }) {
  const { level, colors } = supply;
  if (level === null) return <span />;
  const background = colors.length > 1 ? `linear-gradient(90deg, ${colors.join(', ')})` : colors[0];
  return (
    <div className="level" aria-hidden="true">
      <div className="level-bar" style={{ width: `${level}%`, ...(background === undefined ? {} : { background }) }} />
    </div>
  );
}

function Words({ supply }: { readonly supply: Supply }) {
  const { t, i18n } = useTranslation();
  const { level, measure, isWaste, isDue } = supply;
  if (level === null)
    return <span className="hint">{t(`supply.${isWaste && measure === 'some-left' ? 'not-full' : measure}`)}</span>;
  const percent = new Intl.NumberFormat(i18n.language, { style: 'percent' }).format(level / 100);
  const words = isWaste ? t('supply.full', { percent }) : percent;
  return isDue ? (
    <State tone="warning" word={`${words} · ${t(isWaste ? 'supply.soonFull' : 'supply.soonEmpty')}`} />
  ) : (
    <span>{words}</span>
  );
}

/** For a line of a list: what will need a person soon. */
export function dueSupplies(supplies: readonly Supply[]): readonly string[] {
  return supplies.filter(({ isDue }) => isDue).map(({ name }) => plain(name));
}
