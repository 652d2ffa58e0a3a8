/**
 * The state of a printer: asking for it, and keeping what was learnt.
 *
 * idle, processing, stopped are the printer's own words; unreachable is ours for a printer that gives no usable answer,
 * with the reason as a problem and the last message left in place.
 */
import { isDeepStrictEqual } from 'node:util';
import { type ErrorCode, PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import { record } from '../journal/journal.ts';
import { getPrinterAttributes, type IppCaller } from '../protocols/ipp/client.ts';
import { ippStatus } from '../protocols/ipp/states.ts';
import { IppTargetError, parsePrinterUri } from '../protocols/ipp/target.ts';
import type { Context } from '../store/database.ts';
import type { Problem } from '../store/schema.ts';
import {
  CAPABILITY_ATTRIBUTES,
  chooseVersion,
  type ReadState,
  readCapabilities,
  readState,
  STATE_ATTRIBUTES,
} from './capabilities.ts';
import { attemptLimits, SEEN_STEP_MS } from './limits.ts';
import type { Printer, PrinterCapabilities, PrinterState } from './printer.ts';
import { findPrinterNeeds } from './supplies/needs.ts';
import {
  callerFor,
  failureCodes,
  failureOf,
  forgetTransport,
  type PrinterAddress,
  TRUSTED_AUTHORITIES,
  wordsOf,
} from './talk.ts';

export type Observation =
  | (ReadState & {
      readonly kind: 'answered';
      /** Absent when only the state was asked for. */
      readonly capabilities?: PrinterCapabilities;
      readonly certificatePin: string | null;
    })
  | { readonly kind: 'silent'; readonly problem: Problem & { readonly code: ErrorCode } };

/** Asks a printer for its state, and for its capabilities where `asks` says so. What it does wrong is an observation. */
export async function observePrinter(
  context: Context,
  printer: PrinterAddress,
  question: { readonly asks: 'state' | 'everything'; readonly signal?: AbortSignal },
): Promise<Observation> {
  const { signal } = question;
  const attempt = { ...attemptLimits.question, ...(signal ? { signal } : {}) };
  const problem = (code: ErrorCode, detail: string, more: Pick<Problem, 'remote' | 'facts'> = {}): Observation => ({
    kind: 'silent',
    problem: { code, detail, at: context.clock.now().toISOString(), ...more },
  });
  try {
    const caller = callerFor(context, printer, { attempt });
    const requested = question.asks === 'state' ? STATE_ATTRIBUTES : [...STATE_ATTRIBUTES, ...CAPABILITY_ATTRIBUTES];
    const answer = await ask(caller, requested);
    if (!answer.isSuccess) {
      return problem('printer-refused', `the printer answers ${answer.statusName}`, { remote: wordsOf(answer) });
    }
    const state = readState(answer.printer);
    if (state === undefined) return problem('printer-answer-invalid', 'the printer does not tell its state');
    const { certificate } = answer;
    const certificatePin = certificate ? (certificate.isAuthorized ? TRUSTED_AUTHORITIES : certificate.sha256) : null;
    const learnt = { kind: 'answered' as const, ...state, certificatePin };
    if (question.asks === 'state') return learnt;
    return {
      ...learnt,
      capabilities: readCapabilities(answer.printer, answer.version),
    };
  } catch (error) {
    const failure = failureOf(error);
    const seen = failure.certificate?.sha256;
    const facts = seen ? { facts: { expected: printer.certificatePin ?? '', seen } } : {};
    return problem(failureCodes[failure.kind], failure.message, facts);
  }
}

/** RFC 8011 section 4.1.8: a printer that does not know the version is asked with the older one. */
async function ask(caller: IppCaller, requested: readonly string[]) {
  const answer = await getPrinterAttributes(caller, requested);
  const isTooNew = answer.status === ippStatus['server-error-version-not-supported'] && caller.version === '2.0';
  if (!isTooNew)
    return { ...answer, version: caller.version === '2.0' ? chooseVersion(answer.printer) : ('1.1' as const) };
  return { ...(await getPrinterAttributes({ ...caller, version: '1.1' }, requested)), version: '1.1' as const };
}

/** Writes an observation to the row, and a change of state to the journal, in the transaction of `context.db`. */
export async function keepObservation(context: Context, printer: Printer, observation: Observation): Promise<void> {
  const now = context.clock.now();
  const next = nextState(printer, observation);
  // What it waits for is as good as a state: people ask since when.
  const isAsItWas =
    next.state === printer.state && isDeepStrictEqual(findPrinterNeeds(next), findPrinterNeeds(printer));
  const hasChanged =
    next.state !== printer.state ||
    next.problem?.code !== printer.problem?.code ||
    !isDeepStrictEqual([...next.reasons].sort(), [...printer.reasons].sort());
  const capabilities = observation.kind === 'answered' ? observation.capabilities : undefined;
  const hasNewCapabilities = capabilities !== undefined && !isDeepStrictEqual(capabilities, printer.capabilities);
  const supplies = observation.kind === 'answered' ? observation.supplies : printer.supplies;
  const hasNewSupplies = !isDeepStrictEqual(supplies, printer.supplies);
  const isSeen = observation.kind === 'answered';
  const isSeenLate = isSeen && now.getTime() - (printer.seenAt?.getTime() ?? 0) >= SEEN_STEP_MS;
  // Words alone are shown but not recorded: some printers count pages in them.
  const hasNewWords = next.message !== printer.message || next.problem?.detail !== printer.problem?.detail;
  if (!hasChanged && !hasNewWords && !hasNewCapabilities && !hasNewSupplies && !isSeenLate) return;
  await context.db
    .updateTable('printers')
    .set({
      state: next.state,
      reasons: [...next.reasons],
      message: next.message,
      problem: next.problem === null ? null : JSON.stringify(next.problem),
      ...(isAsItWas ? {} : { state_since: now }),
      ...(isSeen ? { seen_at: now } : {}),
      ...(hasNewSupplies ? { supplies: JSON.stringify(supplies) } : {}),
      ...(hasNewCapabilities ? { capabilities: JSON.stringify(capabilities) } : {}),
      ...(isSeen && printer.certificatePin === null ? { certificate_pin: observation.certificatePin } : {}),
    })
    .where('id', '=', printer.id)
    .execute();
  if (hasChanged)
    await record(context, 'printer-state-changed', { subjectId: printer.id, data: changeOf(printer, next) });
}

type NextState = Pick<Printer, 'state' | 'reasons' | 'message' | 'problem'>;

function nextState(printer: Printer, observation: Observation): NextState {
  if (observation.kind === 'silent') {
    return { state: 'unreachable', reasons: [], message: printer.message, problem: observation.problem };
  }
  const { state, reasons, message } = observation;
  return { state, reasons, message, problem: null };
}

function changeOf(printer: Printer, { state, reasons, message, problem }: NextState): Record<string, unknown> {
  const waiting = { waitsFor: findPrinterNeeds({ state, reasons }), waitedFor: findPrinterNeeds(printer) };
  const told = { name: printer.name, from: printer.state, state, reasons, message, ...waiting };
  return problem === null ? told : { ...told, problem: problem.code, detail: problem.detail };
}

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
