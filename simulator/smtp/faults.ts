/**
 * The ways in which Exchange, or the network before it, fails over SMTP. A fault is armed here for a moment of the
 * conversation and fires as often as it was told; others come with an address, by the name before the `@`, so that a
 * demo can steer the server with nothing but the recipient it writes to.
 */
import { BOUNCE, LOGIN, RECIPIENT, type Stamp, SUBMISSION, type Who, type Wording } from './replies.ts';
import type { LossOfConnection } from './wire.ts';

/** The moments, in the order of a conversation; `content` is in the middle of the bytes, `end-of-data` after the dot. */
export const PHASES = [
  'connect',
  'ehlo',
  'starttls',
  'auth',
  'mail',
  'rcpt',
  'data',
  'content',
  'end-of-data',
  'rset',
  'noop',
  'quit',
] as const;
export type Phase = (typeof PHASES)[number];

/** What happens instead of the usual answer, or (delay) before it, or (bounce) after it to the recipient. */
export type Deed =
  | { readonly kind: 'reply'; readonly text: Wording }
  | { readonly kind: 'lose'; readonly how: LossOfConnection }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'bounce'; readonly words: string };

type Moment = {
  readonly phase: Phase;
  /** Only at the end of the data: `after` means that the message has been accepted, and only the answer fails. */
  readonly when: 'before' | 'after';
  /** At `content`: how many bytes of the message come through first. */
  readonly afterBytes: number;
};
export type Fault = Moment & { readonly deed: Deed };

/** A fault as it is asked for: by name, or a moment with one deed. */
export type SmtpFault = {
  readonly named?: string;
  readonly phase?: Phase;
  readonly reply?: string;
  readonly drop?: true;
  readonly hang?: true;
  readonly reset?: true;
  readonly delayMs?: number;
  readonly when?: 'before' | 'after';
  readonly afterBytes?: number;
  /** Only where this address is the login, the sender or a recipient. */
  readonly address?: string;
  /** How often it fires; 1 when not given. */
  readonly times?: number;
};

type Named = Fault & {
  /** How often it fires for one message or address, unless `+n` behind the name says otherwise. */
  readonly times: number;
  /** What the `+n` counts. */
  readonly detail: 'times' | 'seconds';
};

const ALWAYS = Number.POSITIVE_INFINITY;
const DEFAULT_SLOW_MS = 10_000;
const MAX_DELAY_MS = 60 * 60_000;
const CONTENT_BEFORE_LOSS_BYTES = 1000;

function at(phase: Phase, deed: Deed, more: Partial<Named> = {}): Named {
  return { phase, deed, when: 'before', afterBytes: 0, times: ALWAYS, detail: 'times', ...more };
}

const reply = (text: Wording): Deed => ({ kind: 'reply', text });
const refusal = (text: string): Deed => reply(() => text);
const lose = (how: LossOfConnection): Deed => ({ kind: 'lose', how });
const bounce = (words: string): Deed => ({ kind: 'bounce', words });
/** A line that breaks the second time as well would never show what a retry does. */
const ONCE = { times: 1 } as const;

