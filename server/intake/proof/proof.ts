/**
 * Says whether the sender of a message is proven by what the mail server of the mailbox wrote into its header. From is
 * a claim that anybody can write; only the last trusted hop is believed, and every doubt counts against the sender.
 *
 *   proven    the domain of From is authenticated: dmarc=pass, or what an administrator has allowed beside it
 *   soft      the server guesses that it may be true
 *   missing   the server says nothing that could be relied on
 *   failed    the server says that it is not true, or what stands there contradicts itself
 */
import type { HeaderLine } from '../../protocols/mime/header-text.ts';
import { exchangeHeaders } from './exchange-headers.ts';
import { type AuthenticationResults, type MethodResult, readHop, readResults } from './results.ts';

/** What is believed, per mailbox. */
export type ProofRules = {
  readonly host: 'exchange-online' | 'other';
  /** Under which name the other host writes its verdicts (RFC 8601 section 2.5); without one it proves nothing. */
  readonly authservId: string | undefined;
  /** Take an explicit `compauth=pass` (reason 1xx) for proof. Exchange Online alone. */
  readonly acceptsCompauth: boolean;
  /** Take mail inside the tenant for proven by X-MS-Exchange-Organization-AuthAs. Exchange Online alone. */
  readonly acceptsInternal: boolean;
  /** Domains whose ARC seals give a hint; never more than a hint. */
  readonly arcSealers: readonly string[];
};

export type ProofReason =
  | 'dmarc-pass'
  | 'compauth-pass'
  | 'internal'
  | 'soft-compauth'
  | 'soft-dmarc'
  | 'no-verdict'
  | 'no-authserv-id'
  | 'verdict-below-edge'
  | 'unreadable-verdict'
  | 'several-verdicts'
  | 'other-domain'
  | 'dmarc-fail'
  | 'compauth-fail'
  | 'no-single-sender';

export type Proof = {
  readonly verdict: 'proven' | 'soft' | 'missing' | 'failed';
  readonly reason: ProofReason;
  /** A chain of trusted forwarders vouches for it: for whoever decides, not for the decision. */
  readonly hint?: 'arc';
};

/** Judges the header of a message from the top down. `address` is the one address of From; none fails. */
export function proveSender(lines: readonly HeaderLine[], address: string | undefined, rules: ProofRules): Proof {
  if (address === undefined) return { verdict: 'failed', reason: 'no-single-sender' };
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  const found = rules.host === 'exchange-online' ? findOfExchange(lines) : findOfOther(lines, rules.authservId);
  const proof = 'reason' in found ? found : judge(found, domain, rules);
  const isHeld = proof.verdict !== 'proven' && proof.verdict !== 'failed';
  if (isHeld && rules.host === 'exchange-online' && rules.acceptsInternal && isInternal(lines)) {
    return { verdict: 'proven', reason: 'internal' };
  }
  const isVouched = proof.verdict !== 'proven' && !('reason' in found) && isSealed(lines, { found, domain, rules });
  return isVouched ? { ...proof, hint: 'arc' } : proof;
}

/** Rule 2: the topmost verdict alone, above the edge, and no other one of the same kind that says something else. */
function findOfExchange(lines: readonly HeaderLine[]): AuthenticationResults | Proof {
  const at = lines.findIndex(({ name }) => name === exchangeHeaders.results);
  if (at === -1) return missing('no-verdict');
  const top = readResults((lines[at] as HeaderLine).value);
  if (top === undefined) return missing('unreadable-verdict');
  // With an authserv-id it was not Exchange that wrote it.
  if (top.authservId !== undefined) return missing('no-verdict');
  const above = lines.slice(0, at).filter(isReceived).map(hopOf);
  const below = lines.slice(at).find(isReceived);
  const isAboveEdge = below !== undefined && exchangeHeaders.edge.test(hopOf(below).by);
  const isTrusted = above.every(
    ({ by, from, address }) =>
      exchangeHeaders.inside.test(by) &&
      !exchangeHeaders.edge.test(by) &&
      exchangeHeaders.inside.test(from) &&
      exchangeHeaders.insideAddress.test(address),
  );
  if (!isAboveEdge || !isTrusted) return missing('verdict-below-edge');
  return agreeing(
    top,
    lines.slice(at + 1).filter(({ name }) => name === exchangeHeaders.results),
    (other) => other.authservId === undefined,
  );
}

/** Rule 1: only verdicts under the configured name, and above the first Received of somebody else. */
function findOfOther(lines: readonly HeaderLine[], authservId: string | undefined): AuthenticationResults | Proof {
  if (authservId === undefined) return missing('no-authserv-id');
  const id = authservId.toLowerCase();
  const isResults = ({ name }: HeaderLine): boolean => name === exchangeHeaders.results;
  const isOurs = (line: HeaderLine): boolean => isResults(line) && readResults(line.value)?.authservId === id;
  // One that cannot be read may be the host's own: what stands below it is then not believed either.
  const at = lines.findIndex((line) => isOurs(line) || (isResults(line) && readResults(line.value) === undefined));
  if (at === -1) return missing('no-verdict');
  if (!isOurs(lines[at] as HeaderLine)) return missing('unreadable-verdict');
  const isTrusted = lines
    .slice(0, at)
    .filter(isReceived)
    .every((line) => isOfHost(hopOf(line).by, id));
  if (!isTrusted) return missing('verdict-below-edge');
  const top = readResults((lines[at] as HeaderLine).value) as AuthenticationResults;
  return agreeing(top, lines.slice(at + 1).filter(isOurs), () => true);
}

