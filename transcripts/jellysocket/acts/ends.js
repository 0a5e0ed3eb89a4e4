/**
 * The ways in which scenarios bring two ends together: an Application or a client of the face with a raw peer, with the `ws`
 * package, or with each other. Sockets of the face write on the lanes "server" and "client".
 */
import { WebSocket, WebSocketServer } from "ws";

/** @typedef {import("../../kit/stage.js").Stage} Stage */
/** @typedef {import("../../kit/raw-peer.js").RawPeer} RawPeer */
/** @typedef {import("../../kit/raw-peer.js").Say} Say */

export const PROTOCOL = "proto-1";
/** What a raw client offers and a raw server answers. */
export const OFFER = { "Sec-WebSocket-Protocol": PROTOCOL };

/** What subclasses that are written with types see of their base.
 * @typedef {import("node:events").EventEmitter & {
 *   protocol: string, connected: boolean, bufferedAmount: number,
 *   _send: (data: Uint8Array) => Socket, disconnect: (error?: unknown) => Socket
 * }} Socket */

/** The class to extend.
 * @param {Stage} stage
 * @returns {new (...args: any[]) => Socket} */
export function baseOf(stage) {
  return stage.library;
}

/** A subclass that can be used.
 * @param {Stage} stage
 * @param {unknown} [protocol]
 * @returns {any} */
export function subclass(stage, protocol = PROTOCOL) {
  class Sub extends baseOf(stage) {}
  Object.assign(Sub.prototype, { protocol });
  return Sub;
}

/** An Error of which nobody promises more than that it has a text.
 * @param {unknown} error */
export function free(error) {
  return error instanceof Error ? { isError: true, hasText: error.message !== "" } : error;
}

/** Write what a socket tells. `connect` and `error` are among it wherever they must not come.
 * @param {any} socket
 * @param {Say} say
 * @param {{ hide?: (error: unknown) => unknown }} [options] hide: what to write instead of the argument of `disconnect` */
export function watchSocket(socket, say, { hide = (error) => error } = {}) {
  for (const event of ["connect", "_message", "error"]) {
    socket.on(event, (/** @type {unknown[]} */ ...values) => say(event, ...values));
  }
  socket.on("disconnect", (/** @type {unknown[]} */ ...values) => {
    say("disconnect", ...values.map(hide), ...(socket.connected ? ["while connected"] : []));
  });
}

/** An Application on an http server that listens.
 * @param {Stage} stage
 * @param {{ options?: object | undefined, Class?: any, tls?: boolean }} [settings]
 * @returns {Promise<{ app: any, server: import("node:http").Server, port: number, url: string, Class: any, say: Say }>} */
export async function serve(stage, { options, Class = subclass(stage), tls = false } = {}) {
  const { server, port, url } = await stage.http({ tls });
  const app = new stage.library.Application(server, Class, options);
  return { app, server, port, url, Class, say: stage.lane("server") };
}

/** A raw client of an Application, connected.
 * @param {Stage} stage
 * @param {{ app: any, port: number }} served
 * @param {object} [client] more for stage.rawClient
 * @returns {Promise<{ socket: any, peer: RawPeer }>} */
export async function join(stage, { app, port }, client = {}) {
  const met = new Promise((resolve) => app.once("connection", resolve));
  const peer = await stage.rawClient({ port, fields: OFFER, ...client });
  const socket = await met;
  await peer.head();
  return { socket, peer };
}

/** @typedef {{ watch?: boolean, hide?: (error: unknown) => unknown }} Watching */

/** An Application's socket and its raw client.
 * @param {Stage} stage
 * @param {Parameters<typeof serve>[1] & Watching & { client?: object }} [settings]
 * @returns {Promise<{ app: any, port: number, url: string, socket: any, peer: RawPeer, say: Say }>} */
export async function serverEnd(stage, { client, watch = true, hide = (error) => error, ...settings } = {}) {
  const served = await serve(stage, settings);
  if (watch) served.app.once("connection", (/** @type {any} */ socket) => watchSocket(socket, served.say, { hide }));
  return { ...served, ...(await join(stage, served, client)) };
}

/** A client of the face that has asked a raw server, which has not answered.
 * @param {Stage} stage
 * @param {Watching & { options?: object | undefined, tls?: boolean, path?: string }} [settings]
 * @returns {Promise<{ socket: any, peer: RawPeer, say: Say }>} */
export async function dial(stage, settings = {}) {
  const { watch = true, hide = (error) => error, options, tls = false, path = "" } = settings;
  const raw = await stage.rawServer({ tls });
  const Sub = subclass(stage);
  const socket = new Sub(raw.url + path, tls ? { ca: stage.tls.cert, ...options } : options);
  const say = stage.lane("client");
  if (watch) watchSocket(socket, say, { hide });
  return { socket, peer: await raw.next(), say };
}