const NAMED: ReadonlyMap<string, Named> = new Map([
  // As the mailbox that logs in.
  ['token-refused', at('auth', reply(LOGIN.failed))],
  ['smtp-auth-disabled', at('auth', reply(LOGIN.mailboxDisabled))],
  ['smtp-tenant-disabled', at('auth', reply(LOGIN.tenantDisabled))],
  ['basic-disabled', at('auth', reply(LOGIN.passwordsDisabled))],
  ['basic-retired', at('auth', reply(LOGIN.passwordsRetired))],
  ['security-defaults', at('auth', reply(LOGIN.securityDefaults))],
  ['conditional-access', at('auth', reply(LOGIN.conditionalAccess))],
  ['mailbox-gone', at('auth', reply(LOGIN.noMailbox))],
  // As a recipient.
  ['unknown-user', at('rcpt', refusal(RECIPIENT.unknown))],
  ['too-many', at('rcpt', refusal(RECIPIENT.tooMany))],
  ['recip-limit', at('rcpt', refusal(RECIPIENT.limit))],
  ['temp-451', at('rcpt', refusal(RECIPIENT.temporary))],
  ['unknown-4xx', at('rcpt', refusal('499 4.9.99 A reply that nobody has written down'))],
  ['unknown-5xx', at('rcpt', refusal('599 5.9.99 A reply that nobody has written down'))],
  // As login, sender or recipient, when the message has come whole.
  ['busy', at('end-of-data', reply(SUBMISSION.concurrent))],
  ['throttled', at('end-of-data', reply(SUBMISSION.threadLimit))],
  ['logon-failure', at('end-of-data', reply(SUBMISSION.logonFailure))],
  ['send-as-denied', at('end-of-data', reply(SUBMISSION.sendAsDenied))],
  ['send-as-denied-older', at('end-of-data', reply(SUBMISSION.sendAsDeniedOlder))],
  ['send-as-refused', at('end-of-data', reply(SUBMISSION.sendAsRefused))],
  ['quota', at('end-of-data', reply(SUBMISSION.quota))],
  ['tenant-limit', at('end-of-data', reply(SUBMISSION.tenantLimit))],
  ['blocked-sender', at('end-of-data', reply(SUBMISSION.blockedSender))],
  ['mailbox-full', at('end-of-data', reply(SUBMISSION.mailboxFull))],
  ['too-large', at('end-of-data', reply(SUBMISSION.tooLarge))],
  ['slow', at('end-of-data', { kind: 'delay', ms: DEFAULT_SLOW_MS }, { detail: 'seconds' })],
  ['drops-in-data', at('content', lose('close'), { ...ONCE, afterBytes: CONTENT_BEFORE_LOSS_BYTES })],
  ['drops-after-data', at('end-of-data', lose('close'), ONCE)],
  ['resets-after-data', at('end-of-data', lose('reset'), ONCE)],
  ['hangs-after-data', at('end-of-data', lose('hang'), ONCE)],
  ['drops-before-answer', at('end-of-data', lose('close'), { ...ONCE, when: 'after' })],
  ['resets-before-answer', at('end-of-data', lose('reset'), { ...ONCE, when: 'after' })],
  ['hangs-before-answer', at('end-of-data', lose('hang'), { ...ONCE, when: 'after' })],
  // As a recipient: accepted, and a non-delivery report comes later.
  ['bounces', at('end-of-data', bounce(BOUNCE.unknown), { when: 'after' })],
  ['recipient-rate', at('end-of-data', bounce(BOUNCE.recipientRate), { when: 'after' })],
  ['bounces-blocked', at('end-of-data', bounce(BOUNCE.blockedSender), { when: 'after' })],
]);

export const FAULT_NAMES: readonly string[] = [...NAMED.keys()];

export type Occasion = {
  readonly phase: Phase;
  readonly when?: 'before' | 'after';
  /** Addresses that may bring a fault with them. */
  readonly bringing: readonly string[];
  /** All addresses of the moment, for faults that were armed for one. */
  readonly present: readonly string[];
  /** What makes this message the same one when it comes again. */
  readonly identity?: string;
};

type Armed = {
  readonly given: SmtpFault;
  readonly fault: Fault;
  readonly ended: AbortController;
  left: number;
  fired: number;
};
/** A fault that happens now; `ended` cuts a delay short. */
export type TakenFault = Fault & { readonly ended?: AbortSignal };
export type FaultReport = { readonly fault: SmtpFault; readonly left: number; readonly fired: number };

export class Faults {
  #armed: Armed[] = [];
  readonly #brought = new Map<string, number>();

  /** Throws when it is no fault, and says what is wrong. */
  add(given: SmtpFault): void {
    this.#armed.push({
      given,
      fault: readFault(given),
      ended: new AbortController(),
      left: given.times ?? 1,
      fired: 0,
    });
  }

  /** Takes one away that was armed with this very object; what waits because of it goes on at once. */
  end(given: SmtpFault): void {
    for (const armed of this.#armed.filter((one) => one.given === given)) armed.ended.abort();
    this.#armed = this.#armed.filter((one) => one.given !== given);
  }

  /** Also lets the faults that came with an address start again. */
  clear(): void {
    this.#armed = [];
    this.#brought.clear();
  }

  /** All that were armed, also the used ones: a test can see whether its fault has fired. */
  list(): FaultReport[] {
    return this.#armed.map(({ given, left, fired }) => ({ fault: given, left, fired }));
  }

  /** The armed fault of this occasion, or the one that an address brings; it counts as fired. Bounces are asked apart. */
  take(occasion: Occasion): TakenFault | undefined {
    const armed = this.#armed.find(({ given, fault, left }) => {
      const isHere = given.address === undefined || occasion.present.some((one) => isSame(one, given.address));
      return left > 0 && isHere && fault.deed.kind !== 'bounce' && fits(fault, occasion);
    });
    if (armed) {
      armed.left -= 1;
      armed.fired += 1;
      return { ...armed.fault, ended: armed.ended.signal };
    }
    return this.#takeBrought(occasion);
  }

  #takeBrought(occasion: Occasion): Fault | undefined {
    for (const address of occasion.bringing) {
      const { named, detail } = broughtBy(address);
      if (!named || named.deed.kind === 'bounce' || !fits(named, occasion)) continue;
      if (named.deed.kind === 'delay') {
        const seconds = Number(detail);
        return seconds > 0 ? { ...named, deed: { kind: 'delay', ms: Math.min(seconds * 1000, MAX_DELAY_MS) } } : named;
      }
      const times = detail === 'always' ? ALWAYS : /^\d+$/.test(detail ?? '') ? Number(detail) : named.times;
      const key = `${address.toLowerCase()} ${occasion.identity ?? ''}`;
      const fired = this.#brought.get(key) ?? 0;
      if (fired >= times) continue;
      if (times !== ALWAYS) this.#brought.set(key, fired + 1);
      return named;
    }
    return undefined;
  }

  /** The words of the non-delivery report for this recipient, if one will come. */
  takeBounce(recipient: string): string | undefined {
    const armed = this.#armed.find(({ given, fault, left }) => {
      return (
        left > 0 && fault.deed.kind === 'bounce' && (given.address === undefined || isSame(recipient, given.address))
      );
    });
    if (armed) {
      armed.left -= 1;
      armed.fired += 1;
    }
    const deed = armed?.fault.deed ?? broughtBy(recipient).named?.deed;
    return deed?.kind === 'bounce' ? deed.words : undefined;
  }
}

