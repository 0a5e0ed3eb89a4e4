/** The seeds of walks. In: a walk, and how many. Out: which of them failed first, in words that let it be seen again. */
import type { TestContext } from "node:test";

/** Take many walks, each with a seed of its own. The first seed is printed, and that of a walk that fails: POLYSOCKET_WALK_SEED
 * in the environment is where to begin, and POLYSOCKET_WALKS how many to take. */
export async function takeWalks(
  t: TestContext,
  usually: number,
  walk: (seed: number) => void | Promise<void>,
): Promise<void> {
  const { POLYSOCKET_WALK_SEED: given, POLYSOCKET_WALKS: count = usually } = process.env;
  const first = given === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(given);
  t.diagnostic(`POLYSOCKET_WALK_SEED=${first} POLYSOCKET_WALKS=${count}`);
  for (let seed = first; seed < first + Number(count); seed++) {
    try {
      await walk(seed);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`POLYSOCKET_WALK_SEED=${seed} POLYSOCKET_WALKS=1: ${text}`, { cause: error });
    }
  }
}
