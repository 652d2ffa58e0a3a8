/** How long a permission lasts, drawn: from the sign-in over today to when it may end; each mark is told in words below. */
import { useTranslation } from 'react-i18next';
import type { Connection } from '../connection.ts';
import './time-line.css';

type Expiry = Connection['expiry'];
type Kind = 'begun' | 'now' | 'end' | 'latest';
type Mark = { readonly kind: Kind; readonly at: number };

const HEIGHT = 24;
/** A mark at either end is drawn whole. */
const MARGIN_PERCENT = 2;

export function dayOf(language: string, at: string | number): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'long' }).format(new Date(at));
}

/** Nothing where there is no day to draw. */
export function TimeLine({ expiry }: { readonly expiry: Expiry }) {
  const { t, i18n } = useTranslation();
  const marks = marksOf(expiry, Date.now());
  if (marks === undefined) return null;
  const from = marks[0]?.at ?? 0;
  const span = Math.max(1, (marks.at(-1)?.at ?? 0) - from);
  const placeOf = (at: number) => `${MARGIN_PERCENT + ((at - from) / span) * (100 - 2 * MARGIN_PERCENT)}%`;
  const now = placeOf(marks.find(({ kind }) => kind === 'now')?.at ?? from);
  return (
    <div className="time-line">
      <svg role="img" aria-label={t('expiry.picture')} height={HEIGHT}>
        <line className="past" x1={placeOf(from)} x2={now} y1={HEIGHT / 2} y2={HEIGHT / 2} />
        <line className="coming" x1={now} x2={placeOf(from + span)} y1={HEIGHT / 2} y2={HEIGHT / 2} />
        {marks.map(({ kind, at }) => (
          <svg key={kind} x={placeOf(at)} overflow="visible" aria-hidden="true">
            <Shape kind={kind} />
          </svg>
        ))}
      </svg>
      <ol>
        {marks.map(({ kind, at }) => (
          <li key={kind}>
            <svg width={HEIGHT} height={HEIGHT} viewBox={`${-HEIGHT / 2} 0 ${HEIGHT} ${HEIGHT}`} aria-hidden="true">
              <Shape kind={kind} />
            </svg>
            <span>{t(wordsOf(kind, expiry), { date: dayOf(i18n.language, at) })}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** In the order of time; none before anybody has signed in, or where no end is known at all. */
function marksOf({ signedInAt, at, latestAt }: Expiry, now: number): readonly Mark[] | undefined {
  if (signedInAt === null || (at === null && latestAt === null)) return undefined;
  const days: readonly (readonly [Kind, string | null])[] = [
    ['begun', signedInAt],
    ['now', new Date(now).toISOString()],
    ['end', at],
    ['latest', latestAt],
  ];
  return days
    .flatMap(([kind, day]) => (day === null ? [] : [{ kind, at: Date.parse(day) }]))
    .sort((left, right) => left.at - right.at);
}

const WORDS = { begun: 'expiry.begun', now: 'expiry.now', latest: 'expiry.latest' } as const;

function wordsOf(kind: Kind, expiry: Expiry): string {
  return kind === 'end' ? `expiry.${expiry.kind}` : WORDS[kind];
}

/** Shapes differ, not only colors; the middle is at 0 across and in the middle of the height. */
function Shape({ kind }: { readonly kind: Kind }) {
  if (kind === 'now') return <circle className="mark-now" cx={0} cy={HEIGHT / 2} r={7} />;
  if (kind === 'end') return <path className="mark-end" d="M0 3 9 20H-9Z" />;
  const width = kind === 'begun' ? 3 : 8;
  return <rect className="mark-day" x={-width / 2} y={4} width={width} height={16} />;
}
