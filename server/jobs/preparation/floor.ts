/** What is converted on this node at the moment: many documents at once, or one that is to be alone. */
export class Floor {
  #running = 0;
  /** Wakes whoever wants to be alone; while it is set nobody else begins. */
  #wanted: (() => void) | undefined;

  /** May another one begin? */
  get isOpen(): boolean {
    return this.#wanted === undefined;
  }

  enter(): void {
    this.#running += 1;
  }

  leave(): void {
    this.#running -= 1;
    if (this.#running === 0) this.#wanted?.();
  }

  /** Closes the floor for others, and answers whether it is empty; when it is not, `wake` is called as soon as it is. */
  close(wake: () => void): boolean {
    this.#wanted = wake;
    return this.#running === 0;
  }

  open(): void {
    this.#wanted = undefined;
  }
}
