/** How the service is set up: what an administrator of Exchange could change, and the limits that tests make small. */

const MINUTE_MS = 60_000;

export type Switches = {
  /** Set-TransportConfig -SmtpClientAuthenticationDisabled. */
  tenantAuth: 'on' | 'off';
  /** Set-CASMailbox -SmtpClientAuthenticationDisabled: it wins over the tenant; a mailbox that is not named inherits. */
  mailboxAuth: Record<string, 'on' | 'off'>;
  signInPolicy: 'none' | 'security-defaults' | 'conditional-access';
  /** What a login by password hears: that it is switched off, or that it has ended for good. */
  passwords: 'disabled' | 'retired';
  /** Whether a delegate may name the shared mailbox in `user=`; reports differ. */
  sharedLogin: 'refused' | 'accepted';
  /** Whether an access token is looked at again for each message. */
  tokenCheck: 'login' | 'message';
  maxConnections: number | undefined;
  maxSessionsPerMailbox: number;
  messagesPerMinute: number | undefined;
  /** What happens to more than that: Microsoft's own pages differ. */
  overRate: 'refuse' | 'delay';
  recipientsPerDay: number;
  externalRecipientsPerDay: number | undefined;
  maxRecipients: number;
  maxMessageBytes: number;
  idleMs: number;
  duplicateSuppression: 'on' | 'off';
  messageIds: 'kept' | 'rewritten';
  chunking: 'refused' | 'on';
  sentItems: 'on' | 'off';
};

export const DEFAULT_SWITCHES: Switches = {
  tenantAuth: 'on',
  mailboxAuth: {},
  signInPolicy: 'none',
  passwords: 'disabled',
  sharedLogin: 'refused',
  tokenCheck: 'login',
  maxConnections: undefined,
  maxSessionsPerMailbox: 3,
  messagesPerMinute: undefined,
  overRate: 'refuse',
  recipientsPerDay: 10_000,
  externalRecipientsPerDay: undefined,
  maxRecipients: 500,
  maxMessageBytes: 157_286_400,
  idleMs: 10 * MINUTE_MS,
  duplicateSuppression: 'off',
  messageIds: 'kept',
  chunking: 'refused',
  sentItems: 'on',
};

type Check = (value: unknown) => boolean;
const oneOf =
  (...allowed: string[]): Check =>
  (value) =>
    allowed.includes(value as string);
const isPositive: Check = (value) => Number.isSafeInteger(value) && (value as number) > 0;
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isCountOrNone: Check = (value) => value === null || value === undefined || isCount(value);
const isMailboxAuth: Check = (value) =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((state) => ['on', 'off', 'inherit'].includes(state as string));

const CHECKS: Readonly<Record<keyof Switches, Check>> = {
  tenantAuth: oneOf('on', 'off'),
  mailboxAuth: isMailboxAuth,
  signInPolicy: oneOf('none', 'security-defaults', 'conditional-access'),
  passwords: oneOf('disabled', 'retired'),
  sharedLogin: oneOf('refused', 'accepted'),
  tokenCheck: oneOf('login', 'message'),
  maxConnections: isCountOrNone,
  maxSessionsPerMailbox: isCount,
  messagesPerMinute: isCountOrNone,
  overRate: oneOf('refuse', 'delay'),
  recipientsPerDay: isCount,
  externalRecipientsPerDay: isCountOrNone,
  maxRecipients: isPositive,
  maxMessageBytes: isPositive,
  idleMs: isPositive,
  duplicateSuppression: oneOf('on', 'off'),
  messageIds: oneOf('kept', 'rewritten'),
  chunking: oneOf('refused', 'on'),
  sentItems: oneOf('on', 'off'),
};

/** Changes the named switches; null takes a limit away. Throws, and changes none, when one is unknown or not valid. */
export function setSwitches(switches: Switches, given: Readonly<Record<string, unknown>>): Switches {
  for (const [name, value] of Object.entries(given)) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof Switches] : undefined;
    if (!check) throw new Error(`there is no switch ${name}; there are ${Object.keys(CHECKS).join(', ')}`);
    if (!check(value)) throw new Error(`switch ${name} cannot be ${JSON.stringify(value)}`);
  }
  const { mailboxAuth, ...others } = given;
  for (const [mailbox, state] of Object.entries((mailboxAuth ?? {}) as Record<string, 'on' | 'off' | 'inherit'>)) {
    if (state === 'inherit') delete switches.mailboxAuth[mailbox.toLowerCase()];
    else switches.mailboxAuth[mailbox.toLowerCase()] = state;
  }
  const values = Object.entries(others).map(([name, value]) => [name, value ?? undefined]);
  return Object.assign(switches, Object.fromEntries(values) as Partial<Switches>);
}

export function resetSwitches(switches: Switches): Switches {
  return Object.assign(switches, DEFAULT_SWITCHES, { mailboxAuth: {} });
}
