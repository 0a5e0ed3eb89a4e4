/**
 * The peer of a case. In: where it is. Out: connections to it, WebSockets on them, and whether it still lives.
 * All that a case opens is closed when it is over.
 */
import * as net from "node:net";
import * as tls from "node:tls";
import { Http2Connection } from "../wire/http2-connection.js";
import { expect, Mismatch } from "../wire/mismatch.js";
import { requestFields } from "../wire/request.js";
import { Tunnel } from "../wire/tunnel.js";

/** @typedef {import("../wire/stream.js").Stream} Stream */
/** @typedef {import("../wire/request.js").RequestChange} RequestChange */
/** @typedef {"accepted" | "refused" | "reset" | "connection failed"} Outcome */

export class Peer {
  target;
  idleMs;
  #insecure;
  /** @type {Http2Connection[]} */
  #connections = [];
  /** @type {net.Socket[]} */
  #sockets = [];

  /** @param {import("./target.js").Target} target
   * @param {{ idleMs: number, insecure: boolean }} options */
  constructor(target, { idleMs, insecure }) {
    this.target = target;
    this.idleMs = idleMs;
    this.#insecure = insecure;
  }

  /** What the connections of this case have seen that no peer may do. */
  get violations() {
    return [...new Set(this.#connections.flatMap(({ violations }) => violations))];
  }

  /** A connection before its first octet.
   * @returns {Promise<{ socket: net.Socket, connection: Http2Connection }>} */
  async dialRaw() {
    const socket = await this.#connect();
    const connection = new Http2Connection(socket, this.idleMs);
    this.#connections.push(connection);
    return { socket, connection };
  }

  /** A connection with SETTINGS from both sides.
   * @param {import("../wire/http2-connection.js").Settings} [settings] */
  async dial(settings) {
    const { connection } = await this.dialRaw();
    connection.begin(settings);
    await connection.until("SETTINGS", () => connection.settingsFrames > 0 && connection.settingsAcks > 0);
    return connection;
  }

  /** Ask for a WebSocket.
   * @param {Http2Connection} connection
   * @param {RequestChange} [change] */
  ask(connection, change = {}) {
    return connection.request(requestFields(this.target.aim, change), change.form);
  }

  /** A WebSocket, on a connection of its own unless one is given.
   * @param {Http2Connection} [connection]
   * @param {RequestChange} [change] */
  async open(connection, change) {
    const on = connection ?? (await this.dial());
    const stream = this.ask(on, change);
    const outcome = await outcomeOf(on, stream);
    expect(outcome === "accepted", `${describeOutcome(on, stream)} instead of a WebSocket`);
    return new Tunnel(on, stream);
  }

  /** Fail where a new WebSocket cannot be had on a connection that nothing was wrong with.
   * @param {Http2Connection} connection */
  async expectServed(connection) {
    expect(!connection.closed && connection.goaway === undefined, connection.describe());
    await explained("on the same connection afterwards", async () => (await this.open(connection)).echo("still here"));
  }

  /** Fail where the peer serves nobody any more.
   * @param {Http2Connection} [connection] is served, too, unless the peer ends it, as it may after what was sent */
  async expectAlive(connection) {
    if (connection !== undefined && !connection.failed) {
      await this.expectServed(connection).catch((error) => {
        if (!connection.closed && connection.goaway === undefined) throw error;
      });
    }
    await explained("on a new connection afterwards", async () => (await this.open()).echo("alive"));
  }

  close() {
    for (const connection of this.#connections) connection.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** @returns {Promise<net.Socket>} */
  #connect() {
    const { host, port, tls: secure } = this.target;
    return new Promise((resolve, reject) => {
      const servername = net.isIP(host) === 0 ? { servername: host } : {};
      const options = { host, port, ALPNProtocols: ["h2"], rejectUnauthorized: !this.#insecure, ...servername };
      const socket = secure ? tls.connect(options) : net.connect({ host, port });
      this.#sockets.push(socket);
      const timer = setTimeout(() => socket.destroy(new Error("no answer to the dialing")), this.idleMs);
      socket.once("error", (error) => reject(new Mismatch(`cannot connect: ${error.message}`)));
      socket.once(secure ? "secureConnect" : "connect", () => {
        clearTimeout(timer);
        socket.setNoDelay(true);
        if (socket instanceof tls.TLSSocket && socket.alpnProtocol !== "h2") {
          reject(new Mismatch(`ALPN chose ${socket.alpnProtocol || "nothing"}, not h2`));
        } else resolve(socket);
      });
      socket.once("close", () => clearTimeout(timer));
    });
  }
}

/** Wait until it is known what becomes of a request.
 * @param {Http2Connection} connection
 * @param {Stream} stream
 * @returns {Promise<Outcome>} */
export async function outcomeOf(connection, stream) {
  await connection.until(
    "an answer",
    () => stream.fields !== undefined || stream.over || connection.failed || connection.closed,
  );
  if (stream.fields !== undefined) return stream.status >= 200 && stream.status < 300 ? "accepted" : "refused";
  return stream.reset !== undefined ? "reset" : "connection failed";
}

/** @param {Http2Connection} connection
 * @param {Stream} stream */
export function describeOutcome(connection, stream) {
  const connectionEnd = connection.failed ? `, ${connection.describe()}` : "";
  return stream.describe() + connectionEnd;
}

/** @param {string} where
 * @param {() => Promise<void>} action */
async function explained(where, action) {
  try {
    await action();
  } catch (error) {
    if (error instanceof Mismatch) throw new Mismatch(`${where}: ${error.message}`);
    throw error;
  }
}
