/**
 * A small echo server and a small echo client written without any of our code, and with one fault at choice: what the
 * replayer is tried on. Without a fault they pass the cases that its tests use; they are no complete endpoints.
 */
import { isUtf8 } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { connect, createServer } from "node:net";

/** @typedef {"none" | "does not check UTF-8" | "checks UTF-8 at the end" | "masks" | "does not mask" |
 *   "closes with 1008" | "leaves TCP open" | "ignores RSV bits" | "answers no ping" | "changes an octet" | "says binary" |
 *   "is silent" | "sends after Close" | "accepts wrongly" | "drops TCP" | "waits for the other Close" |
 *   "ends TCP with its Close" | "ends TCP without a Close" | "loses what comes with the response"} Fault not all are
 *   faults: dropping TCP and waiting for the other Close are ways of failing a connection that are allowed, and a server
 *   has to end TCP with its Close */
/** @typedef {{ first: number, opcode: number, payload: Buffer }} Frame */
/** @typedef {import("node:stream").Duplex} Socket */

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const SOCKET = { allowHalfOpen: true, noDelay: true };

/** @param {Fault} [fault]
 * @returns {Promise<{ url: URL, reads: number[], close: () => void }>} `reads`: octets in each read after the handshake */
export async function startFaultyPeer(fault = "none") {
  /** @type {number[]} */
  const reads = [];
  const server = createServer(SOCKET, (socket) => {
    socket.once("data", (request) => {
      const key = /sec-websocket-key: (\S+)/i.exec(request.toString("latin1"))?.[1] ?? "";
      const accept = createHash("sha1")
        .update(fault === "accepts wrongly" ? key : key + GUID)
        .digest("base64");
      const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
      socket.write([...head, `Sec-WebSocket-Accept: ${accept}`, "\r\n"].join("\r\n"));
      talk(socket, "server", fault, reads);
    });
    socket.on("error", () => {});
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { url: new URL(`ws://127.0.0.1:${address.port}/`), reads, close: () => server.close() };
}

/** What a client sends first, line by line.
 * @param {string} url */
export function requestLines(url) {
  const { host, pathname, search } = new URL(url);
  return [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    "Sec-WebSocket-Version: 13",
  ];
}

/** @param {string} url
 * @param {Fault} fault
 * @param {number[]} reads gets the octets that came with the response, if any, and of each read after it */
export function dialFaultyPeer(url, fault, reads) {
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port), ...SOCKET });
  socket.on("error", () => {});
  socket.write([...requestLines(url), "\r\n"].join("\r\n"));
  let received = Buffer.alloc(0);
  socket.on("data", function onData(chunk) {
    received = Buffer.concat([received, chunk]);
    const end = received.indexOf("\r\n\r\n");
    if (end < 0) return;
    socket.off("data", onData);
    const receive = talk(socket, "client", fault, reads);
    const head = received.subarray(end + 4);
    if (head.length > 0 && fault !== "loses what comes with the response") receive(head);
  });
}

/** What follows the opening handshake.
 * @param {Socket} socket
 * @param {"server" | "client"} role
 * @param {Fault} fault
 * @param {number[]} reads */
export function talk(socket, role, fault, reads) {
  const connection = new FaultyConnection(socket, role, fault);
  const receive = (/** @type {Buffer} */ chunk) => {
    reads.push(chunk.length);
    connection.receive(chunk);
  };
  socket.on("data", receive).on("end", () => {
    if (role === "server" || fault !== "leaves TCP open") socket.end();
  });
  return receive;
}

class FaultyConnection {
  #socket;
  #role;
  #fault;
  #received = Buffer.alloc(0);
  /** @type {Frame[]} */ #message = [];
  #closed = false;

  /** @param {Socket} socket
   * @param {"server" | "client"} role
   * @param {Fault} fault */
  constructor(socket, role, fault) {
    this.#socket = socket;
    this.#role = role;
    this.#fault = fault;
  }

