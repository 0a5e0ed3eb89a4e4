/** The runner's side of the witness process. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** @typedef {{ tally: import("./tally.js").Tally, memory: import("./witness.js").Memory }} Report */

const SCRIPT = fileURLToPath(new URL("./witness.js", import.meta.url));

/** Its clients are connected and asking when this resolves.
 * @param {import("./witness.js").Mission} mission */
export async function startWitness(mission) {
  const child = fork(SCRIPT, [JSON.stringify(mission)], { execArgv: [] });
  const gone = once(child, "exit").then(([code]) => {
    throw new Error(`the witness ended with ${code}`);
  });
  gone.catch(() => {}); // heard by whoever asks
  /** @param {"open" | "mark" | "report" | "after" | "stop"} word
   * @returns {Promise<Report>} */
  const tell = async (word) => {
    const answer = once(child, "message");
    child.send(word);
    const [{ result, error }] = await Promise.race([answer, gone]);
    if (error !== undefined) throw new Error(`the legitimate client: ${error}`);
    return result;
  };
  try {
    await tell("open");
  } catch (error) {
    child.kill();
    throw error;
  }
  return {
    mark: () => tell("mark"),
    report: () => tell("report"),
    after: () => tell("after"),
    async stop() {
      await tell("stop").catch(() => {});
      child.kill();
    },
  };
}
