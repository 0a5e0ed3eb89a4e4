/** What a client is like, chosen by its random numbers; and how it tells the server in the handshake's URL. */
import { Random } from "./random.js";

/** How a connection ends: with a closing handshake begun by the client or the server; with the client's Close frame and no more
 * reading (`fail`); torn down by the client, the server, a TCP reset or a FIN without Close frame; or given up while it opens.
 * @typedef {"client-closes" | "server-closes" | "client-fails" | "client-terminates" | "server-terminates" | "reset" | "half" |
 *   "abort"} Fate */
/** @typedef {"polysocket" | "ws"} Library */
/** HTTP/1.1 and TCP, HTTP/1.1 and TLS, HTTP/2 and TLS.
 * @typedef {"http1" | "tls" | "http2"} Carrier */
/** @typedef {{ library: Library, carrier: Carrier, compression: "none" | "default" | "takeover" | "alone", fate: Fate,
 *   reader: "handler" | "loop" | "slow", messages: number, pauseMs: number, topics: number[], random: Random }} Profile */

export const TOPICS = 4;

/** Fates that have a closing handshake, unless the connection is never opened. */
const CLEAN = new Set(["client-closes", "server-closes", "abort"]);

/** @param {number} seed
 * @param {number} id
 * @param {{ http1Only: boolean, staysOn: boolean }} how `staysOn`: until all ends, if it is not the one that breaks off
 * @returns {Profile} */
export function chooseProfile(seed, id, { http1Only, staysOn }) {
  const random = new Random(seed, "client", id);
  const library = random.share({ polysocket: 75, ws: 25 });
  const carrier = chooseCarrier(random, library, http1Only);
  return {
    library,
    carrier,
    compression: random.share({ none: 30, default: 30, takeover: 25, alone: 15 }),
    fate: chooseFate(random, library, carrier),
    reader: random.share({ handler: 60, loop: 20, slow: 20 }),
    messages: staysOn ? Number.POSITIVE_INFINITY : random.below(random.pick([1, 20, 80])),
    pauseMs: random.pick([1, 10, 40, 150]),
    topics: Array.from({ length: TOPICS }, (_, topic) => topic).filter(() => random.chance(0.3)),
    random,
  };
}

/** @param {Random} random
 * @param {Library} library
 * @param {boolean} http1Only
 * @returns {Carrier} */
function chooseCarrier(random, library, http1Only) {
  const carrier = random.share({ http1: 45, tls: 20, http2: 35 });
  if (carrier !== "http2") return carrier;
  return library === "ws" || http1Only ? "http1" : "http2";
}

/** @param {Random} random
 * @param {Library} library
 * @param {Carrier} carrier
 * @returns {Fate} */
function chooseFate(random, library, carrier) {
  const isWs = library === "ws";
  return random.share({
    "client-closes": 45,
    "server-closes": 22,
    "client-terminates": 9,
    "server-terminates": 9,
    "client-fails": isWs ? 0 : 6,
    abort: isWs ? 0 : 6,
    half: isWs ? 6 : 0,
    // Node resets TCP alone
    reset: isWs && carrier === "http1" ? 6 : 0,
  });
}

/** @param {Fate} fate */
export function endsClean(fate) {
  return CLEAN.has(fate);
}

/** @param {Profile} profile
 * @returns {string} such as "polysocket http2" */
export function wayOf({ library, carrier }) {
  return `${library} ${carrier}`;
}

/** @param {string} origin
 * @param {number} id
 * @param {Profile} profile
 * @returns {string} */
export function urlFor(origin, id, { fate, messages, topics, random }) {
  const after = Number.isFinite(messages) ? random.below(messages + 1) : 500;
  return `${origin}/soak?${new URLSearchParams({ id: `${id}`, fate, after: `${after}`, topics: topics.join("") })}`;
}
