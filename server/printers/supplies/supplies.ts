/**
 * Toner, ink and containers of waste, as a printer tells of them: in the marker attributes that CUPS and most printers
 * use, or as printer-supply, both of PWG 5100.13. What belongs to one supply stands at the same place of each list.
 */
import { findOctetText, findPlacedIntegers, findPlacedText } from '../../protocols/ipp/attributes.ts';
import type { IppAttributes } from '../../protocols/ipp/message.ts';
import { MAX_SUPPLIES, MAX_SUPPLY_NAME, USUAL_LOW_LEVEL } from '../limits.ts';

export const SUPPLY_ATTRIBUTES = [
  'marker-names',
  'marker-types',
  'marker-colors',
  'marker-levels',
  'marker-low-levels',
  'marker-high-levels',
  'printer-supply',
  'printer-supply-description',
] as const;

export type Supply = {
  readonly name: string; // marker-names
  readonly type: string | null; // marker-types
  readonly colors: readonly string[]; // marker-colors, each as #RRGGBB
  /** In percent: how much is left, or how full a container of waste is. */
  readonly level: number | null; // marker-levels
  /** `some-left`: the printer does not measure it, and it is not at its end. */
  readonly measure: 'percent' | 'some-left' | 'unavailable' | 'unknown';
  readonly isWaste: boolean;
  /** Somebody should have a new one at hand. */
  readonly isDue: boolean;
};

type Told = {
  readonly name: string | undefined;
  readonly type: string | undefined;
  readonly colors: readonly string[];
  readonly level: number | undefined;
  readonly low: number | undefined;
  readonly high: number | undefined;
  readonly isWaste: boolean;
};

const PERCENT = { min: 0, max: 100 };
const TYPE = /^[a-z0-9][a-z0-9-]{0,59}$/;
const MAX_COLORS = 4;
const COLORANTS: Readonly<Record<string, string>> = {
  black: '#000000',
  cyan: '#00FFFF',
  magenta: '#FF00FF',
  yellow: '#FFFF00',
};

/** Reads what a printer tells of its supplies; what it tells wrongly reads as not told. */
export function readSupplies(attributes: IppAttributes): readonly Supply[] {
  const markers = readMarkers(attributes);
  const told = markers.length > 0 ? markers : readOctets(attributes);
  return told.slice(0, MAX_SUPPLIES).map(toSupply);
}

function readMarkers(attributes: IppAttributes): readonly Told[] {
  const levels = findPlacedIntegers(attributes, 'marker-levels', { min: -3, max: 100 });
  const names = findPlacedText(attributes, 'marker-names', MAX_SUPPLY_NAME);
  const types = findPlacedText(attributes, 'marker-types', MAX_SUPPLY_NAME);
  const colors = findPlacedText(attributes, 'marker-colors', MAX_SUPPLY_NAME);
  const lows = findPlacedIntegers(attributes, 'marker-low-levels', PERCENT);
  const highs = findPlacedIntegers(attributes, 'marker-high-levels', PERCENT);
  return levels.slice(0, MAX_SUPPLIES).map((level, place) => {
    const type = typeOf(types[place]);
    return {
      name: names[place],
      type,
      colors: [...(colors[place] ?? '').matchAll(/#[0-9a-f]{6}/gi)].map(([color]) => color),
      level,
      low: lows[place],
      high: highs[place],
      isWaste: type?.startsWith('waste') ?? false,
    };
  });
}

/** `index=1;class=supplyThatIsConsumed;type=toner;unit=percent;maxcapacity=100;level=75;colorantname=black;` */
function readOctets(attributes: IppAttributes): readonly Told[] {
  const descriptions = findPlacedText(attributes, 'printer-supply-description', MAX_SUPPLY_NAME);
  return findOctetText(attributes, 'printer-supply')
    .slice(0, MAX_SUPPLIES)
    .map((words, place) => {
      const fields = fieldsOf(words ?? '');
      const color = COLORANTS[fields.get('colorantname')?.toLowerCase() ?? ''];
      return {
        name: descriptions[place],
        // The words of the Printer MIB there are the keywords of the markers in another dress.
        type: typeOf(fields.get('type')?.replaceAll(/([a-z])([A-Z])/g, '$1-$2')),
        colors: color === undefined ? [] : [color],
        level: percentOf(fields),
        low: numberOf(fields.get('lowlevel'), PERCENT),
        high: numberOf(fields.get('highlevel'), PERCENT),
        isWaste: fields.get('class') === 'receptacleThatIsFilled',
      };
    });
}

function fieldsOf(words: string): ReadonlyMap<string, string> {
  const pairs = words.split(';').map((pair) => pair.split('='));
  return new Map(pairs.flatMap(([key, value]) => (key && value !== undefined ? [[key.trim(), value.trim()]] : [])));
}

/** RFC 3805: the level counts up to the capacity, in whatever unit; below zero both are words. */
function percentOf(fields: ReadonlyMap<string, string>): number | undefined {
  const level = numberOf(fields.get('level'), { min: -3, max: 2 ** 31 - 1 });
  const capacity = numberOf(fields.get('maxcapacity'), { min: 1, max: 2 ** 31 - 1 });
  if (level === undefined || level < 0) return level;
  if (capacity !== undefined) return Math.min(100, Math.round((100 * level) / capacity));
  return fields.get('unit') === 'percent' && level <= 100 ? level : undefined;
}

function numberOf(words: string | undefined, { min, max }: { readonly min: number; readonly max: number }) {
  if (words === undefined || !/^-?\d{1,10}$/.test(words)) return undefined;
  const number = Number(words);
  return number >= min && number <= max ? number : undefined;
}

function typeOf(words: string | undefined): string | undefined {
  const type = words?.toLowerCase().replaceAll('_', '-');
  return type !== undefined && TYPE.test(type) ? type : undefined;
}

function toSupply(told: Told, place: number): Supply {
  const { name, type, colors, level, isWaste } = told;
  const percent = level !== undefined && level >= 0 ? level : null;
  return {
    name: name ?? type ?? String(place + 1),
    type: type ?? null,
    colors: colors.slice(0, MAX_COLORS).map((color) => color.toUpperCase()),
    level: percent,
    measure: percent !== null ? 'percent' : level === -3 ? 'some-left' : level === -1 ? 'unavailable' : 'unknown',
    isWaste,
    isDue: percent !== null && isDue(told, percent),
  };
}

/**
 * Printers disagree on whether a container of waste tells how full or how empty it is, so it is due only where the
 * printer says at which level it counts as full.
 */
function isDue({ isWaste, low, high }: Told, percent: number): boolean {
  if (isWaste) return high !== undefined && high > 0 && percent >= high;
  return percent <= (low ?? USUAL_LOW_LEVEL);
}
