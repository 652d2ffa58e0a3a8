/** Faults on demand: each holds for an address, or for all, until it was met as often as was asked for. */

export const FAULT_NAMES = [
  /** The sign-in is refused, as with a bad token. */
  'refuse-login',
  /** The sign-in is refused in the words that also come when there were very many. */
  'logon-failure',
  /** Another session has the mailbox. */
  'in-use',
  /** The connection ends at QUIT, before anything was deleted. */
  'drop-before-quit',
  /** The connection ends in the middle of RETR, after so many bytes. */
  'cut-retr',
  /** QUIT is answered, and what was marked is still there the next time. */
  'ignore-deletes',
  /** UIDL is not known. */
  'no-uidl',
  /** All UIDLs are others than before. */
  'reset-uidls',
  /** Nothing is answered any more. */
  'hang',
  /** A command is answered word for word: `-ERR Protocol error. 14`. */
  'say',
] as const;

export type PopFaultName = (typeof FAULT_NAMES)[number];
export type PopFault = {
  readonly name: PopFaultName;
  /** In lower case; every address when absent. */
  readonly address?: string;
  /** How often; without end when absent. */
  readonly times?: number;
  readonly afterBytes?: number;
  /** For `say`: the command in capitals, and the whole line. */
  readonly command?: string;
  readonly words?: string;
};

export class PopFaults {
  #faults: { fault: PopFault; left: number }[] = [];

  add(fault: PopFault): void {
    this.#faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  /** Meets a fault, and counts that. */
  take(name: PopFaultName, address: string | undefined, command?: string): PopFault | undefined {
    const found = this.#faults.find(
      ({ fault, left }) =>
        left > 0 &&
        fault.name === name &&
        fault.command === command &&
        (fault.address === undefined || fault.address === address?.toLowerCase()),
    );
    if (!found) return undefined;
    found.left -= 1;
    return found.fault;
  }

  /** Forgets the faults of a name. */
  remove(name: PopFaultName): void {
    this.#faults = this.#faults.filter(({ fault }) => fault.name !== name);
  }

  list(): PopFault[] {
    return this.#faults.filter(({ left }) => left > 0).map(({ fault }) => fault);
  }

  clear(): void {
    this.#faults = [];
  }
}
