/**
 * The server of a soak, in a process of its own: one listener for HTTP/1.1 on TCP with context takeover, one for HTTP/1.1 and HTTP/2 on
 * TLS with default options. In, by IPC: `{ do: "sample" }`, `{ do: "close" }`. Out: `ready`, `half` for each connection that has
 * ended, `sample`, `closed`.
 */
import { memoryBudget, serve } from "polysocket";
import { certificate } from "../conformance/http2/play/certificate.js";
import { PATIENCE } from "./lib/polysocket-client.js";
import { Random } from "./lib/random.js";
import { ServerPeer } from "./lib/server-peer.js";
import { heapAfterGc, loopDelay, startVitals, takeSample } from "./lib/server-vitals.js";
import { Subscriptions } from "./lib/subscriptions.js";
import { tell } from "./lib/tell.js";

/** @typedef {import("polysocket").ServeOptions<ServerPeer>} ServeOptions */

const seed = Number(process.argv[2]);
const PUBLISH_EVERY_MS = 25;
/** Over how much time the server closes what is open at the end. */
const SPREAD_MS = 1_000;

/** @param {number} index
 * @param {ServeOptions} options */
async function start(index, options) {
  /** @type {Subscriptions | undefined} */
  let subscriptions;
  const server = await serve({
    ...PATIENCE,
    ...options,
    host: "127.0.0.1",
    upgrade: (request) => ({ data: new ServerPeer(seed, request.query) }),
    open(connection) {
      const peer = connection.data;
      peer.open(connection);
      for (const topic of peer.topics) subscriptions?.subscribe(peer, topic);
    },
    message: (connection, message, kind) => connection.data.receive(kind, message),
    drain(connection) {
      connection.data.outbox.release();
      connection.data.answer();
    },
    close(connection, event) {
      const peer = connection.data;
      subscriptions?.forget(peer);
      peer.outbox.release();
      tell({ told: "half", half: peer.close(event) });
    },
  });
  subscriptions = new Subscriptions(server, index, seed, new Random(seed, "subscriptions", index));
  return { server, subscriptions };
}

const fronts = [
  await start(0, {
    compression: { thresholdBytes: 64, serverNoContextTakeover: false, clientNoContextTakeover: false },
  }),
  await start(1, { tls: certificate, http2: true }),
];
const publishing = setInterval(() => {
  for (const { subscriptions } of fronts) subscriptions.step();
}, PUBLISH_EVERY_MS);

async function close() {
  for (const { server } of fronts) for (const connection of server.connections) connection.data.hurry();
  await Promise.all(
    fronts.map(({ server }) => server.close({ timeoutMs: PATIENCE.closeTimeoutMs, spreadMs: SPREAD_MS })),
  );
  clearInterval(publishing);
  const sum = (/** @type {(front: (typeof fronts)[number]) => number} */ of) =>
    fronts.map(of).reduce((a, b) => a + b, 0);
  tell({
    told: "closed",
    heap: await heapAfterGc(),
    sample: takeSample(),
    delay: loopDelay(),
    published: sum(({ subscriptions }) => subscriptions.published),
    miscounted: sum(({ subscriptions }) => subscriptions.miscounted),
    stillOpen: sum(({ server }) => server.stats().open),
    heldBytes: memoryBudget.usedBytes,
    slowed: sum(({ server }) => server.stats().slowed),
    errors: fronts.map(({ server }) => server.stats().errors),
  });
}

/** @param {import("polysocket").Server<ServerPeer>} server */
function list({ connections }) {
  return [...connections].map(({ data, state, httpVersion, bufferedBytes }) => [
    data.id,
    `${state}, ${httpVersion}, ${bufferedBytes} bytes buffered`,
  ]);
}

process.on("message", (/** @type {{ do: string }} */ message) => {
  if (message.do === "sample") {
    tell({ told: "sample", sample: takeSample(), delay: loopDelay() });
  } else if (message.do === "list") tell({ told: "present", present: fronts.flatMap(({ server }) => list(server)) });
  else if (message.do === "close") void close();
});
process.on("disconnect", () => process.exit());

startVitals();
const urls = fronts.map(({ server }) => server.url);
tell({ told: "ready", urls, heap: await heapAfterGc(), sample: takeSample() });
