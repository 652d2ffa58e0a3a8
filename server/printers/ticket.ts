/** Our options as Job Template attributes of RFC 8011 section 5.2, limited to what the printer says it can do. */
import { enumeration, type IppValue, integer, keyword, name, range } from '../protocols/ipp/message.ts';
import type { PrinterCapabilities, PrintOptions } from './printer.ts';

export type Ticket = {
  readonly template: ReadonlyMap<string, readonly IppValue[]>;
  /** Attributes that were asked for and that this printer cannot do. */
  readonly ignored: readonly string[];
};

type Wish =
  | { readonly kind: 'attribute'; readonly attribute: string; readonly values: readonly IppValue[] }
  /** Holds without being said: one copy, or one side at a printer that knows no other. */
  | { readonly kind: 'given' }
  | { readonly kind: 'impossible'; readonly attribute: string };

const attribute = (name: string, ...values: IppValue[]): Wish => ({ kind: 'attribute', attribute: name, values });
const impossible = (name: string): Wish => ({ kind: 'impossible', attribute: name });
const GIVEN: Wish = { kind: 'given' };

/** Makes the ticket of a job. Without capabilities nothing is asked of the printer, and all wishes are impossible. */
export function makeTicket(capabilities: PrinterCapabilities | null, options: PrintOptions): Ticket {
  const wishes = [
    wishCopies(capabilities, options),
    wishSides(capabilities, options),
    wishColor(capabilities, options),
    wishMedia(capabilities, options),
    wishPages(capabilities, options),
    ...wishFinishings(capabilities, options),
  ];
  return {
    template: new Map(wishes.flatMap((wish) => (wish.kind === 'attribute' ? [[wish.attribute, wish.values]] : []))),
    ignored: [...new Set(wishes.flatMap((wish) => (wish.kind === 'impossible' ? [wish.attribute] : [])))],
  };
}

function wishCopies(capabilities: PrinterCapabilities | null, { copies = 1 }: PrintOptions): Wish {
  const supported = capabilities?.copies;
  if (supported && copies >= supported.min && copies <= supported.max) return attribute('copies', integer(copies));
  return copies === 1 ? GIVEN : impossible('copies');
}

function wishSides(capabilities: PrinterCapabilities | null, { sides }: PrintOptions): Wish {
  if (sides === undefined) return GIVEN;
  const supported = capabilities?.sides ?? [];
  if (supported.includes(sides)) return attribute('sides', keyword(sides));
  return sides === 'one-sided' && supported.length === 0 ? GIVEN : impossible('sides');
}

function wishColor(capabilities: PrinterCapabilities | null, { color }: PrintOptions): Wish {
  if (color === undefined) return GIVEN;
  const modes = capabilities?.colorModes ?? [];
  if (modes.includes(color)) return attribute('print-color-mode', keyword(color));
  // A printer that has color but no word for it prints a colored document in color when it may choose (PWG 5100.13).
  if (color === 'color' && capabilities?.isColor === true) {
    return modes.includes('auto') ? attribute('print-color-mode', keyword('auto')) : GIVEN;
  }
  return color === 'monochrome' && capabilities?.isColor === false ? GIVEN : impossible('print-color-mode');
}

function wishMedia(capabilities: PrinterCapabilities | null, { media }: PrintOptions): Wish {
  if (media === undefined) return GIVEN;
  if (!capabilities?.media.supported.includes(media)) return impossible('media');
  return attribute('media', /^[a-z0-9._-]+$/.test(media) ? keyword(media) : name(media));
}

function wishPages(capabilities: PrinterCapabilities | null, { pageRanges = [] }: PrintOptions): Wish {
  const ranges = joinRanges(pageRanges);
  if (ranges.length === 0) return GIVEN;
  if (!capabilities?.takesPageRanges) return impossible('page-ranges');
  return attribute('page-ranges', ...ranges.map(({ from, to }) => range(from, to)));
}

/** RFC 8011 section 5.2.6 and PWG 5100.1: where the printer wants to know the corner or the edge, the usual one. */
const FINISHINGS = { staple: [4, 20, 21, 22, 23, 28], punch: [5, 74, 82, 78, 86, 70] } as const;
const NO_FINISHING = 3;

function wishFinishings(capabilities: PrinterCapabilities | null, { finishings }: PrintOptions): Wish[] {
  if (finishings === undefined) return [];
  const supported = capabilities?.finishings ?? [];
  if (finishings.length === 0) {
    return supported.includes(NO_FINISHING) ? [attribute('finishings', enumeration(NO_FINISHING))] : [];
  }
  const found = finishings.map((finishing) => FINISHINGS[finishing].find((value) => supported.includes(value)));
  const values = found.filter((value) => value !== undefined).map(enumeration);
  return [
    ...(values.length === 0 ? [] : [attribute('finishings', ...values)]),
    ...(values.length === finishings.length ? [] : [impossible('finishings')]),
  ];
}

/** RFC 8011 section 5.2.7: ranges ascend and do not overlap. */
export function joinRanges(pageRanges: NonNullable<PrintOptions['pageRanges']>): { from: number; to: number }[] {
  const joined: { from: number; to: number }[] = [];
  for (const { from, to } of [...pageRanges].sort((left, right) => left.from - right.from)) {
    const last = joined.at(-1);
    if (last && from <= last.to + 1) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}
