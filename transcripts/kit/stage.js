/**
 * What a scenario plays on: the library under test, lanes to write its transcript on, servers and raw peers on 127.0.0.1,
 * and a list of what has to be cleared away. Lines of one lane keep their order; between two lanes, which stand for two ends
 * of a connection, no order is promised by anybody, so none is compared.
 */
import http from "node:http";
import https from "node:https";
import net from "node:net";
import tls from "node:tls";
import { certificate } from "../../conformance/http2/play/certificate.js";
import { format } from "./format.js";
import { acceptOf, requestText } from "./handshake.js";
import { RawPeer } from "./raw-peer.js";

/** @typedef {import("./handshake.js").Fields} Fields */
/** @typedef {import("./raw-peer.js").Say} Say */
/** @typedef {{ port: number, url: string, next: () => Promise<RawPeer> }} RawServer */
/** An object with Node's or a browser's way to listen.
 * @typedef {{ on: (event: string, listener: (...values: any[]) => void) => unknown }} Listenable */

export class Stage {
  /** @type {Map<string, string[]>} */
  #lanes = new Map();
  /** @type {(() => unknown)[]} */
  #cleanup = [];
  /** What varies from run to run, and how it is called in the transcript. @type {Map<string, string>} */
  #aliases = new Map();
  /** @type {Set<number>} */
  #ports = new Set();
  #isOver = false;
  /** A key and a self-signed certificate for localhost and 127.0.0.1: options of https servers; `ca` of clients. */
  tls = { key: certificate.key, cert: certificate.cert };

  /** @param {any} library the module under test */
  constructor(library) {
    this.library = library;
  }

  /** Write a line: the first value, when it is a string, as it is, the others formatted.
   * @param {...unknown} values */
  say = (...values) => this.#write("main", values);

