/**
 * Failures by name: what an administrator of Microsoft 365 has set, or time has done, so that each can be rehearsed from
 * the page `/rehearsals` or over the control surface. Each has a way back.
 */
import type { Faults as ImapFaults } from '../imap/faults.ts';
import type { PopFaults } from '../pop3/faults.ts';
import type { Switches } from '../smtp/switches.ts';
import type { Account, AppRegistration, DeviceCodePolicy, PracticeTenant } from '../tenant.ts';

export type Stage = {
  readonly tenant: PracticeTenant;
  readonly clientId: string;
  readonly imap: { readonly faults: ImapFaults };
  readonly pop3: { readonly faults: PopFaults };
  readonly smtp: { setSwitches(changes: Partial<Switches>): void };
};

/** Whom it is about: the account that confirms, and its registration. */
type Cast = Stage & { readonly account: Account; readonly app: AppRegistration };
type Rehearsal = {
  readonly en: string;
  readonly it: string;
  readonly on: (cast: Cast) => void;
  readonly off: (cast: Cast) => void;
};

const SHARED = 'shared@practice.example';

/** What a property of the account or the registration is while it is rehearsed, and what it is else. */
function flip<T>(of: (cast: Cast) => T, change: Partial<T>, back: Partial<T>): Pick<Rehearsal, 'on' | 'off'> {
  return {
    on: (cast) => void Object.assign(of(cast) as object, change),
    off: (cast) => void Object.assign(of(cast) as object, back),
  };
}

const ofAccount = (change: Partial<Account>, back: Partial<Account>) => flip(({ account }) => account, change, back);
const ofApp = (change: Partial<AppRegistration>, back: Partial<AppRegistration>) =>
  flip(({ app }) => app, change, back);
const refresh = (aadsts: number) => ofAccount({ refreshProblem: aadsts }, { refreshProblem: undefined });
function setCodePolicy({ tenant }: Cast, policy: DeviceCodePolicy): void {
  for (const each of tenant.tenants) each.deviceCodePolicy = policy;
}
const codes = (policy: DeviceCodePolicy): Pick<Rehearsal, 'on' | 'off'> => ({
  on: (cast) => setCodePolicy(cast, policy),
  off: (cast) => setCodePolicy(cast, 'allowed'),
});
const smtp = (change: Partial<Switches>, back: Partial<Switches>): Pick<Rehearsal, 'on' | 'off'> => ({
  on: (cast) => cast.smtp.setSwitches(change),
  off: (cast) => cast.smtp.setSwitches(back),
});
/** Ends what a running token was good for; there is no way back but a new sign-in. */
const revoke = (cast: Cast): void => {
  cast.account.tokensValidFromAt = cast.tenant.clock.now();
};
const nothing = (): void => undefined;

