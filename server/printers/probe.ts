/** Looks at an address before it becomes a printer: what answers there is shown, and nothing of it is kept. */
import { PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import { IppTargetError, parsePrinterUri } from '../protocols/ipp/target.ts';
import type { Context } from '../store/database.ts';
import type { PrinterCapabilities, PrinterState } from './printer.ts';
import { forgetTransport } from './talk.ts';
import { type Observation, observePrinter } from './watch.ts';

export type PrinterOffer = {
  readonly uri: string;
  readonly state: PrinterState;
  readonly reasons: readonly string[];
  readonly capabilities: PrinterCapabilities | null;
  /** `authorities`, the sha256 of the certificate that was shown, or null without TLS. */
  readonly certificatePin: string | null;
};

type Answered = Extract<Observation, { kind: 'answered' }>;

/**
 * Asks whoever answers at this address what it is; the connection ends with the answer. Throws as `addPrinter` does,
 * except `conflict`.
 */
export async function probePrinter(context: Context, uri: string): Promise<PrinterOffer> {
  const draft = { id: newId(), uri: normalizeUri(uri) };
  try {
    const { state, reasons, capabilities = null, certificatePin } = await observeNew(context, draft);
    return { uri: draft.uri, state, reasons, capabilities, certificatePin };
  } finally {
    await forgetTransport(context, draft.id);
  }
}

/** Asks a printer that no row knows yet. Throws what the observation found wrong. */
export async function observeNew(
  context: Context,
  draft: { readonly id: string; readonly uri: string },
): Promise<Answered> {
  const address = { ...draft, certificatePin: null, capabilities: null };
  const observation = await observePrinter(context, address, { asks: 'everything' });
  if (observation.kind === 'answered') return observation;
  const { code, detail, remote } = observation.problem;
  throw new PlatenError(code, detail, { values: { uri: draft.uri }, ...(remote ? { remote } : {}) });
}

/** The one form of a printer's address. Throws `printer-address-refused`. */
export function normalizeUri(uri: string): string {
  try {
    return parsePrinterUri(uri.trim()).uri;
  } catch (error) {
    if (!(error instanceof IppTargetError)) throw error;
    throw new PlatenError('printer-address-refused', error.message, { cause: error });
  }
}
