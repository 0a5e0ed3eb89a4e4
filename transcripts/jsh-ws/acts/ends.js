/**
 * The ways in which scenarios bring two ends together: a WebSocketServer or a client of the face with a raw peer, with the `ws`
 * package, or with each other. Sockets of the face write on the lanes "server" and "client".
 */
import { WebSocket, WebSocketServer } from "ws";

/** @typedef {import("../../kit/stage.js").Stage} Stage */
/** @typedef {import("../../kit/raw-peer.js").RawPeer} RawPeer */
/** @typedef {import("../../kit/raw-peer.js").Say} Say */

/** What is promised of an Error whose text is free.
 * @param {unknown} error */
export function free(error) {
  return error instanceof Error ? { isError: true, hasText: error.message !== "" } : error;
}

/** What is promised of the argument of `close`: none, or an object with the field `error`, a text.
 * @param {any[]} values */
function endOf(values) {
  const [event, ...more] = values;
  if (values.length === 0) return [];
  const isEvent = typeof event?.error === "string" && Object.keys(event).join() === "error";
  return [isEvent ? "with an error text" : event, ...more];
}

/** Write what a socket tells, each event with its state.
 * @param {any} socket
 * @param {Say} say
 * @param {{ hide?: (error: unknown) => unknown }} [options] hide: what to write instead of an error */
export function watchSocket(socket, say, { hide = free } = {}) {
  socket.on("open", (/** @type {unknown[]} */ ...values) => say("open", ...values, socket.readyState));
  socket.on("message", (/** @type {any} */ event, /** @type {unknown[]} */ ...more) => {
    say("message", event.type, event.data, Object.keys(event).sort(), ...more);
  });
  socket.on("error", (/** @type {unknown[]} */ ...values) => say("error", ...values.map(hide), socket.readyState));
  socket.on("close", (/** @type {unknown[]} */ ...values) => say("close", ...endOf(values), socket.readyState));
}

/** A WebSocketServer on an http server that listens.
 * @param {Stage} stage
 * @param {object} [options]
 * @param {{ tls?: boolean, handler?: import("node:http").RequestListener }} [http]
 * @returns {Promise<{ wss: any, server: import("node:http").Server, port: number, url: string, say: Say }>} */
export async function serve(stage, options = {}, http = {}) {
  const { server, port, url } = await stage.http(http);
  const wss = new stage.library.WebSocketServer({ server, ...options });
  return { wss, server, port, url, say: stage.lane("server") };
}

/** A raw client of a WebSocketServer, connected.
 * @param {Stage} stage
 * @param {{ wss: any, port: number }} served
 * @param {object} [client] more for stage.rawClient
 * @returns {Promise<{ socket: any, request: any, peer: RawPeer }>} */
export async function join(stage, { wss, port }, client = {}) {
  const met = new Promise((resolve) => wss.once("connection", (/** @type {unknown[]} */ ...values) => resolve(values)));
  const peer = await stage.rawClient({ port, ...client });
  const [socket, request] = await met;
  await peer.head();
  return { socket, request, peer };
}

/** @typedef {{ watch?: boolean, hide?: (error: unknown) => unknown }} Watching */

/** A WebSocketServer's socket and its raw client.
 * @param {Stage} stage
 * @param {Watching & { options?: object, client?: object }} [settings]
 * @returns {Promise<{ wss: any, port: number, socket: any, peer: RawPeer, say: Say }>} */
export async function serverEnd(stage, { watch = true, hide = free, options, client } = {}) {
  const served = await serve(stage, options);
  if (watch) served.wss.once("connection", (/** @type {any} */ socket) => watchSocket(socket, served.say, { hide }));
  const joined = await join(stage, served, client);
  if (!watch) joined.socket.on("error", () => {});
  return { ...served, ...joined };
}

/** A client of the face that has asked a raw server, which has not answered.
 * @param {Stage} stage
 * @param {Watching & { protocols?: unknown, path?: string }} [settings]
 * @returns {Promise<{ socket: any, peer: RawPeer, say: Say }>} */