export const REHEARSALS: Readonly<Record<string, Rehearsal>> = {
  'security-defaults': {
    en: 'Security defaults block device codes (530035)',
    it: 'Le impostazioni predefinite per la sicurezza bloccano i codici (530035)',
    ...codes('security-defaults'),
  },
  'device-code-policy': {
    en: 'Conditional Access blocks device codes, new ones (53003) and permissions made by them (530036)',
    it: 'L’accesso condizionale blocca i codici, nuovi (53003) e già usati (530036)',
    ...codes('conditional-access'),
  },
  'consent-policy': {
    en: 'An administrator has to approve the app (90094)',
    it: 'Un amministratore deve approvare l’app (90094)',
    ...ofAccount({ signInProblem: 90094 }, { signInProblem: undefined }),
  },
  'consent-removed': {
    en: 'The consent was withdrawn (65001)',
    it: 'Il consenso è stato ritirato (65001)',
    on: ({ tenant, app }) => tenant.removeConsent({ clientId: app.clientId, tid: app.tid }),
    off: ({ tenant, app }) => tenant.grantConsent({ clientId: app.clientId, tid: app.tid, names: app.permissions }),
  },
  'second-factor': {
    en: 'The second factor is too old (50078)',
    it: 'Il secondo fattore è scaduto (50078)',
    ...refresh(50078),
  },
  'sign-in-frequency': {
    en: 'The sign-in frequency is over (70043)',
    it: 'La frequenza di accesso è superata (70043)',
    ...refresh(70043),
  },
  'password-changed': {
    en: 'The password was changed (50173)',
    it: 'La password è stata cambiata (50173)',
    on: revoke,
    off: nothing,
  },
  'user-disabled': {
    en: 'The account is disabled (50057)',
    it: 'L’account è disabilitato (50057)',
    ...ofAccount({ isDisabled: true }, { isDisabled: false }),
  },
  'public-client-off': {
    en: 'Public client flows are off (7000218)',
    it: 'I flussi client pubblici sono disattivati (7000218)',
    ...ofApp({ isPublicClient: false }, { isPublicClient: true }),
  },
  'app-disabled': {
    en: 'The app is disabled (7000112)',
    it: 'L’app è disabilitata (7000112)',
    ...ofApp({ isDisabled: true }, { isDisabled: false }),
  },
  'assignment-required': {
    en: 'The account is not assigned to the app (50105)',
    it: 'L’account non è assegnato all’app (50105)',
    ...ofApp({ isAssignmentRequired: true }, { isAssignmentRequired: false }),
  },
  'smtp-off-tenant': {
    en: 'SMTP AUTH is off for the tenant',
    it: 'SMTP AUTH è disattivato per il tenant',
    ...smtp({ tenantAuth: 'off' }, { tenantAuth: 'on' }),
  },
  'smtp-off-mailbox': {
    en: 'SMTP AUTH is off for the mailbox',
    it: 'SMTP AUTH è disattivato per la casella',
    on: (cast) => cast.smtp.setSwitches({ mailboxAuth: { [cast.account.upn]: 'off' } }),
    off: (cast) => cast.smtp.setSwitches({ mailboxAuth: { [cast.account.upn]: 'on' } }),
  },
  'imap-off': {
    en: 'IMAP is off for the mailbox',
    it: 'IMAP è disattivato per la casella',
    on: ({ imap, account }) => imap.faults.add({ kind: 'refuse-login', address: account.upn }),
    off: ({ imap }) => imap.faults.remove('refuse-login'),
  },
  'pop3-off': {
    en: 'POP3 is off for the mailbox',
    it: 'POP3 è disattivato per la casella',
    on: ({ pop3, account }) => pop3.faults.add({ name: 'refuse-login', address: account.upn }),
    off: ({ pop3 }) => pop3.faults.remove('refuse-login'),
  },
  'no-mailbox': {
    en: 'The account has no mailbox or license',
    it: 'L’account non ha casella o licenza',
    ...ofAccount({ hasMailbox: false }, { hasMailbox: true }),
  },
  'send-as-missing': {
    en: `${SHARED} may be read, but not sent as`,
    it: `${SHARED} si può leggere ma non usare come mittente`,
    on: ({ tenant, account }) => void tenant.addSharedMailbox({ address: SHARED, fullAccess: [account.upn] }),
    off: ({ tenant }) => void tenant.sharedMailboxes.delete(SHARED),
  },
  'full-access-missing': {
    en: `${SHARED} may be sent as, but not read`,
    it: `${SHARED} si può usare come mittente ma non leggere`,
    on: ({ tenant, account }) => void tenant.addSharedMailbox({ address: SHARED, sendAs: [account.upn] }),
    off: ({ tenant }) => void tenant.sharedMailboxes.delete(SHARED),
  },
};

export class Rehearsals {
  readonly #stage: Stage;
  readonly #running = new Map<string, Cast>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  list(): { readonly name: string; readonly isOn: boolean; readonly en: string; readonly it: string }[] {
    return Object.entries(REHEARSALS).map(([name, { en, it }]) => ({ name, isOn: this.#running.has(name), en, it }));
  }

  /** Begins a rehearsal for an account, the first one when none is named; one that runs is ended first. */
  begin(name: string, accountName?: string): void {
    const rehearsal = Object.hasOwn(REHEARSALS, name) ? REHEARSALS[name] : undefined;
    if (!rehearsal) throw new Error(`name is one of ${Object.keys(REHEARSALS).join(', ')}`);
    this.end(name);
    const { tenant, clientId } = this.#stage;
    const account = accountName === undefined ? tenant.accounts[0] : tenant.getAccount(accountName);
    const app = tenant.findApp(clientId);
    if (!account || !app) throw new Error('the practice tenant has neither account nor registration');
    const cast = { ...this.#stage, account, app };
    rehearsal.on(cast);
    this.#running.set(name, cast);
  }

  /** Takes a rehearsal back; nothing happens when it does not run. */
  end(name: string): void {
    const cast = this.#running.get(name);
    if (cast) REHEARSALS[name]?.off(cast);
    this.#running.delete(name);
  }

  endAll(): void {
    for (const name of [...this.#running.keys()]) this.end(name);
  }
}