function fits(fault: Fault, occasion: Occasion): boolean {
  return fault.phase === occasion.phase && fault.when === (occasion.when ?? 'before');
}

function isSame(address: string, other: string | undefined): boolean {
  return address.toLowerCase() === other?.toLowerCase();
}

/** `busy+2@practice.example` brings the fault `busy`, twice. */
function broughtBy(address: string): { named: Named | undefined; detail: string | undefined } {
  const [name = '', detail] = address.slice(0, address.lastIndexOf('@')).toLowerCase().split('+', 2);
  return { named: NAMED.get(name), detail };
}

export function wordsOf(deed: Deed & { kind: 'reply' }, stamp: Stamp, who: Who): string {
  return deed.text(stamp, who);
}

function readFault(given: SmtpFault): Fault {
  const { named, phase, when = 'before', afterBytes = 0 } = given;
  if (named !== undefined) {
    const known = NAMED.get(named);
    if (!known) throw new Error(`named must be one of ${FAULT_NAMES.join(', ')}`);
    if (Object.keys(given).some((field) => !['named', 'address', 'times'].includes(field))) {
      throw new Error('a named fault takes only address and times beside its name');
    }
    return known;
  }
  if (phase === undefined || !PHASES.includes(phase)) throw new Error(`phase must be one of ${PHASES.join(', ')}`);
  const deeds: Deed[] = [];
  if (given.reply !== undefined) deeds.push(refusal(given.reply));
  if (given.delayMs !== undefined) deeds.push({ kind: 'delay', ms: given.delayMs });
  if (given.drop) deeds.push(lose('close'));
  if (given.hang) deeds.push(lose('hang'));
  if (given.reset) deeds.push(lose('reset'));
  const [deed] = deeds;
  if (!deed || deeds.length > 1) throw new Error('a fault has exactly one of reply, drop, hang, reset and delayMs');
  if (when === 'after' && phase !== 'end-of-data') throw new Error('when=after is only for the phase end-of-data');
  if (phase === 'content' && deed.kind !== 'lose') throw new Error('at content the connection can only be lost');
  return { phase, when, afterBytes, deed };
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '' && value.length <= 4000;
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isTrue = (value: unknown): boolean => value === true;

const FIELDS: Readonly<Record<keyof SmtpFault, (value: unknown) => boolean>> = {
  named: isText,
  phase: isText,
  reply: (value) => isText(value) && /^[245]\d\d[ -][^\r\n]*(?:\r\n[245]\d\d[ -][^\r\n]*)*$/.test(value as string),
  drop: isTrue,
  hang: isTrue,
  reset: isTrue,
  delayMs: (value) => isCount(value) && (value as number) <= MAX_DELAY_MS,
  when: (value) => value === 'before' || value === 'after',
  afterBytes: isCount,
  address: isText,
  times: isCount,
};

/** Reads a fault from the control surface. Throws when it is none, and says what is wrong. */
export function parseFault(body: Readonly<Record<string, unknown>>): SmtpFault {
  for (const [name, value] of Object.entries(body)) {
    if (!Object.hasOwn(FIELDS, name)) throw new Error(`a fault has no field ${name}`);
    if (!FIELDS[name as keyof SmtpFault](value)) throw new Error(`field ${name} of the fault is not valid`);
  }
  return body as SmtpFault;
}