/** A client of the face, connected to a raw server.
 * @param {Stage} stage
 * @param {Parameters<typeof dial>[1]} [settings]
 * @returns {Promise<{ socket: any, peer: RawPeer, say: Say }>} */
export async function clientEnd(stage, settings) {
  const dialled = await dial(stage, settings);
  const connected = stage.once(dialled.socket, "connect");
  await dialled.peer.answer(OFFER);
  await connected;
  return dialled;
}

/** The ends that a scenario can look at with a raw peer on the other side; their frames as the raw peer describes them. */
export const ENDS = [
  { side: "server", peer: "raw client", masked: "", end: serverEnd, first: [] },
  { side: "client", peer: "raw server", masked: "masked ", end: clientEnd, first: ["client: connect"] },
];

/** An Application's socket and a client of the face.
 * @param {Stage} stage
 * @param {Parameters<typeof serve>[1] & Watching} [settings]
 * @returns {Promise<{ app: any, atServer: any, atClient: any, url: string }>} */
export async function bothEnds(stage, { watch = true, hide = (error) => error, ...settings } = {}) {
  const { app, url, Class, say } = await serve(stage, settings);
  const met = new Promise((resolve) => app.once("connection", resolve));
  const atClient = new Class(url);
  const connected = stage.once(atClient, "connect");
  if (watch) {
    app.once("connection", (/** @type {any} */ socket) => watchSocket(socket, say, { hide }));
    watchSocket(atClient, stage.lane("client"), { hide });
  }
  const atServer = await met;
  await connected;
  return { app, atServer, atClient, url };
}

/** A server of the `ws` package that selects the subprotocol, unless `options` say otherwise.
 * @param {Stage} stage
 * @param {import("ws").ServerOptions} [options]
 * @returns {Promise<{ url: string, server: WebSocketServer }>} */
export async function wsServer(stage, options = {}) {
  const http = await stage.http();
  return { url: http.url, server: new WebSocketServer({ server: http.server, ...options }) };
}

/** A client of the `ws` package, which writes on the lane "ws".
 * @param {Stage} stage
 * @param {string} url
 * @returns {Promise<WebSocket>} open */
export async function wsClient(stage, url) {
  const client = new WebSocket(url, PROTOCOL);
  stage.after(() => client.terminate());
  watchWs(client, stage.lane("ws"));
  await stage.once(client, "open");
  return client;
}

/** @param {WebSocket} end of the `ws` package
 * @param {Say} say */
export function watchWs(end, say) {
  end.on("message", (data, isBinary) => say("message", data, isBinary));
  end.on("pong", (data) => say("pong", data));
  end.on("error", (error) => say("error", error));
  end.on("close", (code, reason) => say("close", code, reason.toString()));
}

/** What came back instead of 101: the status, and whether the response is whole.
 * @param {RawPeer} peer
 * @returns {Promise<string>} */
export async function refusalOf(peer) {
  const [status = "", ...fields] = await peer.head();
  await peer.over();
  const closes = fields.some((line) => /^connection: (.*, )?close(,|$)/i.test(line));
  const length = fields.map((line) => /^content-length: (\d+)$/i.exec(line)?.[1]).find((one) => one !== undefined);
  const isWhole = closes && Number(length) === peer.body.length;
  return `${status.replace("HTTP/1.1 ", "")}${isWhole ? "" : ", not a whole response"}`;
}

/** The answer to a handshake that a raw client writes: 101, or the refusal.
 * @param {Stage} stage
 * @param {object} client for stage.rawClient
 * @returns {Promise<string>} */
export async function answerTo(stage, client) {
  const peer = await stage.rawClient({ fields: OFFER, tellFrames: false, .../** @type {{ port: number }} */ (client) });
  const [status = ""] = await peer.head();
  return status.startsWith("HTTP/1.1 101") ? status.replace("HTTP/1.1 ", "") : refusalOf(peer);
}

/** The raw peer closes in its turn, and the connection is gone.
 * @param {Stage} stage
 * @param {RawPeer} peer */
export async function finish(stage, peer) {
  peer.sendClose(1000);
  if (!peer.masks) peer.end();
  await peer.over();
  peer.end();
  await stage.turns();
}

/** Catch what a listener of `upgrade` throws, which would end the process.
 * @param {import("node:http").Server} server
 * @param {(error: unknown) => void} tell */
export function catchThrown(server, tell) {
  const emit = /** @type {(name: string, ...args: unknown[]) => boolean} */ (server.emit.bind(server));
  server.emit = (/** @type {string} */ name, /** @type {unknown[]} */ ...args) => {
    try {
      return emit(name, ...args);
    } catch (error) {
      tell(error);
      return true;
    }
  };
}
