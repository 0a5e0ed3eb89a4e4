import type { TestContext } from "node:test";

export interface Random {
  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number;
  pick<T>(choices: readonly T[]): T;
}

/** Numbers that only look random. The seed is printed; SEED in the environment repeats a run. */
export function randomFrom(t: TestContext): Random {
  const given = process.env["SEED"];
  const seed = given === undefined ? Math.trunc(Math.random() * 2 ** 32) : Number(given);
  t.diagnostic(`SEED=${seed}`);
  let state = seed | 0;
  // mulberry32
  const below = (bound: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
  return {
    below,
    pick(choices) {
      const choice = choices[below(choices.length)];
      if (choice === undefined) throw new Error("nothing to pick from");
      return choice;
    },
  };
}
