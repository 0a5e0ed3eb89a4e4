/** Runs one scenario against one library. In: both. Out: the transcript, and why it broke off if it did. */
import { Stage } from "./stage.js";

/** A program that runs on either library. `rows`: what it shows, by the ids of the face's rows.json. `expected`: its transcript by
 * the contract, where no original says it.
 * @typedef {{
 *   name: string, rows: readonly string[], run: (stage: Stage) => unknown, timeLimitMs?: number, expected?: readonly string[]
 * }} Scenario */

const TIME_LIMIT_MS = 5000;

/** @param {Scenario} scenario
 * @param {unknown} library
 * @returns {Promise<{ lines: string[], failure: Error | undefined }>} */
export async function play(scenario, library) {
  const stage = new Stage(library);
  const failure = await outcomeOf(scenario, stage);
  const lines = stage.transcript();
  await stage.end();
  return { lines, failure };
}

/** @param {Scenario} scenario
 * @param {Stage} stage
 * @returns {Promise<Error | undefined>} */
async function outcomeOf({ run, timeLimitMs = TIME_LIMIT_MS }, stage) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const tooLong = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${timeLimitMs} ms`)), timeLimitMs);
  });
  try {
    await Promise.race([Promise.resolve(stage).then(run), tooLong]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    clearTimeout(timer);
  }
}
