/** What is converted on this node at the moment: many documents at once, or one that is to be alone. */
export class Floor {
  #busy = 0;
  /** Who wants to be alone, or is; called as soon as all others have left. While it is set nobody else begins. */
  #owner: (() => void) | undefined;

  /** May another one begin? */
  get isOpen(): boolean {
    return this.#owner === undefined;
  }

  isOf(owner: () => void): boolean {
    return this.#owner === owner;
  }

  /** To be called before whatever is waited for, so that nobody takes the floor for empty meanwhile. */
  enter(): void {
    this.#busy += 1;
  }

  leave(): void {
    this.#busy -= 1;
    if (this.#busy === 0) this.#owner?.();
  }

  /** Closes the floor for all others; true when the owner is alone there now. False also when it is somebody else's. */
  close(owner: () => void): boolean {
    if (this.#owner !== undefined && this.#owner !== owner) return false;
    this.#owner = owner;
    return this.#busy === 0;
  }

  open(owner: () => void): void {
    if (this.#owner === owner) this.#owner = undefined;
  }
}
