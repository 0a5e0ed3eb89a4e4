/**
 * Clients of a soak, in a process of their own: as many at a time as there are places; where one ends the next one begins. In: the
 * arguments, then by IPC `{ do: "stop" }`. Out: `began`, `stopping`, `half` for each that has ended, `stopped` when none is left.
 */
import { certificate } from "../conformance/http2/play/certificate.js";
import { runPolysocketClient } from "./lib/polysocket-client.js";
import { chooseProfile, endsClean, wayOf } from "./lib/profile.js";
import { tell } from "./lib/tell.js";
import { runWsClient } from "./lib/ws-client.js";

/** @typedef {{ seed: number, index: number, places: number, http1Only: boolean, plain: string, secure: string }} Settings */

/** One place in so many has connections that stay. */
const LASTING_EVERY = 8;

/** @type {Settings} */
const { seed, index, places, http1Only, plain, secure } = JSON.parse(process.argv[2] ?? "");
const stopping = new AbortController();
const pings = { sent: 0, answered: 0 };
const surroundings = { seed, origins: { plain, secure }, ca: certificate.cert, stopping: stopping.signal, pings };
/** What there is now, for when it does not end. @type {Map<number, string>} */
const present = new Map();
let next = index << 24;

/** @param {number} place */
async function fillPlace(place) {
  while (!stopping.signal.aborted) {
    next += 1;
    await runOne(next, place % LASTING_EVERY === LASTING_EVERY - 1);
  }
}

/** @param {number} id
 * @param {boolean} staysOn */
async function runOne(id, staysOn) {
  const profile = chooseProfile(seed, id, { http1Only, staysOn });
  const way = wayOf(profile);
  present.set(id, `${way}, ${profile.fate}, ${profile.reader}`);
  const run = profile.library === "ws" ? runWsClient : runPolysocketClient;
  const outcome = await run(id, profile, surroundings);
  present.delete(id);
  const { fate, reader } = profile;
  tell({ told: "half", half: { id, side: "client", ...outcome, way, fate, reader, endsClean: endsClean(fate) } });
}

process.on("message", (/** @type {{ do: string }} */ message) => {
  if (message.do === "stop") {
    stopping.abort();
    tell({ told: "stopping" });
  } else if (message.do === "list") tell({ told: "present", present: [...present] });
});
process.on("disconnect", () => process.exit());

tell({ told: "began" });
await Promise.all(Array.from({ length: places }, (_, place) => fillPlace(place)));
tell({ told: "stopped", pings });