/** The host itself, a machine below its name, or one beside it in the same domain. */
function isOfHost(by: string, id: string): boolean {
  const labels = id.split('.');
  const domain = labels.length > 2 ? labels.slice(1).join('.') : id;
  return by === id || by.endsWith(`.${id}`) || by.endsWith(`.${domain}`);
}

function agreeing(
  top: AuthenticationResults,
  others: readonly HeaderLine[],
  counts: (other: AuthenticationResults) => boolean,
): AuthenticationResults | Proof {
  const wanted = sayingOf(top);
  for (const { value } of others) {
    const other = readResults(value);
    if (other === undefined) return { verdict: 'failed', reason: 'several-verdicts' };
    if (counts(other) && sayingOf(other) !== wanted) return { verdict: 'failed', reason: 'several-verdicts' };
  }
  return top;
}

/** What of a verdict decides, to compare two of them. */
function sayingOf({ methods }: AuthenticationResults): string {
  const said = methods
    .filter(({ method }) => method === 'dmarc' || method === 'compauth')
    .map(({ method, result, properties }) => [method, result, properties.get('header.from'), properties.get('reason')]);
  return JSON.stringify(said);
}

/** Rule 3. `spf=pass` and `dkim=pass` say nothing about From and are not looked at. */
function judge({ methods }: AuthenticationResults, domain: string, rules: ProofRules): Proof {
  const dmarc = methods.filter(({ method }) => method === 'dmarc');
  const compauth = methods.filter(({ method }) => method === 'compauth');
  if (dmarc.length > 1 || compauth.length > 1) return { verdict: 'failed', reason: 'several-verdicts' };
  const from = dmarc[0]?.properties.get('header.from');
  if (from !== undefined && from !== domain) return { verdict: 'failed', reason: 'other-domain' };
  if (dmarc[0]?.result === 'fail') return { verdict: 'failed', reason: 'dmarc-fail' };
  const combined = compauth[0];
  if (combined?.result === 'fail') return { verdict: 'failed', reason: 'compauth-fail' };
  if (dmarc[0]?.result === 'pass' && from === domain) return { verdict: 'proven', reason: 'dmarc-pass' };
  if (rules.host === 'exchange-online' && combined !== undefined) {
    const isProof = rules.acceptsCompauth && from === domain && isExplicitPass(combined);
    if (isProof) return { verdict: 'proven', reason: 'compauth-pass' };
    if (combined.result !== 'none') return { verdict: 'soft', reason: 'soft-compauth' };
  }
  if (dmarc[0]?.result === 'bestguesspass') return { verdict: 'soft', reason: 'soft-dmarc' };
  return missing('no-verdict');
}

function isExplicitPass({ result, properties }: MethodResult): boolean {
  return result === 'pass' && exchangeHeaders.explicitReason.test(properties.get('reason') ?? '');
}

/** Rule 4: what Exchange marks as sent inside the tenant; both fields exactly once. */
function isInternal(lines: readonly HeaderLine[]): boolean {
  const valuesOf = (wanted: string): string[] =>
    lines.filter(({ name }) => name === wanted).map(({ value }) => value.trim());
  const [as = '', ...moreAs] = valuesOf(exchangeHeaders.authAs);
  const [source = '', ...moreSources] = valuesOf(exchangeHeaders.authSource);
  if (moreAs.length > 0 || moreSources.length > 0) return false;
  return exchangeHeaders.internal.test(as) && exchangeHeaders.internalSource.test(source);
}

/** Rule 5 (RFC 8617): the trusted verdict says arc=pass, every sealer is known, and the first one saw dmarc=pass. */
function isSealed(
  lines: readonly HeaderLine[],
  asked: { readonly found: AuthenticationResults; readonly domain: string; readonly rules: ProofRules },
): boolean {
  const { found, domain, rules } = asked;
  if (rules.arcSealers.length === 0) return false;
  if (!found.methods.some(({ method, result }) => method === 'arc' && result === 'pass')) return false;
  const sealers = lines
    .filter(({ name }) => name === 'arc-seal')
    .map(({ value }) => /(?:^|;)\s*d\s*=\s*([^;\s]+)/i.exec(value)?.[1]?.toLowerCase() ?? '');
  const known = rules.arcSealers.map((sealer) => sealer.toLowerCase());
  if (sealers.length === 0 || !sealers.every((sealer) => known.includes(sealer))) return false;
  const first = lines
    .filter(({ name }) => name === 'arc-authentication-results')
    .map(({ value }) => /^\s*i\s*=\s*1\s*;(.*)$/is.exec(value)?.[1])
    .find((value) => value !== undefined);
  const seen = first === undefined ? undefined : readResults(first);
  return seen?.methods.some(isPassFor(domain)) === true;
}

function isPassFor(domain: string) {
  return ({ method, result, properties }: MethodResult): boolean =>
    method === 'dmarc' && result === 'pass' && properties.get('header.from') === domain;
}

function missing(reason: ProofReason): Proof {
  return { verdict: 'missing', reason };
}

function isReceived({ name }: HeaderLine): boolean {
  return name === 'received';
}

function hopOf({ value }: HeaderLine) {
  return readHop(value);
}
