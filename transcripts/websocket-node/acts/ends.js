/**
 * The ways in which scenarios bring two ends together: the library's server or client with a raw peer, or both of the library.
 * The library's ends write their events on the lanes "server" and "client".
 */
/** @typedef {import("../../kit/stage.js").Stage} Stage */
/** @typedef {import("../../kit/raw-peer.js").Say} Say */

/** The values of some of an object's members.
 * @param {any} object
 * @param {...string} names
 * @returns {Record<string, unknown>} */
export function pick(object, ...names) {
  return Object.fromEntries(names.map((name) => [name, object[name]]));
}

/** Write what a connection tells.
 * @param {Stage} stage
 * @param {any} connection
 * @param {Say} say */
export function watchConnection(stage, connection, say) {
  stage.watch(connection, say, "message", "pong", "error", "close");
  connection.on("ping", (_cancel, payload) => say("ping", payload));
}

/** Let a raw peer close; what a valid Close frame is answered with is free by the contract.
 * @param {import("../../kit/raw-peer.js").RawPeer} peer
 * @param {[number?, string?]} close */
export function closeFrom(peer, ...close) {
  peer.answersFreely = true;
  peer.sendClose(...close);
}

/** The head of a refusal without the length of its empty body and without a date: to have them is free.
 * @param {string[]} head */
export function refusal(head) {
  return head.filter((line) => !/^(content-length: 0|date: .*)$/i.test(line));
}

/** A mounted server.
 * @param {Stage} stage
 * @param {object} [config]
 * @param {{ tls?: boolean, handler?: import("node:http").RequestListener }} [http]
 * @returns {Promise<{ ws: any, server: import("node:http").Server, port: number, url: string }>} */
export async function serve(stage, config = {}, http = {}) {
  const { server, port, url } = await stage.http(http);
  const ws = new stage.library.server({ httpServer: server, ...config });
  return { ws, server, port, url };
}

/** The library's server with a connection to a raw client.
 * @param {Stage} stage
 * @param {{ config?: object, client?: object, accept?: unknown[], watch?: boolean, tls?: boolean, tellFrames?: boolean }} [options]
 * @returns {Promise<{ ws: any, request: any, connection: any, peer: import("../../kit/raw-peer.js").RawPeer, say: Say, port: number }>} */
export async function serverEnd(stage, options = {}) {
  const { config = {}, client = {}, accept = [], watch = true, tls = false, tellFrames = true } = options;
  const { ws, port } = await serve(stage, config, { tls });
  const say = stage.lane("server");
  const asked = stage.once(ws, "request");
  const peer = await stage.rawClient({ port, tls, tellFrames, ...client });
  const [request] = await asked;
  const connection = request.accept(...accept);
  if (watch) watchConnection(stage, connection, say);
  await peer.head();
  return { ws, request, connection, peer, say, port };
}

/** The library's client with a connection to a raw server.
 * @param {Stage} stage
 * @param {{ config?: object, args?: unknown[], answer?: import("../../kit/handshake.js").Fields, early?: Uint8Array, watch?: boolean, tls?: boolean, tellFrames?: boolean }} [options]
 * args: those of connect after the url
 * @returns {Promise<{ client: any, connection: any, peer: import("../../kit/raw-peer.js").RawPeer, say: Say }>} */
export async function clientEnd(stage, options = {}) {
  const { config, args = [], answer = {}, early, watch = true, tls = false, tellFrames = true } = options;
  const raw = await stage.rawServer({ tls, tellFrames });
  const say = stage.lane("client");
  const client = new stage.library.client(tls ? { ...config, tlsOptions: { ca: stage.tls.cert } } : config);
  const connected = stage.once(client, "connect");
  if (watch) client.on("connect", (connection) => watchConnection(stage, connection, say));
  client.on("connectFailed", (error) => say("connectFailed", error));
  client.connect(raw.url, ...args);
  const peer = await raw.next();
  await peer.answer(answer, undefined, early);
  const [connection] = await connected;
  return { client, connection, peer, say };
}

/** Both ends are the library's.
 * @param {Stage} stage
 * @param {{ config?: object, clientConfig?: object, protocol?: string, args?: unknown[], tls?: boolean, watch?: boolean }} [options]
 * @returns {Promise<{ ws: any, client: any, atServer: any, atClient: any, sayServer: Say, sayClient: Say }>} */
export async function bothEnds(stage, options = {}) {
  const { config = {}, clientConfig, protocol, args = [protocol], tls = false, watch = true } = options;
  const { ws, url } = await serve(stage, config, { tls });
  const [sayServer, sayClient] = [stage.lane("server"), stage.lane("client")];
  const connectedHere = stage.once(ws, "connect");
  ws.on("request", (request) => request.accept(protocol, request.origin));
  const client = new stage.library.client(tls ? { ...clientConfig, tlsOptions: { ca: stage.tls.cert } } : clientConfig);
  const connectedThere = stage.once(client, "connect");
  client.connect(url, ...args);
  const [[atServer], [atClient]] = await Promise.all([connectedHere, connectedThere]);
  if (watch) {
    watchConnection(stage, atServer, sayServer);
    watchConnection(stage, atClient, sayClient);
  }
  return { ws, client, atServer, atClient, sayServer, sayClient };
}
