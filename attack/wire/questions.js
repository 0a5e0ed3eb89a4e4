/** Rows of opening handshakes that are wrong in one thing each, asked one beside the other. */
import { ask, countAnswers } from "./ask.js";
import { openMany } from "./http1.js";

/** @typedef {import("../attack.js").AttackContext} AttackContext */
/** @typedef {import("../attack.js").Sighting} Sighting */
/** @typedef {import("./ask.js").Answer} Answer */
/**
 * @typedef {import("./ask.js").Question & { what: string, isWrong?: (answer: Answer) => boolean }} Row
 * `isWrong`: this answer to it must not be
 */

/** @param {Answer} answer */
export const isAccepted = ({ accepted }) => accepted;

/** Asks all rows once, however long that takes, and again and again until the time is over; so many at once as there are
 * connections.
 * @param {AttackContext} context
 * @param {readonly Row[]} rows
 * @returns {Promise<Sighting>} */
export async function askAll({ target, connections, signal, prepare }, rows) {
  /** @type {Set<string>} */
  const wrong = new Set();
  const unanswered = new Set();
  const round = () => {
    let next = 0;
    const askOne = async () => {
      const row = rows[next++];
      if (row === undefined) throw new Error("more was asked than there is");
      const { what, isWrong, ...question } = row;
      const answer = await ask(target, question, signal);
      if (isWrong?.(answer)) wrong.add(`${what}: ${answer.statusCode}`);
      if (answer.silent && !signal.aborted) unanswered.add(what);
      return answer;
    };
    return openMany(rows.length, askOne, connections);
  };
  const answers = await prepare(round());
  while (!signal.aborted) await round();
  const silence = unanswered.size === 0 ? "" : `; no answer to ${[...unanswered].join(", ")}`;
  const seen = `${rows.length} requests: ${countAnswers(answers)}${silence}`;
  return wrong.size === 0 ? { seen } : { seen, failed: `accepted what it must not: ${[...wrong].join("; ")}` };
}