export async function dial(stage, { watch = true, hide = free, protocols, path = "" } = {}) {
  const raw = await stage.rawServer();
  const socket = new stage.library.WebSocket(raw.url + path, protocols);
  const say = stage.lane("client");
  if (watch) watchSocket(socket, say, { hide });
  else socket.on("error", () => {});
  return { socket, peer: await raw.next(), say };
}

/** A client of the face, connected to a raw server.
 * @param {Stage} stage
 * @param {Parameters<typeof dial>[1]} [settings]
 * @returns {Promise<{ socket: any, peer: RawPeer, say: Say }>} */
export async function clientEnd(stage, settings) {
  const dialled = await dial(stage, settings);
  const opened = stage.once(dialled.socket, "open");
  await dialled.peer.answer();
  await opened;
  return dialled;
}

/** The ends that a scenario can look at with a raw peer on the other side; what masked frames are called, what comes first. */
export const ENDS = [
  { side: "server", peer: "raw client", masked: "", end: serverEnd },
  { side: "client", peer: "raw server", masked: "masked ", end: clientEnd },
];

/** A WebSocketServer's socket and a client of the face.
 * @param {Stage} stage
 * @param {Watching & { options?: object }} [settings]
 * @returns {Promise<{ wss: any, atServer: any, atClient: any, url: string }>} */
export async function bothEnds(stage, { watch = true, hide = free, options } = {}) {
  const { wss, url, say } = await serve(stage, options);
  const met = stage.once(wss, "connection");
  if (watch) wss.once("connection", (/** @type {any} */ socket) => watchSocket(socket, say, { hide }));
  const atClient = new stage.library.WebSocket(url);
  const opened = stage.once(atClient, "open");
  if (watch) watchSocket(atClient, stage.lane("client"), { hide });
  const [atServer] = await met;
  await opened;
  return { wss, atServer, atClient, url };
}

/** A server of the `ws` package.
 * @param {Stage} stage
 * @param {import("ws").ServerOptions} [options]
 * @returns {Promise<{ url: string, server: import("ws").WebSocketServer }>} */
export async function wsServer(stage, options = {}) {
  const http = await stage.http();
  return { url: http.url, server: new WebSocketServer({ server: http.server, ...options }) };
}

/** A client of the `ws` package, open, which writes on the lane "ws".
 * @param {Stage} stage
 * @param {string} url
 * @param {string[]} [protocols]
 * @returns {Promise<import("ws").WebSocket>} */
export async function wsClient(stage, url, protocols = []) {
  const client = new WebSocket(url, protocols);
  stage.after(() => client.terminate());
  watchWs(client, stage.lane("ws"));
  await stage.once(client, "open");
  return client;
}

/** @param {import("ws").WebSocket} end of the `ws` package
 * @param {Say} say */
export function watchWs(end, say) {
  end.on("message", (data, isBinary) => say("message", isBinary ? data : data.toString(), isBinary));
  end.on("pong", (data) => say("pong", data));
  end.on("error", (error) => say("error", error));
  end.on("close", (code, reason) => say("close", code, reason.toString()));
}

/** The answer to a handshake that a raw client writes: its status, and the body of a refusal if there is one.
 * @param {Stage} stage
 * @param {object} client for stage.rawClient
 * @returns {Promise<{ status: string, body: string }>} */
export async function answerTo(stage, client) {
  const peer = await stage.rawClient({ tellFrames: false, .../** @type {{ port: number }} */ (client) });
  const [status = ""] = await peer.head();
  if (!status.startsWith("HTTP/1.1 101")) await peer.over();
  return { status: status.replace("HTTP/1.1 ", ""), body: peer.body };
}

/** The values of a field of the answer to a handshake.
 * @param {RawPeer} peer
 * @param {string} name
 * @returns {Promise<string[]>} */
export async function fieldOf(peer, name) {
  const lines = (await peer.head()).filter((line) => line.toLowerCase().startsWith(`${name}: `));
  return lines.map((line) => line.slice(name.length + 2));
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
