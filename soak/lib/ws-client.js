/** One connection of the package ws, from its handshake to what it has to say when it has ended: a peer that shares no code with us. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { Inbox } from "./inbox.js";
import { makeMessage, planOf, streamName } from "./messages.js";
import { SentBook } from "./outbox.js";
import { codeOf, leavesToServer, notOpened, PATIENCE } from "./polysocket-client.js";
import { urlFor } from "./profile.js";

/** @typedef {import("./polysocket-client.js").Outcome} Outcome */
/** @typedef {import("./polysocket-client.js").Surroundings} Surroundings */
/** @typedef {import("./profile.js").Profile} Profile */

const MAX_WAITING_BYTES = 64 << 10;

/** The types of ws do not know it yet. */
const WS_PATIENCE = { closeTimeout: PATIENCE.closeTimeoutMs };

const COMPRESSION = {
  none: false,
  default: true,
  takeover: { threshold: 64 },
  alone: { threshold: 64, serverNoContextTakeover: true, clientNoContextTakeover: true },
};

/** @param {number} id
 * @param {Profile} profile
 * @param {Surroundings} surroundings
 * @returns {Promise<Outcome>} */
export async function runWsClient(id, profile, surroundings) {
  const { seed, origins, ca, stopping } = surroundings;
  const inbox = new Inbox(seed, streamName("d", id), (stream) => /^[tp]/.test(stream));
  const socket = new WebSocket(urlFor(profile.carrier === "http1" ? origins.plain : origins.secure, id, profile), {
    ca,
    ...WS_PATIENCE,
    handshakeTimeout: PATIENCE.handshakeTimeoutMs,
    perMessageDeflate: COMPRESSION[profile.compression],
  });
  socket.on("message", (data, isBinary) => inbox.receive(isBinary ? "binary" : "text", /** @type {Buffer} */ (data)));
  /** @type {string | undefined} */
  let fault;
  socket.on("error", (error) => {
    fault ??= codeOf(error);
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const opened = await Promise.race([once(socket, "open").catch(() => undefined), closed.then(() => undefined)]);
  if (opened === undefined) {
    const isMeant = stopping.aborted || profile.fate === "server-terminates";
    return notOpened(inbox, isMeant ? undefined : fault);
  }
  const sender = new WsSender(socket, seed, streamName("u", id));
  await talk(socket, sender, profile, surroundings);
  const left = !leavesToServer(profile, stopping) && end(socket, profile);
  const code = Number(await closed);
  const sent = sender.book.report();
  return { opened: true, clean: code !== 1_006, left, dropped: 0, code, fault, sent, received: inbox.report() };
}

class WsSender {
  book = new SentBook();
  #socket;
  #seed;
  #stream;
  #number = 0;

  /** @param {WebSocket} socket
   * @param {number} seed
   * @param {string} stream */
  constructor(socket, seed, stream) {
    this.#socket = socket;
    this.#seed = seed;
    this.#stream = stream;
  }

  /** @param {number} cuts into how many more frames than one */
  sendNext(cuts) {
    const number = this.#number++;
    const plan = planOf(this.#seed, this.#stream, number);
    const bytes = makeMessage(this.#seed, this.#stream, number, plan);
    const binary = plan.kind === "binary";
    this.book.record(this.#stream, number, bytes.length);
    const size = Math.ceil((bytes.length + 1) / (cuts + 1));
    for (let at = 0; at <= bytes.length; at += size) {
      this.#socket.send(bytes.subarray(at, at + size), { binary, fin: at + size > bytes.length }, () => {});
    }
  }
}

/** @param {WebSocket} socket
 * @param {WsSender} sender
 * @param {Profile} profile
 * @param {Surroundings} surroundings */
async function talk(socket, sender, { messages, pauseMs, reader, random }, { stopping, pings }) {
  const isOver = () => stopping.aborted || socket.readyState !== WebSocket.OPEN;
  /** @type {(() => void) | undefined} */
  let goOn;
  socket.on("pong", () => {
    pings.answered += 1;
    goOn?.();
  });
  socket.on("close", () => goOn?.());
  for (let sent = 0; sent < messages && !isOver(); sent += 1) {
    sender.sendNext(random.pick([0, 0, 0, 1, 3]));
    if (random.chance(0.1)) {
      pings.sent += 1;
      const answered = new Promise((resolve) => {
        goOn = () => resolve(undefined);
      });
      socket.ping();
      if (random.chance(0.5)) await answered;
    }
    while (socket.bufferedAmount > MAX_WAITING_BYTES && !isOver()) await sleep(5);
    if (reader === "slow" && random.chance(0.1)) {
      socket.pause();
      await sleep(random.below(400));
      socket.resume();
    }
    await sleep(random.below(2 * pauseMs));
  }
}

/** @param {WebSocket} socket
 * @param {Profile} profile
 * @returns {boolean} whether it read no further */
function end(socket, { fate, random }) {
  if (socket.readyState !== WebSocket.OPEN) return false;
  switch (fate) {
    case "client-closes":
      socket.close(3_000 + random.below(1_000), "done ✓");
      return false;
    case "client-terminates":
      socket.terminate();
      return true;
    case "reset":
      socketBelow(socket).resetAndDestroy();
      return true;
    case "half":
      socketBelow(socket).end();
      return true;
    case "client-fails":
    case "abort":
      throw new Error(`${fate} is for clients of polysocket`);
    case "server-closes":
    case "server-terminates":
      return false;
  }
}

/** ws has no public way to break its own connection otherwise.
 * @param {WebSocket} socket
 * @returns {import("node:net").Socket} */
function socketBelow(socket) {
  return Reflect.get(socket, "_socket");
}
