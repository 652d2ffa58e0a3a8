/**
 * The ways in which Exchange, or the network before it, fails over IMAP. A fault is armed here and fires when its moment
 * comes: a one-shot fault once (or `times` times), a state for as long as it is armed. Some are chosen by address alone.
 */

type Scope = {
  /** Only for the session of this mailbox. */
  readonly address?: string;
  /** How often it fires; 1 for happenings, without end for states. */
  readonly times?: number;
};

type OfMessage = Scope & { readonly uid?: number; readonly folder?: string };
/** The command without its UID prefix, e.g. `FETCH`; any command when not given. */
type OfCommand = Scope & { readonly command?: string };

/** close: FIN · reset: RST · hang: the connection stays, nothing ever comes again. */
export type LossOfConnection = 'close' | 'reset' | 'hang';
export type ByeReason = 'token-expired' | 'idle' | 'protocol';

export type ImapFault =
  /** The connection is lost after so many bytes of a body. */
  | (OfMessage & { readonly kind: 'cut-fetch'; readonly afterBytes: number; readonly how?: LossOfConnection })
  | (OfMessage & { readonly kind: 'slow-fetch'; readonly bytesPerSecond: number })
  /** The connection is lost without a tagged answer; the move is done (after) or not (before). */
  | (Scope & { readonly kind: 'cut-move'; readonly when: 'before' | 'after'; readonly how?: LossOfConnection })
  /** `NO … failed.` */
  | (OfCommand & { readonly kind: 'refuse' })
  | (OfCommand & { readonly kind: 'lose-connection'; readonly how: LossOfConnection })
  | (OfCommand & { readonly kind: 'bye'; readonly reason: ByeReason })
  | (OfCommand & { readonly kind: 'throttle'; readonly backoffMs: number; readonly answer?: 'BAD' | 'NO' })
  /** A line that is no IMAP at all, then the end; command GREETING puts it in place of the greeting. */
  | (OfCommand & { readonly kind: 'unavailable' })
  /** The tagged answer, word for word: `BAD Command Argument Error. 11`. */
  | (OfCommand & { readonly kind: 'say'; readonly words: `${'NO' | 'BAD'} ${string}` })
  /** IDLE is accepted and never says anything; DONE is answered, or ignored like everything after it. */
  | (Scope & { readonly kind: 'mute-idle'; readonly done?: 'answered' | 'ignored' })
  /** The store cannot convert the message: PEEK gives no data (or the substitute), BODY[] the substitute message. */
  | (OfMessage & { readonly kind: 'substitute'; readonly peek?: 'no-data' | 'substitute' })
  | (OfMessage & { readonly kind: 'malformed-structure' })
  /** RFC822.SIZE tells the truth, as after Set-CASMailbox -ImapEnableExactRFC822Size. */
  | (Scope & { readonly kind: 'exact-size' })
  /** The login is accepted, but there is no mailbox behind it. */
  | (Scope & { readonly kind: 'no-mailbox' })
  | (Scope & { readonly kind: 'refuse-login' });

export type FaultKind = ImapFault['kind'];
export type FaultOf<K extends FaultKind> = Extract<ImapFault, { kind: K }>;
export type Occasion = {
  readonly address?: string | undefined;
  readonly command?: string;
  readonly uid?: number;
  readonly folder?: string;
};

const STATES: ReadonlySet<FaultKind> = new Set([
  'slow-fetch',
  'substitute',
  'malformed-structure',
  'exact-size',
  'no-mailbox',
  'refuse-login',
]);

/** Faults that an address brings with it, in the local part before any `+` or `.`. */
const BY_LOCAL_PART: Readonly<Record<string, ImapFault>> = {
  nomailbox: { kind: 'no-mailbox' },
  'imap-disabled': { kind: 'refuse-login' },
  'imap-throttled': { kind: 'throttle', backoffMs: 299_961, command: 'SELECT' },
  'imap-unavailable': { kind: 'unavailable' },
  'imap-mute-idle': { kind: 'mute-idle' },
};

const BEFORE_SESSION: ReadonlySet<string> = new Set(['GREETING', 'CAPABILITY', 'AUTHENTICATE', 'LOGIN', 'LOGOUT']);

type Armed = { readonly fault: ImapFault; left: number; fired: number };
export type FaultReport = { readonly fault: ImapFault; readonly left: number | 'unlimited'; readonly fired: number };

export class Faults {
  #armed: Armed[] = [];
  readonly #canonicalAddress: (address: string) => string;

  constructor(canonicalAddress: (address: string) => string = (address) => address) {
    this.#canonicalAddress = (address) => canonicalAddress(address).toLowerCase();
  }

  add(fault: ImapFault): void {
    const times = fault.times ?? (STATES.has(fault.kind) ? Number.POSITIVE_INFINITY : 1);
    this.#armed.push({ fault, left: times, fired: 0 });
  }

  clear(): void {
    this.#armed = [];
  }

  /** Forgets the faults of a kind. */
  remove(kind: FaultKind): void {
    this.#armed = this.#armed.filter(({ fault }) => fault.kind !== kind);
  }

