/**
 * The ways in which scenarios bring the library's server and a raw client together. The server's events go on the lane "server",
 * each client's frames on its own. IDs are random: in transcripts they are called by the order of their open events.
 */
import http2 from "node:http2";
import { PONG } from "../../kit/frames.js";

/** @typedef {import("../../kit/stage.js").Stage} Stage */
/** @typedef {import("../../kit/raw-peer.js").RawPeer} RawPeer */
/** @typedef {import("../../kit/raw-peer.js").Say} Say */
/** @typedef {import("../../kit/handshake.js").Fields} Fields */
/** What listens, with the library on it.
 * @typedef {{ ws: any, server: any, port: number, tls: boolean, origin: string, say: Say }} Place */
/** @typedef {"http" | "https" | "h2" | "h2c"} Kind */

export const COOKIE = "jadsonlucena-websocket";
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The library on a listening server, its events written.
 * @param {Stage} stage
 * @param {{ options?: object, kind?: Kind, watch?: readonly string[] }} [settings] watch: events besides open and close
 * @returns {Promise<Place>} */
export async function serve(stage, { options, kind = "http", watch = ["message"] } = {}) {
  const { server, port } = await listening(stage, kind);
  const ws = new stage.library(server, options);
  // The original's timer would keep the process alive
  stage.after(() => {
    ws.pingDelay = 0;
  });
  const say = stage.lane("server");
  nameIds(stage, ws);
  stage.watch(ws, say, "open", "close", ...watch);
  const tls = kind === "https" || kind === "h2";
  return { ws, server, port, tls, origin: `${tls ? "https" : "http"}://127.0.0.1:${port}`, say };
}

/** @param {Stage} stage
 * @param {Kind} kind
 * @returns {Promise<{ server: any, port: number }>} */
async function listening(stage, kind) {
  if (kind === "http" || kind === "https") return stage.http({ tls: kind === "https" });
  const server = kind === "h2" ? http2.createSecureServer({ ...stage.tls, allowHTTP1: true }) : http2.createServer();
  return { server, port: await stage.listen(server) };
}

/** @param {Stage} stage
 * @param {any} ws */
export function nameIds(stage, ws) {
  /** @type {Set<string>} */
  const met = new Set();
  ws.on("open", (/** @type {string} */ id) => {
    if (met.has(id)) return;
    met.add(id);
    stage.alias(id, `<id ${met.size}>`);
  });
}

/** A raw client whose handshake the library accepts.
 * @param {Stage} stage
 * @param {Place} place
 * @param {{
 *   path?: string, fields?: Fields, lane?: string, tellFrames?: boolean, early?: Uint8Array
 * }} [client]
 * @returns {Promise<{ id: string, peer: RawPeer, head: string[] }>} */
export async function join(stage, place, client = {}) {
  const opened = stage.once(place.ws, "open");
  const peer = await ask(stage, place, client);
  const head = await peer.head();
  const [id] = await opened;
  return { id, peer, head };
}

/** A raw client that has written its handshake.
 * @param {Stage} stage
 * @param {Place} place
 * @param {{
 *   path?: string, fields?: Fields, lane?: string, tellFrames?: boolean, early?: Uint8Array, request?: string
 * }} [client]
 * @returns {Promise<RawPeer>} */
export function ask(stage, { port, tls, origin }, { lane = "client", fields = {}, ...client } = {}) {
  return stage.rawClient({ port, tls, lane, fields: { Origin: origin, ...fields }, ...client });
}

/** A place and its first client.
 * @param {Stage} stage
 * @param {Parameters<typeof serve>[1]} [settings]
 * @param {Parameters<typeof join>[2]} [client]
 * @returns {Promise<Place & { id: string, peer: RawPeer, head: string[] }>} */
export async function serverEnd(stage, settings, client) {
  const place = await serve(stage, settings);
  return { ...place, ...(await join(stage, place, client)) };
}

/** A client without lines: how the original ends a connection on the wire is not worth a comparison.
 * @type {{ tellFrames: boolean }} */
export const UNHEARD = { tellFrames: false };

/** The value of a field of a head, and undefined without it.
 * @param {readonly string[]} head
 * @param {string} name
 * @returns {string | undefined} */
export function fieldOf(head, name) {
  const start = `${name.toLowerCase()}: `;
  return head.find((line) => line.toLowerCase().startsWith(start))?.slice(start.length);
}

/** The ID in an answer's Set-Cookie.
 * @param {readonly string[]} head
 * @returns {string} */
export function cookieId(head) {
  return /^jadsonlucena-websocket=([^;]*)/.exec(fieldOf(head, "set-cookie") ?? "")?.[1] ?? "<none>";
}

/** The next message of the library, whatever its path.
 * @param {Stage} stage
 * @param {Place} place
 * @param {string} [event]
 * @returns {Promise<any>} its data */
export async function message(stage, { ws }, event = "message") {
  const [, data] = await stage.once(ws, event);
  return data;
}

/** The same, for a number of messages.
 * @param {Place} place
 * @param {number} count
 * @param {string} [event]
 * @returns {Promise<void>} */
export function messages({ ws }, count, event = "message") {
  let left = count;
  return new Promise((resolve) => {
    ws.on(event, () => {
      left -= 1;
      if (left === 0) resolve();
    });
  });
}

/** A client leaves: it closes in order, and the library's event has come.
 * @param {Stage} stage
 * @param {Place} place
 * @param {RawPeer} peer
 * @returns {Promise<void>} */
export async function leave(stage, { ws }, peer) {
  const closed = stage.once(ws, "close");
  peer.sendClose(1000);
  await closed;
  await peer.over();
  peer.end();
}

/** Answers each ping of the library with its payload.
 * @param {RawPeer} peer
 * @param {number} count pings to wait for */
export async function answerPings(peer, count) {
  for (let left = count; left > 0; left -= 1) {
    const frame = await peer.frame();
    peer.send({ opcode: PONG, payload: frame?.payload ?? "" });
  }
}

/** A second client that never answers is pinged, with a longer timeout than what is shown: when its end is told, the timers of
 * the first one have run out.
 * @param {Stage} stage
 * @param {Place} place
 * @param {number} afterMs
 * @returns {Promise<void>} */
export async function waitForSilent(stage, place, afterMs) {
  const { id } = await join(stage, place, { lane: "silent client", ...UNHEARD });
  /** @type {Promise<void>} */
  const closed = new Promise((resolve) => {
    place.ws.on("close", (/** @type {string} */ one) => {
      if (one === id) resolve();
    });
  });
  place.ws.ping(id, afterMs);
  await closed;
}