  /** @param {string} name
   * @returns {Say} writes on that lane */
  lane(name) {
    if (!this.#lanes.has(name)) this.#lanes.set(name, []);
    return (...values) => this.#write(name, values);
  }

  /** Have `text` replaced wherever it occurs in the transcript.
   * @param {string} text
   * @param {string} placeholder */
  alias(text, placeholder) {
    this.#aliases.set(text, placeholder);
  }

  /** To be done when the scenario is over, last given first.
   * @param {() => unknown} action */
  after(action) {
    this.#cleanup.push(action);
  }

  /** The arguments of the next such event.
   * @param {Listenable} emitter
   * @param {string} event
   * @returns {Promise<any[]>} */
  once(emitter, event) {
    return new Promise((resolve) => {
      emitter.on(event, (...values) => resolve(values));
    });
  }

  /** Write a line for each of these events, with its arguments.
   * @param {Listenable} emitter
   * @param {Say} say
   * @param {...string} events */
  watch(emitter, say, ...events) {
    for (const event of events) emitter.on(event, (...values) => say(event, ...values));
  }

  /** Call `action` and write what it returns or throws.
   * @param {string} label
   * @param {() => unknown} action
   * @param {Say} [say] */
  attempt(label, action, say = this.say) {
    try {
      say(`${label} returns`, action());
    } catch (error) {
      say(`${label} throws`, error);
    }
  }

  /** Let so many turns of the event loop pass: only to see that nothing more happens.
   * @param {number} [count] */
  async turns(count = 5) {
    for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Listen on a free port; the server and all its sockets are gone after the scenario.
   * @param {net.Server} server
   * @returns {Promise<number>} the port */
  async listen(server) {
    await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
    return this.adopt(server);
  }

  /** The same for a server that listens already and has no connection yet.
   * @param {net.Server} server
   * @returns {number} the port */
  adopt(server) {
    /** @type {Set<net.Socket>} */
    const sockets = new Set();
    server.on("connection", (socket) => sockets.add(socket));
    this.after(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    this.#ports.add(address.port);
    return address.port;
  }

  /** An http server that listens; over TLS on demand.
   * @param {{ tls?: boolean, handler?: http.RequestListener }} [options]
   * @returns {Promise<{ server: http.Server, port: number, url: string }>} url: for WebSocket */
  async http({ tls: secure = false, handler = refuse } = {}) {
    const server = secure ? https.createServer(this.tls, handler) : http.createServer(handler);
    const port = await this.listen(server);
    return { server, port, url: `${secure ? "wss" : "ws"}://127.0.0.1:${port}/` };
  }

  /** A server whose connections the scenario answers byte for byte.
   * @param {{ tls?: boolean, lane?: string, tellFrames?: boolean }} [options]
   * @returns {Promise<RawServer>} */
  async rawServer({ tls: secure = false, lane = "raw server", tellFrames = true } = {}) {
    /** @type {RawPeer[]} */
    const peers = [];
    /** @type {((peer: RawPeer) => void)[]} */
    const asked = [];
    const meet = (/** @type {net.Socket} */ socket) => {
      const peer = new RawPeer(socket, { masks: false, say: this.lane(lane), tellFrames });
      const first = asked.shift();
      if (first === undefined) peers.push(peer);
      else first(peer);
    };
    const server = secure
      ? tls.createServer({ ...this.tls, allowHalfOpen: true }, meet)
      : net.createServer({ allowHalfOpen: true }, meet);
    const port = await this.listen(server);
    const met = async () => peers.shift() ?? new Promise((resolve) => asked.push(resolve));
    const next = async () => this.#hideKey(await met());
    return { port, url: `${secure ? "wss" : "ws"}://127.0.0.1:${port}/`, next };
  }

  /** A client that has written a handshake; see `requestText` for the fields it sends. With `request`, exactly that is written.
   * @param {{
   *   port: number, path?: string, fields?: Fields, tls?: boolean, lane?: string, tellFrames?: boolean,
   *   request?: string | Uint8Array, early?: Uint8Array
   * }} options early: bytes sent together with the handshake
   * @returns {Promise<RawPeer>} */
  async rawClient(options) {
    const { port, tls: secure = false, lane = "raw client", tellFrames = true } = options;
    const to = { port, host: "127.0.0.1", allowHalfOpen: true };
    const socket = secure ? tls.connect({ ...to, ca: this.tls.cert }) : net.connect(to);
    this.after(() => socket.destroy());
    const peer = new RawPeer(socket, { masks: true, say: this.lane(lane), tellFrames });
    await this.once(socket, secure ? "secureConnect" : "connect");
    const request = Buffer.from(/** @type {Uint8Array} */ (options.request ?? requestText(options)));
    peer.write(Buffer.concat([request, options.early ?? Buffer.alloc(0)]));
    return peer;
  }

  /** Clear everything away; nothing is written after that. */
  async end() {
    this.#isOver = true;
    for (const action of this.#cleanup.reverse()) await action();
    await this.turns();
  }

  /** @returns {string[]} the lines, lane after lane */
  transcript() {
    const lanes = [...this.#lanes].filter(([, lines]) => lines.length > 0).sort(([a], [b]) => (a < b ? -1 : 1));
    return lanes.flatMap(([lane, lines]) => lines.map((line) => `${lane}: ${this.#replaceAliases(line)}`));
  }

  /** @param {string} lane
   * @param {unknown[]} values */
  #write(lane, values) {
    if (this.#isOver) return;
    const [first, ...others] = values;
    const words = [typeof first === "string" ? first : format(first), ...others.map((value) => format(value))];
    const lines = this.#lanes.get(lane) ?? [];
    this.#lanes.set(lane, lines);
    lines.push(words.join(" "));
  }

  /** A client's key is random, and so is what depends on it.
   * @param {RawPeer} peer */
  async #hideKey(peer) {
    const key = (await peer.head()).map((line) => /^sec-websocket-key: (.*)$/i.exec(line)?.[1]).find((one) => one);
    if (key !== undefined) {
      this.alias(key, "<key>");
      this.alias(acceptOf(key), "<accept>");
    }
    return peer;
  }

  /** @param {string} line */
  #replaceAliases(line) {
    let text = line.replace(/\b(Date: )[^"\r\n]+ GMT/gi, "$1<date>");
    for (const port of this.#ports) text = text.replace(new RegExp(`\\b${port}\\b`, "g"), "<port>");
    for (const [secret, placeholder] of this.#aliases) text = text.replaceAll(secret, placeholder);
    return text;
  }
}

/** @type {http.RequestListener} */
function refuse(_request, response) {
  response.writeHead(404).end();
}