  /** All that were armed, also the used ones: a test can see whether its fault has fired. */
  list(): FaultReport[] {
    return this.#armed.map(({ fault, left, fired }) => {
      return { fault, left: Number.isFinite(left) ? left : 'unlimited', fired };
    });
  }

  /** The fault of this kind that fires on this occasion; it counts as used. */
  take<K extends FaultKind>(kind: K, occasion: Occasion): FaultOf<K> | undefined {
    const armed = this.#armed.find(({ fault, left }) => {
      return left > 0 && isOfKind(fault, kind) && this.#isAt(fault.address, occasion) && fits(fault, occasion);
    });
    if (armed) {
      armed.left -= 1;
      armed.fired += 1;
      return armed.fault as FaultOf<K>;
    }
    const localPart = occasion.address?.split(/[@+.]/, 1)[0]?.toLowerCase() ?? '';
    const brought = BY_LOCAL_PART[localPart];
    return brought && isOfKind(brought, kind) && fits(brought, occasion) ? brought : undefined;
  }

  #isAt(address: string | undefined, occasion: Occasion): boolean {
    if (address === undefined) return true;
    if (occasion.address === undefined) return false;
    return this.#canonicalAddress(address) === this.#canonicalAddress(occasion.address);
  }
}

function isOfKind<K extends FaultKind>(fault: ImapFault, kind: K): fault is FaultOf<K> {
  return fault.kind === kind;
}

function fits(fault: ImapFault, occasion: Occasion): boolean {
  // Without a named command a fault waits for the session proper: greeting and login must be named.
  const command = 'command' in fault ? fault.command : undefined;
  if (command === undefined && BEFORE_SESSION.has(occasion.command ?? '')) return false;
  if (command !== undefined && command !== occasion.command) return false;
  if ('uid' in fault && fault.uid !== undefined && fault.uid !== occasion.uid) return false;
  if ('folder' in fault && fault.folder && fault.folder.toLowerCase() !== occasion.folder?.toLowerCase()) return false;
  return true;
}

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === 'string' && value.length <= 1000;
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const oneOf =
  (...allowed: string[]): Check =>
  (value) =>
    allowed.includes(value as string);
const LOSS = oneOf('close', 'reset', 'hang');
const OF_MESSAGE = { uid: isCount, folder: isText };
const OF_COMMAND = { command: isText };

/** The fields of each kind; those with an asterisk must be there. */
const FIELDS: Readonly<Record<FaultKind, Readonly<Record<string, Check>>>> = {
  'cut-fetch': { ...OF_MESSAGE, 'afterBytes*': isCount, how: LOSS },
  'slow-fetch': { ...OF_MESSAGE, 'bytesPerSecond*': (value) => isCount(value) && (value as number) > 0 },
  'cut-move': { 'when*': oneOf('before', 'after'), how: LOSS },
  refuse: OF_COMMAND,
  'lose-connection': { ...OF_COMMAND, 'how*': LOSS },
  bye: { ...OF_COMMAND, 'reason*': oneOf('token-expired', 'idle', 'protocol') },
  throttle: { ...OF_COMMAND, 'backoffMs*': isCount, answer: oneOf('BAD', 'NO') },
  unavailable: OF_COMMAND,
  say: { ...OF_COMMAND, 'words*': (value) => isText(value) && /^(NO|BAD) [ -~]+$/.test(value as string) },
  'mute-idle': { done: oneOf('answered', 'ignored') },
  substitute: { ...OF_MESSAGE, peek: oneOf('no-data', 'substitute') },
  'malformed-structure': OF_MESSAGE,
  'exact-size': {},
  'no-mailbox': {},
  'refuse-login': {},
};

/** Reads a fault from the control surface. Throws when it is none, and says what is wrong. */
export function parseFault(body: unknown): ImapFault {
  if (typeof body !== 'object' || body === null) throw new Error('a fault is an object with a kind');
  const { kind, ...given } = body as Record<string, unknown>;
  if (typeof kind !== 'string' || !Object.hasOwn(FIELDS, kind)) {
    throw new Error(`kind must be one of ${Object.keys(FIELDS).join(', ')}`);
  }
  const fields: Record<string, Check> = { address: isText, times: isCount, ...FIELDS[kind as FaultKind] };
  for (const [name, value] of Object.entries(given)) {
    const check = fields[name] ?? fields[`${name}*`];
    if (!check) throw new Error(`a fault of kind ${kind} has no field ${name}`);
    if (!check(value)) throw new Error(`field ${name} of a fault of kind ${kind} is not valid`);
  }
  for (const name of Object.keys(fields)) {
    if (name.endsWith('*') && !(name.slice(0, -1) in given)) {
      throw new Error(`a fault of kind ${kind} needs the field ${name.slice(0, -1)}`);
    }
  }
  const fault = { kind, ...given } as ImapFault;
  return 'command' in fault && fault.command ? { ...fault, command: fault.command.toUpperCase() } : fault;
}

/** The message that Exchange hands out when it cannot convert the real one. */
export function substituteMessage(sequence: number, original: { subject: string; from: string; date: string }): Buffer {
  const text = [
    'From: "Microsoft Exchange Server" <microsoft@unknown>',
    `Subject: Retrieval using the IMAP4 protocol failed for the following message: ${sequence}`,
    `Date: ${original.date}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset="us-ascii"',
    'Content-Transfer-Encoding: 7bit',
    '',
    "The server couldn't retrieve the following message:",
    '',
    `Subject: ${original.subject}`,
    `From: ${original.from}`,
    `Sent date: ${original.date}`,
    '',
    'The message has not been deleted. You might be able to view it in another mail program.',
    '',
  ];
  return Buffer.from(text.join('\r\n'), 'latin1');
}
