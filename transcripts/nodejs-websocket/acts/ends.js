/**
 * The ways in which scenarios bring two ends together: the library's server or client with a raw peer, or both of the library.
 * The library's ends write their events on the lanes "server" and "client", each binary message on a lane of its own.
 */
/** @typedef {import("../../kit/stage.js").Stage} Stage */
/** @typedef {import("../../kit/raw-peer.js").RawPeer} RawPeer */
/** @typedef {import("../../kit/raw-peer.js").Say} Say */
/** @typedef {import("../../kit/handshake.js").Fields} Fields */

/** The values of some of an object's members.
 * @param {any} object
 * @param {...string} names
 * @returns {Record<string, unknown>} */
export function pick(object, ...names) {
  return Object.fromEntries(names.map((name) => [name, object[name]]));
}

/** All that a binary message brings.
 * @param {import("node:stream").Readable} stream
 * @returns {Promise<Buffer>} */
export function contentOf(stream) {
  return new Promise((resolve) => {
    /** @type {Buffer[]} */
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => resolve(Buffer.concat(chunks)));
  });
}

/** The content of the next binary message, complete.
 * @param {any} connection
 * @returns {Promise<Buffer>} */
export function nextBinary(connection) {
  return new Promise((resolve) => {
    connection.once("binary", (/** @type {import("node:stream").Readable} */ stream) => {
      contentOf(stream).then(resolve, () => {});
    });
  });
}

/** Write what a connection tells.
 * @param {Stage} stage
 * @param {any} connection
 * @param {string} lane */
export function watchConnection(stage, connection, lane) {
  const say = stage.lane(lane);
  let messages = 0;
  stage.watch(connection, say, "connect", "text", "pong", "error", "close");
  connection.on("binary", (/** @type {import("node:stream").Readable} */ stream) => {
    messages += 1;
    say("binary", stream);
    const sayMessage = stage.lane(`${lane}, binary ${messages}`);
    stream.on("error", (error) => sayMessage("error", error));
    contentOf(stream).then(
      (bytes) => sayMessage("ended with", bytes),
      () => {},
    );
  });
}

/** Have socket errors of a server's connections, which come when a scenario is cleared away, not end the process.
 * @param {any} server
 * @returns {any} the server */
export function calm(server) {
  return server.on("connection", (/** @type {any} */ connection) => connection.on("error", () => {}));
}

/** The library's server, listening.
 * @param {Stage} stage
 * @param {{ options?: object, tls?: boolean }} [settings]
 * @returns {Promise<{ server: any, port: number, url: string, say: Say }>} */
export async function serve(stage, { options = {}, tls = false } = {}) {
  const server = calm(stage.library.createServer(tls ? { secure: true, ...stage.tls, ...options } : options));
  const listening = stage.once(server, "listening");
  server.listen(0, "127.0.0.1");
  await listening;
  const port = stage.adopt(server.socket);
  return { server, port, url: `${tls ? "wss" : "ws"}://127.0.0.1:${port}/`, say: stage.lane("server") };
}

/** The library's server with a connection to a raw client.
 * @param {Stage} stage
 * @param {{ options?: object, client?: object, watch?: boolean, tls?: boolean }} [settings] client: more for stage.rawClient
 * @returns {Promise<{ server: any, connection: any, peer: RawPeer, say: Say, port: number }>} */
export async function serverEnd(stage, { options = {}, client = {}, watch = true, tls = false } = {}) {
  const { server, port, say } = await serve(stage, { options, tls });
  if (watch) {
    server.once("connection", (/** @type {unknown} */ connection) => watchConnection(stage, connection, "server"));
  }
  const met = stage.once(server, "connection");
  const peer = await stage.rawClient({ port, tls, ...client });
  const [connection] = await met;
  await peer.head();
  return { server, connection, peer, say, port };
}

/** The library's client, connecting to a raw server that has read its request.
 * @param {Stage} stage
 * @param {{ options?: object, path?: string, watch?: boolean, tls?: boolean }} [settings]
 * @returns {Promise<{ connection: any, peer: RawPeer, say: Say }>} */
export async function dial(stage, { options = {}, path = "", watch = true, tls = false } = {}) {
  const raw = await stage.rawServer({ tls });
  const say = stage.lane("client");
  const connection = stage.library.connect(raw.url + path, tls ? { ca: stage.tls.cert, ...options } : options);
  if (watch) watchConnection(stage, connection, "client");
  else connection.on("error", () => {});
  const peer = await raw.next();
  return { connection, peer, say };
}

/** The library's client with a connection to a raw server.
 * @param {Stage} stage
 * @param {{
 *   options?: object, path?: string, answer?: Fields, early?: Uint8Array, watch?: boolean, tls?: boolean
 * }} [settings] answer: more fields of the answer; early: bytes sent together with it
 * @returns {Promise<{ connection: any, peer: RawPeer, say: Say }>} */
export async function clientEnd(stage, { answer = {}, early, ...settings } = {}) {
  const { connection, peer, say } = await dial(stage, settings);
  const connected = stage.once(connection, "connect");
  await peer.answer(answer, undefined, early);
  await connected;
  return { connection, peer, say };
}

/** The two ends that a scenario can look at with a raw peer on the other side. */
export const ENDS = [
  { side: "server", end: serverEnd },
  { side: "client", end: clientEnd },
];

/** Both ends are the library's.
 * @param {Stage} stage
 * @param {{ options?: object, clientOptions?: object, path?: string, tls?: boolean, watch?: boolean }} [settings]
 * @returns {Promise<{ server: any, atServer: any, atClient: any, sayServer: Say, sayClient: Say, url: string }>} */
export async function bothEnds(stage, { options = {}, clientOptions = {}, path = "", tls = false, watch = true } = {}) {
  const { server, url, say } = await serve(stage, { options, tls });
  const met = stage.once(server, "connection");
  const given = tls ? { ca: stage.tls.cert, ...clientOptions } : clientOptions;
  const atClient = stage.library.connect(url + path, given);
  const connected = stage.once(atClient, "connect");
  if (watch) {
    server.once("connection", (/** @type {unknown} */ connection) => watchConnection(stage, connection, "server"));
    watchConnection(stage, atClient, "client");
  } else {
    atClient.on("error", () => {});
  }
  const [atServer] = await met;
  await connected;
  return { server, atServer, atClient, sayServer: say, sayClient: stage.lane("client"), url };
}

/** Have binary streams cut at so many bytes, until the scenario is over.
 * @param {Stage} stage
 * @param {number} bytes */
export function fragmentAt(stage, bytes) {
  stage.after(() => stage.library.setBinaryFragmentation(512 * 1024));
  stage.library.setBinaryFragmentation(bytes);
}

/** Have at most so many bytes buffered, until the scenario is over.
 * @param {Stage} stage
 * @param {number} bytes */
export function bufferAtMost(stage, bytes) {
  stage.after(() => stage.library.setMaxBufferLength(2 * 1024 * 1024));
  stage.library.setMaxBufferLength(bytes);
}

/** Leave a connection: the raw peer closes in order, and the connection's event has come.
 * @param {Stage} stage
 * @param {any} connection
 * @param {RawPeer} peer */
export async function leave(stage, connection, peer) {
  const closed = stage.once(connection, "close");
  peer.sendClose(1000);
  await closed;
  peer.end();
  await peer.over();
}
