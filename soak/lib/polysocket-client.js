/** One connection of polysocket's client, from its handshake to what it has to say when it has ended. */
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "polysocket";
import { Inbox } from "./inbox.js";
import { streamName } from "./messages.js";
import { Outbox, SentBook } from "./outbox.js";
import { urlFor } from "./profile.js";

/** @typedef {import("./ledger.js").Half} Half */
/** @typedef {import("./profile.js").Profile} Profile */
/** @typedef {import("polysocket").Connection<any>} Connection */
/** What the clients of a process have in common. `stopping` is aborted when the soak is to end.
 * @typedef {{ seed: number, origins: { plain: string, secure: string }, ca: string, stopping: AbortSignal,
 *   pings: { sent: number, answered: number } }} Surroundings */
/** @typedef {Omit<Half, "id" | "side" | "way" | "fate" | "endsClean">} Outcome */

/** A slow or contended machine is no peer that is gone. */
export const PATIENCE = {
  heartbeat: { intervalMs: 10_000, timeoutMs: 300_000 },
  closeTimeoutMs: 300_000,
  handshakeTimeoutMs: 300_000,
};

const COMPRESSION = {
  none: false,
  default: true,
  takeover: { thresholdBytes: 64, serverNoContextTakeover: false, clientNoContextTakeover: false },
  alone: { thresholdBytes: 64, serverNoContextTakeover: true, clientNoContextTakeover: true },
};

/** @param {number} id
 * @param {Profile} profile
 * @param {Surroundings} surroundings
 * @returns {Promise<Outcome>} */
export async function runPolysocketClient(id, profile, surroundings) {
  const { seed, origins, ca, stopping } = surroundings;
  const inbox = new Inbox(seed, streamName("d", id), (stream) => /^[tp]/.test(stream));
  /** @type {Outbox | undefined} */
  let outbox;
  const release = () => outbox?.release();
  const controller = new AbortController();
  if (profile.fate === "abort") setTimeout(() => controller.abort(), profile.random.below(30));
  const isSecure = profile.carrier !== "http1";
  /** @type {import("polysocket").ConnectOptions<any>} */
  const options = {
    ...PATIENCE,
    ...(profile.reader !== "loop" && { message: (_connection, message, kind) => inbox.receive(kind, message) }),
    drain: release,
    closing: release,
    close: release,
    compression: COMPRESSION[profile.compression],
    signal: controller.signal,
    ...(isSecure && { tls: { ca } }),
    http2: profile.carrier === "http2",
  };
  /** @type {Connection} */
  let connection;
  try {
    connection = await connect(urlFor(isSecure ? origins.secure : origins.plain, id, profile), options);
  } catch (error) {
    const isMeant = controller.signal.aborted || stopping.aborted || profile.fate === "server-terminates";
    return notOpened(inbox, isMeant ? undefined : codeOf(error));
  }
  outbox = new Outbox(connection, { seed, stream: streamName("u", id), random: profile.random });
  const read = profile.reader === "loop" ? readAll(connection, inbox) : undefined;
  await talk(connection, outbox, profile, surroundings);
  const left = !leavesToServer(profile, stopping) && end(connection, profile);
  const { code, wasClean, error } = await connection.closed;
  await read;
  return {
    opened: true,
    clean: wasClean,
    left,
    dropped: outbox.dropped,
    code,
    fault: error?.code,
    sent: outbox.book.report(),
    received: inbox.report(),
  };
}

/** @param {Connection} connection
 * @param {Inbox} inbox */
async function readAll(connection, inbox) {
  for await (const message of connection) inbox.receive(typeof message === "string" ? "text" : "binary", message);
}

/** Send until it is time to end, or over.
 * @param {Connection} connection
 * @param {Outbox} outbox
 * @param {Profile} profile
 * @param {Surroundings} surroundings */
async function talk(connection, outbox, { messages, pauseMs, reader, random }, { stopping, pings }) {
  const isOver = () => stopping.aborted || connection.state !== "open";
  for (let sent = 0; sent < messages && !isOver(); ) {
    let keepsUp = true;
    for (let burst = random.pick([1, 1, 1, 5]); burst > 0 && !isOver(); burst -= 1) {
      keepsUp = outbox.sendNext();
      sent += 1;
    }
    if (random.chance(0.1) && !isOver()) {
      const answered = ping(connection, pings);
      // So that what is on its way does not become more and more
      if (random.chance(0.5)) await answered;
    }
    if (!keepsUp) await outbox.ready();
    if (reader === "slow" && random.chance(0.1)) await holdUp(connection, random.below(400));
    await sleep(random.below(2 * pauseMs));
  }
  while (messages === 0 && random.chance(0.5) && !isOver()) await sleep(50);
}

/** @param {Connection} connection
 * @param {number} forMs */
async function holdUp(connection, forMs) {
  connection.pause();
  await sleep(forMs);
  connection.resume();
}

/** @param {Connection} connection
 * @param {Surroundings["pings"]} pings */
async function ping(connection, pings) {
  pings.sent += 1;
  try {
    await connection.ping();
    pings.answered += 1;
  } catch {
    // The connection has ended
  }
}

/** @param {Connection} connection
 * @param {Profile} profile
 * @returns {boolean} whether it read no further */
function end(connection, { fate, reader, random }) {
  // A loop that has closed gets what it asks for in time, and who has closed while paused nothing that came until then
  const isClosing = fate === "abort" && reader !== "handler";
  if (connection.state !== "open") return isClosing;
  switch (fate) {
    case "client-closes":
      connection.close(3_000 + random.below(1_000), "done ✓");
      return reader === "loop";
    case "client-fails":
      connection.fail(1_008, "no more");
      return true;
    case "client-terminates":
      connection.terminate();
      return true;
    case "reset":
    case "half":
      throw new Error(`${fate} is for clients of ws`);
    case "server-closes":
    case "server-terminates":
    case "abort":
      // Somebody else does it: the server, or the signal
      return isClosing;
  }
}

/** When all is to end, half of the clients that would close wait for the server, which closes all.
 * @param {Profile} profile
 * @param {AbortSignal} stopping */
export function leavesToServer({ fate, random }, stopping) {
  return stopping.aborted && fate === "client-closes" && random.chance(0.5);
}

/** @param {Inbox} inbox
 * @param {string | undefined} fault
 * @returns {Outcome} */
export function notOpened(inbox, fault) {
  const sent = new SentBook().report();
  return { opened: false, clean: false, left: true, dropped: 0, code: 0, fault, sent, received: inbox.report() };
}

/** @param {unknown} error
 * @returns {string} */
export function codeOf(error) {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : error.name;
  return error.cause instanceof Error ? `${code} (${error.cause.message})` : code;
}
