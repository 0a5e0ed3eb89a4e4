/** Many HTTP/2 connections that do the same, and how each of them ended. */
import { openMany, pause } from "./http1.js";
import { errorName, Http2Peer } from "./http2.js";

/** @typedef {import("../attack.js").AttackContext} AttackContext */
/**
 * What became of all connections of an attack.
 * @typedef {object} Http2Tally
 * @property {number} connections that were opened
 * @property {number} ended by the server
 * @property {number} answers
 * @property {number} dataBytes
 * @property {Map<string, number>} codes of GOAWAY and RST_STREAM frames
 */

/** How long whoever was cut off waits before the next connection: an attacker has patience, and only so many ports. */
const RETRY_MS = 50;

/** Plays the script on so many connections at once; a connection that is over makes room for the next one, where `again`
 * is set, until the signal aborts. A script ends when its connection is over, when it has nothing more to do, or with the signal.
 * @param {AttackContext} context
 * @param {(peer: Http2Peer, index: number) => Promise<unknown>} play
 * @param {{ again?: boolean, begin?: (peer: Http2Peer) => Promise<unknown>, settings?: readonly (readonly [id: number, value: number])[] }} [options]
 *   `begin` comes before the script; that of the first connections is not of the attack's time
 * @returns {Promise<Http2Tally>} */
export async function http2Crowd(
  { target, connections, signal, prepare },
  play,
  { again = false, begin, settings } = {},
) {
  /** @type {Http2Tally} */
  const tally = { connections: 0, ended: 0, answers: 0, dataBytes: 0, codes: new Map() };
  const open = async () => {
    const peer = await Http2Peer.open(target, signal, settings);
    await begin?.(peer);
    return peer;
  };
  const begun = (await prepare(openMany(connections, open))).map(async (first, index) => {
    /** @type {Http2Peer | undefined} */
    let peer = first;
    while (peer !== undefined) {
      await play(peer, index);
      count(tally, peer);
      if (!again || signal.aborted) return;
      peer.socket.destroy();
      await pause(RETRY_MS, signal);
      peer = await open().catch(() => undefined);
    }
  });
  if (begun.length === 0 && !signal.aborted) throw new Error("no connection succeeded");
  await Promise.all(begun);
  return tally;
}

/** @param {Http2Tally} tally
 * @param {Http2Peer} peer */
function count(tally, { isOver, answers, dataBytes, goaway, resets }) {
  tally.connections += 1;
  tally.ended += isOver ? 1 : 0;
  tally.answers += answers;
  tally.dataBytes += dataBytes;
  const add = (/** @type {string} */ name, many = 1) => tally.codes.set(name, (tally.codes.get(name) ?? 0) + many);
  if (goaway !== undefined) add(`GOAWAY ${errorName(goaway)}`);
  for (const [code, times] of resets) add(`RST_STREAM ${errorName(code)}`, times);
}

/** "40 connections, 38 ended by the server (GOAWAY ENHANCE_YOUR_CALM ×38), 400 answers".
 * @param {Http2Tally} tally */
export function describeTally({ connections, ended, answers, codes }) {
  const list = [...codes].map(([name, times]) => `${name} ×${times.toLocaleString("en")}`);
  const how = list.length === 0 ? "" : ` (${list.join(", ")})`;
  return `${connections} connections, ${ended} ended by the server${how}, ${answers.toLocaleString("en")} answers`;
}
