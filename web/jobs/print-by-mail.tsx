/** How to print by mail, in a few sentences, for the person who prints: where to, how it is wished for, how it comes out. */
import { useTranslation } from 'react-i18next';
import { useMailAddresses } from './mail-to.tsx';

/** Nothing where no mailbox is read. */
export function PrintByMail() {
  const { t } = useTranslation();
  const addresses = useMailAddresses();
  if (addresses.length === 0) return null;
  return (
    <details className="card mail-how">
      <summary>{t('mailTo.how')}</summary>
      <ol>
        <li>{t('mailTo.send')}</li>
        <li>
          {t('mailTo.options', { example: t('mailTo.example') })}
          <Words />
        </li>
        {addresses.some(({ mode }) => mode === 'hold') ? <li>{t('mailTo.release')}</li> : null}
        {addresses.some(({ mode }) => mode === 'direct') ? <li>{t('mailTo.atOnce')}</li> : null}
      </ol>
    </details>
  );
}

/** In the reader’s language; those of the other one are understood too. */
function Words() {
  const { t } = useTranslation();
  const words = {
    copies: t('jobOption.copies', { count: 2 }),
    sides: t('jobOption.two-sided-long-edge'),
    gray: t('jobOption.monochrome'),
    pages: t('jobOption.pages', { pages: '1–3' }),
    paper: t('mailTo.onPaper', { paper: 'A3' }),
    staple: t('jobOption.staple'),
  };
  return (
    <dl className="facts">
      {Object.entries(words).map(([word, meaning]) => (
        <div key={word} className="fact">
          <dt className="words">{t(`mailTo.words.${word}`)}</dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}
