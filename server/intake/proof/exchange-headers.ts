/**
 * What Exchange Online writes into a header, as far as the sender's proof depends on it: one page, so that it can be
 * corrected when real mail shows it otherwise. Everything here was read in documents and in examples of others, not in
 * mail of a tenant of our own; whatever does not fit counts as no proof.
 */

export const exchangeHeaders = {
  /** The machine at which mail from outside enters writes itself into Received behind `by`. */
  edge: /\.mail\.protection\.(outlook\.com|partner\.outlook\.cn|office365\.us)$/,
  /** Machines through which a message goes after it has entered. */
  inside:
    /\.(prod\.outlook\.com|prod\.exchangelabs\.com|outlook\.office365\.com|prod\.protection\.outlook\.com|mail\.protection\.outlook\.com|protection\.partner\.outlook\.cn|prod\.partner\.outlook\.cn|protection\.office365\.us|prod\.office365\.us)$/,
  /** Whoever hands a message from machine to machine inside has one of these addresses. */
  insideAddress: /^(10\.|2603:10[0-9a-f]{2}:|2a01:111:)/,
  /** The verdict; Exchange writes no authserv-id into it, against RFC 8601. */
  results: 'authentication-results',
  /** Composite authentication: 1xx is an explicit pass, everything else a guess or a failure. */
  explicitReason: /^1\d\d$/,
  /** Set by Exchange alone; its header firewall takes it out of mail that comes from outside. */
  authAs: 'x-ms-exchange-organization-authas',
  authSource: 'x-ms-exchange-organization-authsource',
  internal: /^internal$/i,
  internalSource: /\.prod\.(outlook\.com|exchangelabs\.com|partner\.outlook\.cn|office365\.us)$/i,
} as const;