  /** @param {Buffer} chunk */
  receive(chunk) {
    if (this.#fault === "is silent") return;
    this.#received = Buffer.concat([this.#received, chunk]);
    for (let frame = this.#read(); frame !== undefined; frame = this.#read()) {
      if (!this.#closed) this.#take(frame);
      else if (frame.opcode === 8 && this.#fault === "waits for the other Close") this.#socket.end();
    }
  }

  /** @returns {Frame | undefined} */
  #read() {
    const octets = this.#received;
    const [first = 0, second = 0] = octets;
    const lengthEnd = { 126: 4, 127: 10 }[second & 0x7f] ?? 2;
    const start = lengthEnd + (this.#role === "server" ? 4 : 0);
    if (octets.length < start) return undefined;
    const digits = lengthEnd === 2 ? [second & 0x7f] : [...octets.subarray(2, lengthEnd)];
    const length = digits.reduce((sum, digit) => sum * 256 + digit, 0);
    if (octets.length < start + length) return undefined;
    this.#received = octets.subarray(start + length);
    const key = octets.subarray(lengthEnd, start);
    const payload = octets.subarray(start, start + length).map((octet, i) => octet ^ (key[i & 3] ?? 0));
    return { first, opcode: first & 15, payload: Buffer.from(payload) };
  }

  /** @param {Frame} frame */
  #take(frame) {
    const { first, opcode, payload } = frame;
    if ((first & 0x70) !== 0 && this.#fault !== "ignores RSV bits") return this.#fail(1002);
    if (opcode === 8) return this.#close(payload);
    if (opcode === 9 && this.#fault !== "answers no ping") this.#send(0x8a, payload);
    if (opcode > 7) return;
    this.#message.push(frame);
    const whole = Buffer.concat(this.#message.map((one) => one.payload));
    const begun = this.#message[0]?.opcode ?? 0;
    const fin = first >= 0x80;
    const checks = this.#fault !== "does not check UTF-8" && (fin || this.#fault !== "checks UTF-8 at the end");
    // Good enough: the cases that are used have no character in two fragments
    if (begun === 1 && checks && !isUtf8(whole)) return this.#fail(1007);
    if (!fin) return;
    this.#message = [];
    if (this.#fault === "changes an octet") whole[whole.length - 1] = (whole.at(-1) ?? 0) ^ 1;
    this.#send(this.#fault === "says binary" ? 0x82 : 0x80 | begun, whole);
  }

  /** @param {number} code */
  #fail(code) {
    if (this.#fault === "drops TCP") this.#socket.destroy();
    else this.#close(Buffer.from([3, (this.#fault === "closes with 1008" ? 1008 : code) & 0xff]), true);
  }

  /** @param {Buffer} payload
   * @param {boolean} [first] whether the other end has sent no Close frame */
  #close(payload, first = false) {
    if (this.#fault !== "ends TCP without a Close") this.#send(0x88, payload);
    if (this.#fault === "sends after Close") this.#send(0x89, Buffer.alloc(0));
    this.#closed = true;
    const early = this.#fault === "ends TCP with its Close" || this.#fault === "ends TCP without a Close";
    const waits = this.#fault === "leaves TCP open" || (first && this.#fault === "waits for the other Close");
    if (early || (!waits && (first || this.#role === "server"))) this.#socket.end();
  }

  /** @param {number} first
   * @param {Buffer} payload */
  #send(first, payload) {
    const { length } = payload;
    const masks = this.#role === "server" ? this.#fault === "masks" : this.#fault !== "does not mask";
    const bit = masks ? 0x80 : 0;
    const size = length < 126 ? [length] : length < 65_536 ? [126, length >> 8, length & 255] : undefined;
    const [marker = 127, ...rest] = size ?? [127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255];
    // Masked with zeros: the payload stays as it is
    const header = Buffer.from([first, marker | bit, ...rest, ...(masks ? [0, 0, 0, 0] : [])]);
    if (this.#socket.writable) this.#socket.write(Buffer.concat([header, payload]));
  }
}
