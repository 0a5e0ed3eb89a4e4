/** A peer that writes bytes: what no WebSocket library would do. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import * as net from "node:net";
import { type Frame, frameBytes } from "polysocket";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const MASKING_KEY = 0x01020304;

/** The fields of a handshake that every Application with the protocol `plain-1.0` takes. */
export const FIELDS: Readonly<Record<string, string>> = {
  Host: "localhost",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Protocol": "plain-1.0",
};

/** @param changes fields to set; undefined leaves one out */
export function request(
  changes: Readonly<Record<string, string | undefined>> = {},
  path = "/",
  method = "GET",
): string {
  const fields = Object.entries({ ...FIELDS, ...changes }).filter(([, value]) => value !== undefined);
  return `${method} ${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/** A frame with FIN and without mask, unless told otherwise. */
export function frame(opcode: number, payload: Uint8Array | string = "", given: Partial<Frame> = {}): Buffer {
  const basics = { fin: true, rsv1: false, rsv2: false, rsv3: false, maskingKey: undefined };
  return frameBytes({ ...basics, opcode, payload: Buffer.from(payload), ...given });
}

/** As a client has to send it. */
export function masked(opcode: number, payload: Uint8Array | string = "", given: Partial<Frame> = {}): Buffer {
  return frame(opcode, payload, { maskingKey: MASKING_KEY, ...given });
}

/** What a Close frame carries. */
export function closing(code: number, reason = ""): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
}

export interface SeenFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

export class RawPeer {
  readonly socket: net.Socket;
  #seen: Buffer = Buffer.alloc(0);

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.#seen = Buffer.concat([this.#seen, chunk]);
    });
  }

  static async dial(port: number, text: string | Buffer = ""): Promise<RawPeer> {
    const peer = new RawPeer(net.connect({ port, host: "127.0.0.1", allowHalfOpen: true }));
    await once(peer.socket, "connect");
    if (text.length > 0) peer.socket.write(text);
    return peer;
  }

  /** The status line and fields, up to the empty line. */
  async head(): Promise<string[]> {
    for (;;) {
      const end = this.#seen.indexOf("\r\n\r\n");
      if (end !== -1) {
        const lines = this.#seen.toString("latin1", 0, end).split("\r\n");
        this.#seen = this.#seen.subarray(end + 4);
        return lines;
      }
      await once(this.socket, "data");
    }
  }

  /** Answer a client's handshake.
   * @param subprotocol undefined to choose none */
  async answer(subprotocol: string | undefined, key?: string): Promise<string[]> {
    const lines = await this.head();
    const sent = lines.find((line) => line.startsWith("Sec-WebSocket-Key: "))?.slice(19);
    const accept = createHash("sha1")
      .update(`${key ?? sent}${GUID}`)
      .digest("base64");
    const choice = subprotocol === undefined ? "" : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`;
    this.socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${choice}\r\n`,
    );
    return lines;
  }

  /** The next frame, unmasked; of those that are shorter than 126 bytes. */
  async frame(): Promise<SeenFrame> {
    for (;;) {
      const [first = 0, second = 0] = this.#seen;
      const start = second >= 0x80 ? 6 : 2;
      const end = start + (second & 0x7f);
      if (this.#seen.length >= Math.max(start, end)) {
        const mask = this.#seen.subarray(start - 4, start);
        const payload = Buffer.from(this.#seen.subarray(start, end));
        if (start === 6) for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
        this.#seen = this.#seen.subarray(end);
        return { opcode: first & 15, payload };
      }
      await once(this.socket, "data");
    }
  }

  /** Until the other side has said that it is done.
   * @returns what is left of what it said */
  async over(): Promise<Buffer> {
    if (!this.socket.readableEnded && !this.socket.destroyed) await once(this.socket, "end");
    this.socket.end();
    return this.#seen;
  }
}
