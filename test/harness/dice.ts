/** Numbers that look random and come again with the same seed, so that a failing run can be played once more. */
export type Dice = {
  readonly seed: number;
  /** At least 0 and below 1. */
  roll(): number;
  /** A whole number from 0 up to, not including, `below`. */
  upTo(below: number): number;
  pick<T>(from: readonly T[]): T;
};

/** The seed of a run: `PLATEN_TEST_SEED`, or the time. */
export function chooseSeed(): number {
  const given = Number(process.env.PLATEN_TEST_SEED);
  return Number.isSafeInteger(given) && given > 0 ? given : Date.now() % 1_000_000_000;
}

export function startDice(seed: number): Dice {
  let state = seed >>> 0;
  const roll = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000;
  };
  const upTo = (below: number): number => Math.floor(roll() * below);
  return {
    seed,
    roll,
    upTo,
    pick: (from) => {
      const found = from[upTo(from.length)];
      if (found === undefined) throw new Error('there is nothing to pick from');
      return found;
    },
  };
}
